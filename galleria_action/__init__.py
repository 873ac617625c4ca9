"""Galleria deploy: publish a photo gallery to an S3-compatible bucket, plan first."""

__version__ = "1.0.0"
