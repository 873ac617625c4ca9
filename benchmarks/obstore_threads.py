"""The floor: the same PUTs by obstore, Rust's object_store, and nothing else.

    python -I obstore_threads.py FOLDER ENDPOINT BUCKET THREADS

Uploads every file of FOLDER without looking at the bucket, at hashes or at what arrived.
"""

from __future__ import annotations

import mimetypes
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import obstore
from obstore.store import S3Store

folder, endpoint, bucket, threads = sys.argv[1:]
store = S3Store(
    bucket,
    endpoint=endpoint,
    region="us-east-1",
    access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
    secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
    client_options={"allow_http": True},
)


def upload(path: str) -> None:
    key = os.path.relpath(path, folder)
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    with open(path, "rb") as file:
        data = file.read()
    obstore.put(store, key, data, attributes={"Content-Type": kind}, use_multipart=False)


paths = [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names]
with ThreadPoolExecutor(int(threads)) as pool:
    for _ in pool.map(upload, paths):
        pass
