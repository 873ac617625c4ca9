"""boto3's way to a server, but for answers that never end: it would read them into memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from botocore import exceptions as boto
from botocore.awsrequest import AWSResponse
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError, ReadTimeoutError

from galleria_action.http1 import MOST_BODY


class _Body(NamedTuple):
    """A body that has been read, as botocore asks for it."""

    data: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.data


class BoundedSession:
    """A `botocore.httpsession.URLLib3Session` that reads :data:`MOST_BODY` bytes of an answer.

    Objects are no such answers: whoever asks for one reads it as far as they like.
    """

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, request: Any) -> Any:
        """The answer to a request; raises what botocore's own session raises."""
        if request.stream_output:
            return self._session.send(request)
        request.stream_output = True
        try:
            answer = self._session.send(request)
        finally:
            request.stream_output = False
        data = _read(answer.raw, request.url)
        return AWSResponse(answer.url, answer.status_code, answer.headers, _Body(data))

    def close(self) -> None:
        self._session.close()


def _read(raw: Any, url: str) -> bytes:
    try:
        data: bytes = raw.read(MOST_BODY + 1)
        if len(data) <= MOST_BODY:
            data += raw.read(1)  # nothing; raises if it was cut off
    except ReadTimeoutError as error:
        raise boto.ReadTimeoutError(endpoint_url=url, error=error) from error
    except HTTPError as error:
        raise boto.ConnectionClosedError(endpoint_url=url, error=error, request=None) from error
    if len(data) > MOST_BODY:
        raw.close()
        raise ResponseParserError("an answer that does not end")
    raw.release_conn()
    return data
