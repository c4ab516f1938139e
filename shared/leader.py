"""One process of a service leads at a time: who holds the advisory lock works a shift, the others wait for it; after a fault anew.

The lock lives on the connection that the shift works on. An epoch that each shift raises fences one that lost the lock without noticing;
that is the shift's own business.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from shared.db import Database, is_transient
from shared.errors import NeedsOperator

STANDBY = 0.5
"""Seconds between two looks for the lock."""
LONGEST = 1.0
"""Seconds between two attempts at most: a server that is back must not wait long for us, and an attempt costs one refused connection."""
IN_OFFICE = 10.0
"""After so many seconds of work a fault counts as the first one again."""


class Leader(Protocol):
    """Who leads or waits: its database, and how it stands, which readiness shows."""

    @property
    def database(self) -> Database: ...

    state: str


async def lead(
    who: Leader,
    try_lock: Callable[[Any], Awaitable[bool]],
    work: Callable[[Any], Awaitable[None]],
    *,
    passing: tuple[type[Exception], ...],
    told: Callable[[Exception], None],
) -> None:
    """Never returns by itself. Faults that pass (of the database, or `passing`) are `told` and a new shift begun, with longer and longer
    pauses; raises `NeedsOperator`, and what nobody foresaw."""
    loop, pause = asyncio.get_running_loop(), 0.2
    while True:
        started = loop.time()
        try:
            await _shift(who, try_lock, work)
        except NeedsOperator:
            who.state = "needs an operator"
            raise
        except Exception as fault:
            if not (isinstance(fault, passing) or is_transient(fault)):
                raise
            who.state = "retrying"
            told(fault)
        pause = 0.2 if loop.time() - started > IN_OFFICE else pause
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST)


async def _shift(
    who: Leader, try_lock: Callable[[Any], Awaitable[bool]], work: Callable[[Any], Awaitable[None]]
) -> None:
    connection = await who.database.dedicated()
    try:
        while not await try_lock(connection):
            who.state = "standby"
            await asyncio.sleep(STANDBY)
        await work(connection)
    finally:
        # closing also gives the lock back; terminate at once when the server is gone
        connection.terminate()
