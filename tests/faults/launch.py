"""`python -m tests.faults.launch SPEC SERVICE ROLE`: a service's process that dies at a named point, or whose clock or lock lies.

The product knows nothing of it: functions of the libraries that the services stand on are wrapped by name before the service starts.
SPEC is JSON: {"crash": point, "pass": n} ends the process at the n-th pass, {"clock": [seconds, …]} jumps from one offset to the next
every three seconds, {"lock": "ignored"} believes it holds every advisory lock, as a relay that lost it without noticing would.
"""

import importlib
import json
import os
import runpy
import sys
import time
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

CRASHED = 86
RELAY_SAVES = "update relay set"
POINTS: dict[str, tuple[str, bool]] = {
    # name: (function of a library, whether it has run when the process ends)
    "before commit": ("asyncpg.transaction:Transaction.commit", False),
    "after commit before reply": ("asyncpg.transaction:Transaction.commit", True),
    "before publish": ("aiokafka:AIOKafkaProducer.send_batch", False),
    "after handing over a batch": ("aiokafka:AIOKafkaProducer.send_batch", True),
    "after publish before save": ("asyncpg.connection:Connection.fetchval", False),
    "after inbox commit before offset commit": ("aiokafka:AIOKafkaConsumer.commit", False),
    "after offset commit": ("aiokafka:AIOKafkaConsumer.commit", True),
    "in the middle of migrate": ("asyncpg.connection:Connection.execute", True),
}


def crash_at(point: str, passes: int) -> None:
    """End the process without any goodbye at the n-th pass."""
    where, after = POINTS[point]
    module, _, path = where.partition(":")
    owner_name, _, name = path.partition(".")
    owner = getattr(importlib.import_module(module), owner_name)
    original: Callable[..., Any] = getattr(owner, name)
    left = passes

    async def wrapped(self: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal left
        counts = point != "after publish before save" or RELAY_SAVES in str(arguments[0])
        left -= counts
        if counts and left <= 0 and not after:
            os._exit(CRASHED)
        result = await original(self, *arguments, **named)
        if counts and left <= 0:
            os._exit(CRASHED)
        return result

    setattr(owner, name, wrapped)


def shift_clock(offsets: list[float]) -> None:
    """Jump between these offsets: the clocks that the services read, and `time.time`."""
    true_time, began = time.time, time.monotonic()

    def offset() -> float:
        return offsets[int((time.monotonic() - began) / 3) % len(offsets)]

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.fromtimestamp(true_time() + offset(), tz)

    for module in ("shared.worker", "shared.http.edge"):
        importlib.import_module(module).__dict__["datetime"] = Shifted
    time.time = lambda: true_time() + offset()


def ignore_lock() -> None:
    """Every advisory lock is answered "yours"."""
    connection = importlib.import_module("asyncpg.connection").Connection
    original: Callable[..., Any] = connection.fetchval

    async def fetchval(self: Any, query: str, *arguments: Any, **named: Any) -> Any:
        return True if "pg_try_advisory_lock(" in query else await original(self, query, *arguments, **named)

    connection.fetchval = fetchval


def main() -> None:
    """Wrap, then play the service's role."""
    spec, service, role = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
    if "crash" in spec:
        crash_at(spec["crash"], spec["pass"])
    if "clock" in spec:
        shift_clock(spec["clock"])
    if "lock" in spec:
        ignore_lock()
    sys.argv = [f"services.{service}", role, *sys.argv[4:]]
    runpy.run_module(f"services.{service}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
