"""The stores in memory behave as PostgreSQL does, or the simulation would prove nothing about the real thing."""

from tests.conftest import NewDatabase
from tests.simulation.alike import compare_inboxes, compare_outboxes


async def test_the_inbox_in_memory_answers_as_postgresql_does(new_database: NewDatabase) -> None:
    for seed in range(2):
        await compare_inboxes(await new_database("verification"), seed, 150)


async def test_the_outbox_in_memory_answers_as_postgresql_does(new_database: NewDatabase) -> None:
    for seed in range(2):
        await compare_outboxes(await new_database("intake"), seed, 250)
