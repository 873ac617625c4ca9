"""The gallery under ``public-url``, read as a visitor's browser does."""

from __future__ import annotations

from urllib.parse import quote

from galleria_action.verification import Found

SECONDS = 30.0


class PublicSite:
    """What visitors get below ``url``, the address of the bucket's root."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, key: str, most: int) -> Found:
        """The answer, whatever it is, with at most ``most`` bytes and one of its body."""
        from galleria_action import exchange

        try:
            answer = exchange.send(
                "GET",
                f"{self._url}/{quote(key)}",
                {"Accept": "*/*", "Accept-Encoding": "identity"},
                most=most + 1,
                seconds=SECONDS,
            )
        except OSError as error:
            return Found(0, str(error).encode())
        headers = answer.headers
        return Found(
            answer.status,
            answer.body,
            content_type=headers.get("content-type", ""),
            cache_control=headers.get("cache-control", ""),
            etag=headers.get("etag", "").removeprefix("W/").strip('"'),
            location=headers.get("location", ""),
        )
