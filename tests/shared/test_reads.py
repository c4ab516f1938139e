"""Readings of restricted data: with a purpose, on record, and an alert for what leaks come from; the scripted misuse test (G12)."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from shared.auth import Principal
from shared.db import Database
from shared.errors import Forbidden, Malformed, NotAllowed, NotFound
from shared.reads import MOST_AN_HOUR, MOST_SEARCHES, Finding, Kind, alerts, note, review
from tests.conftest import NewDatabase
from tests.support.postgres import Copy

NOON = datetime(2018, 6, 1, 4, tzinfo=UTC)
BEFORE = """
insert into audit_log (id, at, actor, roles, unit, action, subject, purpose, detail)
select gen_random_uuid(), $1::timestamptz + n * interval '1 minute', who, 'ana', 'SB', $3, gen_random_uuid()::text, 'handle', '{}'
from unnest($2::text[]) who, generate_series(1, $4) n
"""


def reader(name: str, purpose: str | None = "handle") -> Principal:
    return Principal(sub=name, roles=frozenset({"ana"}), unit="SB", purpose=purpose)


class Desk:
    """A service's database, and readings in it."""

    def __init__(self, copy: Copy) -> None:
        self.copy, self.database = copy, Database(copy.url)

    async def before(self, names: list[str], action: str, number: int) -> None:
        """What each of them did in the last minutes."""
        connection = await asyncpg.connect(self.copy.admin_url)
        await connection.execute(BEFORE, NOON - timedelta(minutes=50), names, action, number)
        await connection.close()

    async def found(self) -> list[tuple[str, str]]:
        async with self.database.transaction() as tx:
            return [(row["kind"], row["actor"]) for row in await alerts(tx, after=None, limit=10_000)]


@pytest_asyncio.fixture
async def desk(new_database: NewDatabase) -> AsyncIterator[Desk]:
    desk = Desk(await new_database("discipline"))
    yield desk
    await desk.database.close()


@pytest.mark.rule("G12")
async def test_of_a_hundred_misuses_of_each_kind_at_least_95_raise_an_alert(desk: Desk) -> None:
    names = {kind: [f"{kind}-{n}" for n in range(100)] for kind in Kind}
    await desk.before(names[Kind.MASS], "leg.read", MOST_AN_HOUR)
    await desk.before(names[Kind.SEARCHES], "leg.search", MOST_SEARCHES)
    draw = random.Random(20180918)
    async with desk.database.transaction() as tx:
        for kind, misusers in names.items():
            for name in misusers:
                night = NOON.replace(hour=draw.choice([14, 16, 19, 21])) + timedelta(days=draw.randrange(3))
                at = night if kind is Kind.OUT_OF_HOURS else NOON
                circle = [kind] if kind in (Kind.NEIGHBOUR, Kind.COLLEAGUE, Kind.RELATIVE) else []
                action = "leg.search" if kind is Kind.SEARCHES else "leg.read"
                await note(tx, reader(name), action, uuid4(), at=at, circle=circle)
    found = set(await desk.found())
    for kind, misusers in names.items():
        assert sum((kind.value, name) in found for name in misusers) >= 95, kind
    assert len(found) <= 6 * 100


@pytest.mark.rule("G12")
async def test_of_a_thousand_ordinary_readings_at_most_one_raises_an_alert(desk: Desk) -> None:
    draw, days = random.Random(20180918), [datetime(2018, 6, day, tzinfo=UTC) for day in (4, 5, 6, 7, 8)]
    async with desk.database.transaction() as tx:
        for number in range(1_000):
            # twenty people, ten readings a day each, some of them one after the other
            day = days[number // 20 % 5]
            at = day + timedelta(minutes=draw.choice([60, 61, 62, draw.randrange(30, 600)]), seconds=draw.randrange(60))
            action = draw.choice(["leg.read", "leg.read", "leg.read-history", "leg.search"])
            await note(tx, reader(f"staff-{number % 20}"), action, uuid4(), at=at)
    assert len(await desk.found()) <= 1


async def test_without_a_purpose_nothing_is_read(desk: Desk) -> None:
    async with desk.database.transaction() as tx:
        with pytest.raises(Malformed) as refused:
            await note(tx, reader("ana", purpose=None), "leg.read", uuid4(), at=NOON)
    assert refused.value.fields[0][0] == "Access-Purpose"


async def test_the_same_matter_is_asked_about_once_and_by_another_person(desk: Desk) -> None:
    leg = uuid4()
    async with desk.database.transaction() as tx:
        for _ in range(3):
            await note(tx, reader("aud"), "leg.read", leg, at=NOON, circle=[Kind.RELATIVE])
        [alert] = await alerts(tx, after=None, limit=10)
        with pytest.raises(Forbidden):
            await review(tx, alert["id"], Finding.JUSTIFIED, "本人的查阅", by=reader("aud"), at=NOON)
        with pytest.raises(NotFound):
            await review(tx, uuid4(), Finding.JUSTIFIED, "没有这一条", by=reader("dpo"), at=NOON)
        done = await review(tx, alert["id"], Finding.MISUSE, "无办理职责", by=reader("dpo"), at=NOON)
        assert (done["finding"], done["reviewed_by"]) == ("misuse", "dpo")
        with pytest.raises(NotAllowed):
            await review(tx, alert["id"], Finding.JUSTIFIED, "再次核实", by=reader("dpo"), at=NOON)
        assert await alerts(tx, open_only=True, after=None, limit=10) == []
