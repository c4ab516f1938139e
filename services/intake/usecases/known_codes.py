"""The code lists as a door that is in a hurry knows them: asked for twice a minute. A version is adopted a day before it begins at the
latest, so that every process knows it by then."""

import time

from services.intake.db import code_lists
from services.intake.domain.code_list import CodeBook
from shared.db import Database

SAME_BOOK = 30
"""Seconds."""


class KnownCodes:
    """Called, the book of all adopted versions."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._known: tuple[float, CodeBook] | None = None

    async def __call__(self) -> CodeBook:
        """The book, not older than `SAME_BOOK`."""
        if self._known is None or time.monotonic() - self._known[0] > SAME_BOOK:
            async with self.database.transaction() as tx:
                self._known = time.monotonic(), await code_lists.book(tx)
        return self._known[1]

    def forget(self) -> None:
        """Ask anew next time."""
        self._known = None
