"""A worker's tasks come back whatever ends them, except when they are asked to end."""

import asyncio
import time
from datetime import datetime

from shared.db import Database, Transaction
from shared.kafka import KafkaAddress
from shared.metrics import timer_last
from shared.worker import Timer, Worker
from tests.conftest import NewDatabase
from tests.support.running import until
from tests.support.signing import signer


async def test_a_timer_that_fails_keeps_no_other_from_its_turn_and_is_seen_as_late(new_database: NewDatabase) -> None:
    copy, ran = await new_database("publicity"), list[str]()

    async def fail(_: Transaction, __: datetime) -> None:
        ran.append("test.fails")
        raise ValueError

    async def work(_: Transaction, __: datetime) -> None:
        ran.append("test.works")

    worker = Worker(
        service="publicity",
        region="999999",
        database=Database(copy.url),
        address=KafkaAddress(servers="127.0.0.1:9"),
        handlers={},
        timers={"test.fails": Timer(every=1, run=fail), "test.works": Timer(every=1, run=work)},
        signer=signer("publicity"),
    )
    began = time.time()
    task = asyncio.create_task(worker._supervise("clock", worker._keep_time))

    async def twice() -> bool:
        return ran.count("test.works") == 2

    await until(twice, 20, "the other has no turn")
    assert ran == ["test.fails", "test.works", "test.works"]
    first, last = (timer_last.labels(name)._value.get() for name in ("test.fails", "test.works"))
    assert began <= first < last, "shown from the start, and stays behind"
    task.cancel()
    await asyncio.wait([task], timeout=5)
    await worker.database.close()


async def test_a_task_that_a_library_cancels_is_started_again(new_database: NewDatabase) -> None:
    copy = await new_database("publicity")
    worker = Worker(
        service="publicity",
        region="999999",
        database=Database(copy.url),
        address=KafkaAddress(servers="127.0.0.1:9"),
        handlers={},
        timers={},
        signer=signer("publicity"),
    )
    began = 0

    async def run() -> None:
        nonlocal began
        began += 1
        if began == 1:
            raise asyncio.CancelledError
        await asyncio.sleep(60)

    async def again() -> bool:
        return began == 2

    task = asyncio.create_task(worker._supervise("consume", run))
    await until(again, 10, "the task was not started again")
    assert worker.state["consume"] == "running"
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    await worker.database.close()
