"""The code lists as a door that is in a hurry knows them: asked for twice a minute. A version is adopted a day before it begins at the
latest, so that every process knows it by then."""

import asyncio
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
        self._asking = asyncio.Lock()

    async def __call__(self) -> CodeBook:
        """The book, not older than `SAME_BOOK`."""
        if (found := self._fresh()) is not None:
            return found
        async with self._asking:  # one asks for all who come meanwhile
            if (found := self._fresh()) is not None:
                return found
            async with self.database.transaction() as tx:
                found = await code_lists.book(tx)
            self._known = time.monotonic(), found
            return found

    def _fresh(self) -> CodeBook | None:
        return self._known[1] if self._known and time.monotonic() - self._known[0] <= SAME_BOOK else None

    def forget(self) -> None:
        """Ask anew next time."""
        self._known = None
