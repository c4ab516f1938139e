"""How long the search for repeats takes as the register grows: `python -m tests.load.repeats`. Printed, nothing is asserted; to fill
once and measure later, see `kept`.

Reports of the labelled set are copied to the wanted size by SQL: numbers, names and sums of a copy are its own, while places, acts, aliases
and wordings come again and again, as they would in one district. The search that is timed is the whole of it: marks, keys, SQL, scoring.
"""

import hashlib
import os
import random
import statistics
import time
from uuid import UUID

import asyncpg

from services.intake.db import leads
from services.intake.domain.repeat_keys import keys_of
from services.intake.usecases.find_repeats import candidates, marks
from shared.db import Database
from tests.intake.repeats.generator import Half, every_report
from tests.intake.repeats.heldout_words import HELD_OUT
from tests.load import kept
from tests.support.builders import lead
from tests.support.postgres import Server

PATTERNS, SEARCHES = 2_000, 400
SIZES = (20_000, 60_000) if os.environ.get("QUICK") else (250_000, 1_000_000)
SECRET = b"bench"
COMMON = {"alias": 40, "alias-core": 40, "text": 3, "place-act": 60, "place-month": 60, "place-surname": 60}
"""Kind of key → in how many ways it varies among the copies of a report; other kinds vary with every copy but a tenth."""

_LEADS = """
insert into leads (id, region_code, lead_no, source, received_on, street, summary, allegations, named, status, version, areas,
    manifestations, grounds, profile_version, created_at)
  select md5(p.n || '/' || c)::uuid, '999999', p.n || '/' || c, 'M', p.day, p.street, p.summary, '{}', false, 'received', 1, '{market}',
    '{}', '{}', 'district-default/1', p.day
  from pattern p, generate_series($1::int, $2::int - 1) c
"""
_REPEATS = """
insert into repeat_leads (lead_id, keys) select md5(p.n || '/' || c)::uuid, '{}' from pattern p, generate_series($1::int, $2::int - 1) c
"""
_KEYS = """
insert into repeat_keys (key, number)
  select distinct case when c % k.ways = 0 then k.key else hashint8extended(k.key, c % k.ways) end, r.number
  from pattern_key k cross join generate_series($1::int, $2::int - 1) c join repeat_leads r on r.lead_id = md5(k.n || '/' || c)::uuid
"""


async def fill(connection: asyncpg.Connection, before: int, size: int) -> None:
    """Copies of each report up to this size."""
    start, end = before // PATTERNS, size // PATTERNS
    if not start:
        await connection.execute("create table pattern (n int, day date, street text, summary text)")
        await connection.execute("create table pattern_key (n int, key bigint, ways int)")
        reports = list(every_report(Half(HELD_OUT, 7).pairs(PATTERNS // 2)))
        await connection.copy_records_to_table(
            "pattern", records=[(n, each.received_on, each.street, each.summary) for n, each in enumerate(reports)]
        )
        keys = [
            (n, key.value, COMMON.get(key.kind, 900))
            for n, each in enumerate(reports)
            for key in keys_of(
                marks(lead(summary=each.summary, street=each.street, received_on=each.received_on)), SECRET
            )
        ]
        await connection.copy_records_to_table("pattern_key", records=keys)
        print(f"{len(keys) / len(reports):.1f} keys a lead", flush=True)
    await connection.execute("alter table repeat_keys drop constraint pk_repeat_keys")
    for statement in (_LEADS, _REPEATS, "analyze repeat_leads", _KEYS):
        await connection.execute(statement, *((start, end) if "$1" in statement else ()))
    await connection.execute("alter table repeat_keys add constraint pk_repeat_keys primary key (key, number)")
    await connection.execute("vacuum analyze")
    await connection.execute("checkpoint")


async def timed(database: Database, copies: int, draw: random.Random) -> list[float]:
    """Milliseconds of each search, for leads of the whole register."""
    took = []
    for _ in range(SEARCHES):
        name = f"{draw.randrange(PATTERNS)}/{draw.randrange(copies)}"
        lead_id = UUID(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest())
        async with database.transaction() as tx:
            mine = await leads.get(tx, lead_id)
            began = time.perf_counter()
            await candidates(tx, [mine], secret=SECRET)
            took.append((time.perf_counter() - began) * 1_000)
    return took


async def measure(server: Server, name: str, size: int) -> None:
    """Search, print."""
    database, draw = Database(server.dsn(name, "intake")), random.Random(1)
    await timed(database, size // PATTERNS, draw)
    took = sorted(await timed(database, size // PATTERNS, draw))
    await database.close()
    figures = ", ".join(f"p{part} {took[len(took) * part // 100]:.1f} ms" for part in (50, 95, 99))
    print(f"{size:>10,} leads: {figures}, mean {statistics.mean(took):.1f} ms", flush=True)


if __name__ == "__main__":
    kept.main(fill, measure, SIZES)
