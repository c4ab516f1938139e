"""The platform with a collector of traces, for all flows that look at them: it is started again for it once."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.collector import Collector, collecting
from tests.support.running import Running


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def traced(running: Running) -> AsyncIterator[tuple[Running, Collector]]:
    """The platform started again with a collector named in its settings, gone afterwards."""
    children = [child for name, child in running.platform.children.items() if name != "gateway"]

    def start_again() -> None:
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop()
            child.start()
        running.platform.wait_ready(120)

    with collecting() as collector:
        for child in children:
            child.environment[f"{child.name.split()[0].upper()}_OTLP_ENDPOINT"] = collector.endpoint
        await asyncio.to_thread(start_again)
        yield running, collector
        for child in children:
            del child.environment[f"{child.name.split()[0].upper()}_OTLP_ENDPOINT"]
    # those that run go on: a collector that is gone must disturb nobody
