"""Doors whose work takes seconds, one at a time in a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import Busy

PATIENCE = 60
"""Seconds that a request waits for those before it."""


@asynccontextmanager
async def in_turn(turn: asyncio.Lock, told: str) -> AsyncIterator[None]:
    """Wait, and then alone. Raises `Busy` with these words when it takes too long."""
    try:
        async with asyncio.timeout(PATIENCE):
            await turn.acquire()
    except TimeoutError:
        raise Busy(told) from None
    try:
        yield
    finally:
        turn.release()
