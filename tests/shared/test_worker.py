"""A worker's tasks come back whatever ends them, except when they are asked to end."""

import asyncio

from shared.db import Database
from shared.kafka import KafkaAddress
from shared.worker import Worker
from tests.conftest import NewDatabase
from tests.support.running import until
from tests.support.signing import signer


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
