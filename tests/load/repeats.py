"""How long the search for repeats takes as the register grows: `python -m tests.load.repeats`. Printed, nothing is asserted.

`… fill FOLDER 1000000 10000000` fills a database of each size in one server (a fill that was ended goes on where it was), `… measure
FOLDER` measures them in turn; see `kept`. Some 3 GB a million leads; it stops when `SPARE` bytes of the disk are left.

Up to `TOLD` leads have a text of their own, told by the generator of the labelled set with the words of a large register (half of the pairs
are of the same matter), and the keys that the service makes of it. What is beyond are copies of them, scattered among them: a copy has the
text of one told lead and for each kind the keys of another, so that lists of keys grow as with leads that are told; of a kind that has ever
more values it has keys that no told lead has. Searches ask for told leads. What is timed is the whole of it: marks, keys, SQL, scoring.
"""

import asyncio
import hashlib
import os
import random
import shutil
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from uuid import UUID

import asyncpg

from deploy.local.places import dying_with_parent
from services.intake.db import leads
from services.intake.domain.lead import Lead
from services.intake.domain.repeat_keys import keys_of
from services.intake.usecases.find_repeats import candidates, marks
from shared.db import Database
from tests.intake.repeats.generator import Half, Report, every_report
from tests.load import kept
from tests.load.wide_words import WIDE
from tests.support.builders import lead
from tests.support.postgres import Server
from tests.support.subjects import SUBJECTS

QUICK = bool(os.environ.get("QUICK"))
CHUNK, PROCESSES, SPARE = 10_000, 2, 12 * 10**9
TOLD, SIZES = (20_000, (20_000, 60_000)) if QUICK else (1_000_000, (250_000, 1_000_000))
ROUNDS, SEARCHES = 3, 100 if QUICK else 1_000
LOOKED_AT = 150
"""Pairs of a chunk whose partners are looked for; not a multiple of the kinds of pairs, so that all kinds come."""
SECRET = b"bench"
_LEADS = (
    *("id", "region_code", "lead_no", "source", "received_on", "street", "summary", "allegations", "named", "status"),
    *("version", "areas", "manifestations", "grounds", "profile_version", "created_at"),
)
_BEFORE = (
    "create table if not exists filled (chunk int primary key)",
    "create table if not exists made (number int, keys bigint[], kinds text[])",
    """update pg_index set indisready = false, indisvalid = false
    where indrelid in ('leads'::regclass, 'repeat_leads'::regclass)""",
)
"""Indexes are not kept while rows come in and are made whole after, each as it is defined."""
_COPY = f"""
insert into leads ({", ".join(_LEADS)})
  select md5(l.lead_no || '/' || $1)::uuid, region_code, l.lead_no || '/' || $1, {", ".join(_LEADS[3:])}
  from leads l where l.lead_no !~ '/'
"""
_FIRSTS = """
select kind, count(*) as all, count(*) filter (where first <= $1::int / 2) as half
  from (select kind, min(number) as first from made, unnest(keys, kinds) k(key, kind) where key % 8 = 0 group by kind, key) f group by kind
"""
"""Of an eighth of the keys: how many there are of each kind, and how many of them in the first half."""
_REPEATS = """
insert into repeat_leads (number, lead_id, keys) overriding system value
  select (number - 1) * $1::bigint + c + 1, md5(number || case c when 0 then '' else '/' || c end)::uuid, keys
  from made cross join generate_series(0, $1::int - 1) c
"""
_KEYS = """
insert into repeat_keys (key, number)
  select case when c % ways = 0 then key else hashint8extended(key, c % ways) end, (number - 1 + c * shift) % $2::bigint * $1::int + c + 1
  from (
    select number, key, ways, abs(hashtext(kind))::bigint as shift
    from made, unnest(keys, kinds) k(key, kind) join unnest($3::text[], $4::int[]) w(kind, ways) using (kind) offset 0
  ) told cross join generate_series(0, $1::int - 1) c
"""
_AFTER = (
    "reindex table leads",
    "reindex table repeat_leads",
    "select setval(pg_get_serial_sequence('repeat_leads', 'number'), (select max(number) from repeat_leads))",
    "vacuum analyze leads, repeat_leads, repeat_keys",
    "checkpoint",
)
_READ = (
    "create extension if not exists pg_prewarm",
    "select pg_prewarm(unnest(array['pk_repeat_keys', 'repeat_leads', 'pk_repeat_leads', 'leads', 'pk_leads']::regclass[]), 'read')",
)


async def fill(connection: asyncpg.Connection, before: int, size: int) -> None:
    """Leads up to this size: told ones, then copies, then all that makes them found."""
    began, told_ones = time.monotonic(), min(size, TOLD)
    copies, odd = divmod(size, told_ones)
    if odd or told_ones % CHUNK:
        raise SystemExit(f"sizes are multiples of {CHUNK:,}, beyond {TOLD:,} of that")

    async def run(statement: str, *arguments: object) -> None:
        free = shutil.disk_usage(await connection.fetchval("show data_directory")).free
        title = " ".join(statement.split())[:60]
        print(f"{time.monotonic() - began:>6.0f} s, {free >> 30} GB free: {title}", flush=True)
        if free < SPARE:
            raise SystemExit("stopped: the disk is full")
        await connection.execute(statement, *arguments)

    for statement in _BEFORE:
        await run(statement)
    done = {row["chunk"] for row in await connection.fetch("select chunk from filled")}
    await _tell(connection, [chunk for chunk in range(told_ones // CHUNK) if chunk not in done])
    for number in range(1, copies):
        if -number not in done:
            async with connection.transaction():
                await run(_COPY, str(number))
                await run("insert into filled values ($1)", -number)
    ways = {row["kind"]: _ways(row["half"] / row["all"], copies) for row in await connection.fetch(_FIRSTS, told_ones)}
    print(", ".join(f"{kind} {count}" for kind, count in sorted(ways.items())), flush=True)
    async with connection.transaction():
        await run("alter table repeat_keys drop constraint pk_repeat_keys")
        await run("truncate repeat_keys, repeat_leads")
        await run(_BEFORE[-1])
        await run(_REPEATS, copies)
        await run(_KEYS, copies, told_ones, list(ways), list(ways.values()))
        await run("alter table repeat_keys add constraint pk_repeat_keys primary key (key, number)")
    for statement in _AFTER:
        await run(statement)


async def _tell(connection: asyncpg.Connection, todo: list[int]) -> None:
    """Chunks are told in processes of their own."""
    loop, running = asyncio.get_running_loop(), deque[asyncio.Future[tuple[bytes, bytes]]]()
    ahead, began = iter(todo), time.monotonic()
    with ProcessPoolExecutor(PROCESSES, get_context("fork"), dying_with_parent(signal.SIGKILL)) as pool:
        for count, chunk in enumerate(todo, start=1):
            while len(running) < 2 * PROCESSES and (following := next(ahead, None)) is not None:
                running.append(loop.run_in_executor(pool, told, following))
            register, made = await running.popleft()
            async with connection.transaction():
                await connection.copy_to_table("leads", source=BytesIO(register), columns=_LEADS)
                await connection.copy_to_table("made", source=BytesIO(made))
                await connection.execute("insert into filled values ($1)", chunk)
            if not count % 10:
                print(f"{count}/{len(todo)} chunks told in {time.monotonic() - began:.0f} s", flush=True)


def told(chunk: int) -> tuple[bytes, bytes]:
    """A chunk's rows of `leads` and of `made`, as COPY reads them. The same of the same chunk, always."""
    register, made = [], []
    for number, report in enumerate(every_report(Half(WIDE, chunk).pairs(CHUNK // 2)), start=chunk * CHUNK + 1):
        register.append(_row(number, report))
        keys = {key.value: key.kind for key in keys_of(marks(_lead(report)), SECRET)}
        made.append(f"{number}\t{{{','.join(map(str, keys))}}}\t{{{','.join(keys.values())}}}\n")
    return "".join(register).encode(), "".join(made).encode()


def _lead(report: Report) -> Lead:
    return lead(
        summary=report.summary,
        street=report.street,
        received_on=report.received_on,
        manifestations=report.manifestations,
    )


def _row(number: int, report: Report) -> str:
    day, acts = str(report.received_on), f"{{{','.join(report.manifestations)}}}"
    row = (str(id_of(number)), "999999", str(number), "M", day, report.street or r"\N", report.summary, "{}", "f")
    return "\t".join((*row, "received", "1", "{market}", acts, "{}", "district-default/1", day)) + "\n"


def id_of(number: int) -> UUID:
    """A told lead's id: in no order, as the service's own."""
    return UUID(hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest())


def _ways(half: float, copies: int) -> int:
    """In how many ways a key of a kind varies among the copies of a lead. `half`: the share of the kind's values that half of the told
    leads have; one has all there are, a half as many as leads have them. Between, values are taken to run out exponentially."""
    left = min(max(1 / half - 1, 0.0), 0.999)
    return round((1 - left ** (2 * copies)) / (1 - left**2)) or 1


async def timed(database: Database, size: int, draw: random.Random) -> list[float]:
    """Milliseconds of each search, for leads from anywhere in the register; the quickest first."""
    took = []
    for _ in range(SEARCHES):
        async with database.transaction() as tx:
            mine = await leads.get(tx, id_of(draw.randint(1, min(size, TOLD))))
            began = time.perf_counter()
            await candidates(tx, [mine], secret=SECRET, subjects=SUBJECTS)
            took.append((time.perf_counter() - began) * 1_000)
    return sorted(took)


async def found(database: Database, chunks: Sequence[int]) -> str:
    """Of the leads of these chunks, some of each: how many with a partner of the same matter find it among all that the register holds, how
    many with another partner find that, and how much is suggested in all. A lead of a copied register has copies; each counts."""
    partners = same = wrong = others = suggested = 0
    for chunk in chunks:
        pairs = Half(WIDE, chunk).pairs(CHUNK // 2)
        for place in range(0, len(pairs), len(pairs) // LOOKED_AT):
            one, other = (id_of(chunk * CHUNK + 2 * place + which) for which in (1, 2))
            async with database.transaction() as tx:
                mine = await leads.get(tx, one)
                [likely] = (await candidates(tx, [mine], secret=SECRET, subjects=SUBJECTS)).values()
            hit = other in {each for each, _ in likely}
            suggested += len(likely)
            if pairs[place].same:
                partners, same = partners + 1, same + hit
            else:
                others, wrong = others + 1, wrong + hit
    return f"{same} of {partners} partners found, {wrong} of {others} that are none; {suggested} suggested in all"


async def measure(server: Server, registers: Mapping[int, str]) -> None:
    """Search in each in turn, print. The first round finds the server just started and of its files what the system happens to keep;
    before the others what searches read is read once, as where memory holds it."""
    draw = random.Random(1)
    for size, name in registers.items():
        sizes = (
            "pg_size_pretty(pg_database_size(current_database())), pg_size_pretty(pg_relation_size('pk_repeat_keys'))"
        )
        whole, index = (await server.run_async(f"select {sizes}", database=name))[0]
        print(f"{size:>10,} leads: {whole}, the keys' index {index}", flush=True)
    for size, name in registers.items():
        database = Database(server.dsn(name, "intake"))
        chunks = range(0, min(size, TOLD) // CHUNK, max(1, min(size, TOLD) // CHUNK // 3))
        print(f"{size:>10,} leads: {await found(database, chunks)}", flush=True)
        await database.close()
    for turn in range(ROUNDS):
        for size, name in registers.items():
            if turn == 1:
                await server.run_async(*_READ, database=name)
            database = Database(server.dsn(name, "intake"))
            took = await timed(database, size, draw)
            await database.close()
            figures = ", ".join(f"p{part} {took[len(took) * part // 100]:.1f} ms" for part in (50, 95, 99))
            print(f"round {turn + 1}, {size:>10,} leads: {figures}, mean {sum(took) / len(took):.1f} ms", flush=True)


if __name__ == "__main__":
    kept.main(fill, measure, SIZES)
