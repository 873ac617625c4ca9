"""When a listing that comes page by page has lost its way: a store could let it go on for ever."""

from __future__ import annotations

from galleria_action.errors import FailureReason, StoreError

MOST_PAGES = 50_000
"""Of 1,000 keys each; no gallery, and hardly a folder beside one, has so many."""
MOST_EMPTY = 1_000
"""In a row: some stores answer so where much was deleted."""


class Paging:
    """The pages of one listing."""

    def __init__(self) -> None:
        self._tokens: set[str] = set()
        self._empty = 0

    def goes_on(self, token: str, objects: int) -> bool:
        """Whether there is another page after one with so many ``objects``: its ``token``.

        Raises :class:`StoreError` if the listing would not end.
        """
        if not token:
            return False
        self._empty = 0 if objects else self._empty + 1
        if token in self._tokens or len(self._tokens) >= MOST_PAGES or self._empty > MOST_EMPTY:
            raise StoreError(
                FailureReason.NETWORK,
                "Error: Could not list the bucket: the service's listing does not end",
                advice="It repeats itself, or it has millions of pages. Check s3-endpoint, and "
                "whether another program can list this bucket.",
            )
        self._tokens.add(token)
        return True
