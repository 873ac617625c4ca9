"""The same PUTs by the deployment's own engine, and nothing else.

    python -I engine_alone.py FOLDER ENDPOINT BUCKET CONNECTIONS

Uploads every file of FOLDER without looking at the bucket or at hashes of files; as always, what
arrived is proven by its MD5.
"""

from __future__ import annotations

import mimetypes
import os
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from galleria_action import aws, transfer
from galleria_action.bucket import Bucket
from galleria_action.headers import Headers

folder, endpoint, name, connections = sys.argv[1:]
bucket = Bucket(
    name,
    endpoint,
    access_key=os.environ["AWS_ACCESS_KEY_ID"],
    secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
)
store = aws.store(bucket, int(connections), threading.Event())
paths = [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names]
with ThreadPoolExecutor(1) as pool, store.uplink(pool) as uplink:
    assert uplink

    def start(path: str) -> Future[str]:
        key = os.path.relpath(path, folder)
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        with open(path, "rb", buffering=0) as file:
            return uplink.put(key, file.read(), Headers(kind, "no-cache"))

    transfer.run(
        start,
        paths,
        int(connections),
        done=lambda *_: None,
        tick=lambda: None,
        pump=uplink,
    )
