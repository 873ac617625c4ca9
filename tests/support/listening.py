"""HTTP servers of tests, each with a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer


@contextmanager
def serving(listener: HTTPServer) -> Iterator[None]:
    """Its requests are answered until the end of the block; then it is closed."""
    thread = threading.Thread(target=listener.serve_forever, args=[0.02])
    thread.start()
    try:
        yield
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
