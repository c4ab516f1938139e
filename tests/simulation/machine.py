"""A clock that never waits, and processes that can be killed and frozen wherever they await something."""

import asyncio
import hashlib
import random
from collections.abc import Coroutine
from typing import Any


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop without sockets whose time leaps to the next timer: a simulated minute costs what its steps cost."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._clock_resolution = 1e-9
        self._selector = self
        self.set_exception_handler(lambda *_: None)  # a killed process leaves futures behind that nobody reads

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        self._now += max(timeout, 0)
        return []

    def _process_events(self, _: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


class Chance(random.Random):
    """Seeded; all that is left to chance in a run comes from here."""

    def happens(self, probability: float) -> bool:
        return self.random() < probability


class Journal:
    """What happened, in order: equal for equal seeds."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.violations: list[str] = []

    def note(self, what: str) -> None:
        self.lines.append(f"{asyncio.get_running_loop().time():9.3f} {what}")

    def violated(self, what: str) -> None:
        self.note(f"VIOLATED {what}")
        self.violations.append(what)

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


class Process:
    """What dies and freezes as one. Every call that leaves it goes through `reach`."""

    def __init__(self, name: str, chance: Chance) -> None:
        self.name, self.chance = name, chance
        self.alive = True
        self.awake = asyncio.Event()
        self.awake.set()
        self.clients: list[Any] = []
        self.task: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        self.task = asyncio.get_running_loop().create_task(work)

    def kill(self) -> None:
        """Nothing that the process still does on its way out has any effect."""
        self.alive = False
        self.awake.set()
        if self.task:
            self.task.cancel()

    async def reach(self, longest: float = 0.02) -> None:
        """The time that a message takes, often none worth speaking of. Raises when the process is no more."""
        if (part := self.chance.random() * 2 - 1) > 0:
            await asyncio.sleep(part * longest)
        if not self.awake.is_set():
            await self.awake.wait()
        if not self.alive:
            raise ConnectionError("the process is dead")
