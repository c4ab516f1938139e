"""How far an import is, told while it runs: rows read, bad, taken. The import is one transaction and shows nothing before its end."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from services.intake.db import ledger_progress
from shared.db import Database, is_transient

EVERY = 1.0
"""Seconds between two tellings at least."""


class Progress:
    """One import's, as seen from outside."""

    def __init__(self, database: Database, content: bytes) -> None:
        self._database, self._id = database, uuid4()
        self._sha256 = hashlib.sha256(content).hexdigest()
        self._next = 0.0
        self._read = self._bad = self._refused = self._taken = 0
        self._last: tuple[Any, Any] = (None, None)

    async def heard(self, outcomes: Sequence[Sequence[Any]]) -> None:
        """The reader of the file said so much more: good rows, and cells of bad ones (`api/reading.py`)."""
        for values in outcomes:
            bad = len(values) == 4
            if (values[0], bad) != self._last:  # a bad row says each of its cells
                self._last = (values[0], bad)
                self._read += 1
                self._bad += bad
        await self._tell()

    async def registered(self, taken: int, *, refused: int) -> None:
        """So many rows are taken in all, and so many of the good ones were refused for what the register or the file has already."""
        self._taken, self._refused = taken, refused
        await self._tell()

    async def _tell(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._next:
            return
        self._next = now + EVERY
        bad = self._bad + self._refused
        try:
            await ledger_progress.tell(
                self._database, self._id, self._sha256, read=self._read, bad=bad, taken=self._taken
            )
        except Exception as fault:
            if not is_transient(fault):  # an import does not fail for what it tells beside itself
                raise

    async def end(self) -> None:
        """It is over, however it ended."""
        try:
            await ledger_progress.end(self._database, self._id)
        except Exception as fault:
            if not is_transient(fault):
                raise


@asynccontextmanager
async def progress_of(database: Database, content: bytes) -> AsyncIterator[Progress]:
    """Shown from now on until it is left."""
    progress = Progress(database, content)
    try:
        await progress.heard(())
        yield progress
    finally:
        await progress.end()
