"""What people write by themselves: boto3, threads, MD5 against the listed ETag.

    python -I boto3_threads.py FOLDER ENDPOINT BUCKET THREADS

Uploads each file of FOLDER that the bucket does not have in the same bytes. Keys from the
environment, as usual for AWS.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

folder, endpoint, bucket, threads = sys.argv[1:]
client: Any = boto3.client(
    "s3",
    endpoint_url=endpoint,
    region_name="us-east-1",
    config=Config(max_pool_connections=int(threads), s3={"addressing_style": "path"}),
)
pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
there = {
    each["Key"]: each["ETag"].strip('"') for page in pages for each in page.get("Contents", ())
}


def upload(path: str) -> None:
    key = os.path.relpath(path, folder)
    with open(path, "rb") as file:
        data = file.read()
    if there.get(key) != hashlib.md5(data).hexdigest():
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        client.put_object(Bucket=bucket, Key=key, Body=data, ContentType=kind)


paths = [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names]
with ThreadPoolExecutor(int(threads)) as pool:
    for _ in pool.map(upload, paths):
        pass
