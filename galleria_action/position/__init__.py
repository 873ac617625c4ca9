"""Where files keep the position they were taken at, and how each place loses it.

One module for each format and each kind of metadata block, all of them pure. A format yields pieces
of its file to replace; a block (Exif, XMP, Photoshop's resources) goes in and comes out with the
same length, so that nothing in a file ever moves, PNG apart, where nothing minds.
"""

from __future__ import annotations


class Undecidable(Exception):
    """A position can neither be removed nor ruled out; str() says why in a few words."""
