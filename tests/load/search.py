"""How long lists and searches take in a large register: `python -m tests.load.search`. Printed, nothing is asserted; to fill once and
measure later, see `kept`.

Reports of the labelled set are copied to the wanted size by SQL, half of a percent with a word of their own; most are concluded, some wait
and few are late, as in a register of some years. What is timed is what a caller waits for: the statement and its rows as leads.
"""

import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg

from services.intake.db.deadlines import running
from services.intake.db.found import leads_of
from services.intake.db.queries import list_leads
from services.intake.db.search import BLOCK
from services.intake.domain.codes import Area, Level, Source
from services.intake.domain.lead_states import Status
from services.intake.domain.search import TODO, Search
from services.intake.domain.search_terms import grams, term, words_of
from services.intake.usecases.stay_away import leads_to_avoid
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Database
from shared.deadlines import Colour
from tests.intake.repeats.generator import Half, every_report
from tests.intake.repeats.heldout_words import HELD_OUT
from tests.load import kept
from tests.support.builders import lead
from tests.support.postgres import Server

PATTERNS, ROUNDS, PAGE = 2_000, 40, 51
SIZE = 40_000 if os.environ.get("QUICK") else 1_000_000
NO_FILTER = {
    "status": None,
    "lead_no": None,
    "source": None,
    "source_l2": None,
    "upstream_no": None,
    "after": None,
    "limit": PAGE,
}
NO_LIMIT = {
    "colour": None,
    "kind": None,
    "unit": None,
    "due_by": None,
    "claimed": False,
    "after": None,
    "limit": PAGE,
}
NOW = datetime(2018, 9, 18, 4, tzinfo=UTC)
ASKER = Principal(sub="asker", roles=frozenset({"ofd"}), unit="SB")
_LEADS = """
insert into leads (id, region_code, lead_no, source, issuing_level, upstream_no, received_on, street, summary, allegations, named, status,
    version, areas, manifestations, tier, level, grounds, unit, assignment_no, sign_by, due_on, provisional, profile_version, created_at,
    source_l2)
  select md5(n || '/' || c)::uuid, '999999', n || '/' || c, source, case source when 'S' then 'city' end,
    case source when 'S' then n || '/' || c end, day, street, summary, '{}', false, status, 1 + (status <> 'received')::int,
    array[area], '{06}',
    case when status <> 'received' then 'evil' end, case when status <> 'received' then 'general' end,
    case when given and draw < 5 then '{umbrella}' else '{}' end::text[],
    case when given then unit end, case when given then 1 end, case when given then day end, case when given then day + 30 end,
    case when given then false end, 'district-default/1', day,
    case when source = 'S' then 'S-city' when source = 'M' and draw < 500 then 'M-letter' end
  from (
    select n, c, draw, street, summary || case when draw < 5 then '。暗号' || c || '号' else '' end as summary,
      date '2018-09-18' - (1000 * (copies - c) / copies)::int as day, status, status in ('assigned', 'verifying', 'concluded') as given,
      (array['M', 'M', 'A', 'S', 'O'])[1 + draw % 5] as source,
      (array['market', 'site', 'usury', 'vice', 'other'])[1 + draw / 7 % 5] as area,
      (array['GA', 'GA', 'ZF', 'JS', 'JD01'])[1 + draw / 3 % 5] as unit
    from (
      select p.*, c, $1::int as copies, (n * 7919 + c * 104729) % 1000 as draw, case
        when c > $1::int * 97 / 100 then
          (array['received', 'classified', 'assigned', 'verifying'])[1 + (n * 7919 + c * 104729) % 1000 % 4] else 'concluded' end as status
      from pattern p, generate_series(1, $1::int) c
    ) drawn
  ) told order by c, n
"""
_HISTORY = """
insert into lead_history (lead_id, version, action, status, actor, unit, effective_at, recorded_at)
  select id, 1, 'register', 'received', 'clerk-' || hashtext(lead_no) % 9, 'SB', created_at, created_at from leads
  union all select id, 2, 'classify', 'classified', 'analyst-' || hashtext(lead_no) % 4, 'SB', created_at, created_at from leads
  where tier is not null
"""
_LEGS = """
insert into dual_assignments (id, region_code, lead_id, crime, discipline, created_at, completed_at, version)
  select id, region_code, id, said, said, created_at, case said when 'ended' then created_at end, 1
  from leads, lateral (select case status when 'concluded' then 'ended' else 'created' end) s(said) where grounds <> '{}'
"""
_LIMITS = """
insert into deadlines (lead_id, kind, round, limit_id, profile_version, started_at, due_on, provisional, yellow_at, orange_at, due_at,
    calendar_no)
  select id, 'classify', 1, 'D02', profile_version, created_at, received_on + 30, false, received_on + 15, received_on + 25,
    received_on + 31, 0
  from leads where status <> 'concluded'
"""

# A tenth of the leads is stated to be about one of 300 people: whoever asks is one of them, and the lists leave out those leads
_CONCERNED = """
insert into lead_subjects (lead_id, version, subjects, reason, stated_by, stated_at)
  select id, 1, jsonb_build_array(jsonb_build_object('unit', 'GA', 'staff', 'GA-' || number / 10 % 300)), 'x', 'director', created_at
  from (select id, created_at, row_number() over (order by id) as number from leads) l where number % 10 = 0
"""
_ASKER = """
insert into directory_staff (staff, region_code, name, account, home_unit, from_on, version)
  select 'GA-7', region_code, '示例人', 'asker', code, date '2018-01-01', 1 from directory_units where code = 'GA'
"""


def _facets() -> str:
    """The facets of a row, as the service's own function makes them, by SQL: one CRC a different text."""
    said = {
        "'status=' || l.status": "true",
        "'open=True'": "l.status <> 'concluded'",
        "'source=' || l.source": "true",
        "'source_l2=' || l.source_l2": "l.source_l2 is not null",
        "'street=' || l.street": "l.street is not null",
        "'month=' || extract(year from l.received_on) || '-' || extract(month from l.received_on)": "true",
        "'tier=' || l.tier": "l.tier is not null",
        "'level=' || l.level": "l.level is not null",
        "'unit=' || l.unit": "l.unit is not null",
        "'leg=True'": "l.unit is not null and l.grounds <> '{}'",
        "'area=' || l.areas[1]": "true",
        "'manifestation=06'": "true",
    }
    return " union all ".join(f"select {text} where {holds}" for text, holds in said.items())


_INDEX = f"""
insert into lead_search (number, lead_id, words, grams, facets, people, received_on)
  select l.number, l.id, p.words || l.tail,
    array(select g | (l.number >> {BLOCK}) from unnest(p.grams || coalesce(t.grams, '{{{{}}}}')) g),
    array(select f.value | (l.number >> {BLOCK}) from ({{facets}}) said(text) join term f using (text)),
    array(select t.value | (l.number >> {BLOCK}) from lead_history h
      join term t on t.text = case h.version when 1 then 'started=' else 'handled=' end || h.actor where h.lead_id = l.id),
    l.received_on
  from (select *, row_number() over (order by created_at, id) as number, split_part(lead_no, '/', 1)::int as n,
      coalesce(substring(summary from '。暗号[0-9]+号$'), '') as tail from leads) l
  join pattern p using (n) left join tail t on t.text = l.tail
"""


async def fill(connection: asyncpg.Connection, before: int, size: int) -> None:
    """The whole register and its index."""
    if before:
        raise SystemExit("what is concluded depends on the size: fill another folder")
    await connection.execute(
        "create table pattern (n int, street text, summary text, words text, grams bigint[]);"
        " create table term (text text primary key, value bigint);"
        " create table tail (text text primary key, grams bigint[])"
    )
    records = []
    for n, each in enumerate(list(every_report(Half(HELD_OUT, 7).pairs(PATTERNS // 2)))[:PATTERNS]):
        words = words_of(lead(summary=each.summary))
        records.append((n, each.street, each.summary, words, grams(words)))
    copies = size // len(records)
    await connection.copy_records_to_table("pattern", records=records)
    tails = [f"。暗号{c}号" for c in range(copies + 1)]
    await connection.copy_records_to_table("tail", records=[(tail, grams(tail)) for tail in tails])
    await connection.execute(_LEADS, copies)
    for statement in (_HISTORY, _LEGS, _LIMITS, _CONCERNED, _ASKER):
        await connection.execute(statement)
    texts = await connection.fetch(
        f"select distinct f.text from leads l, lateral ({_facets()}) f(text)"
        " union select distinct case version when 1 then 'started=' else 'handled=' end || actor from lead_history"
    )
    await connection.copy_records_to_table("term", records=[(row["text"], term(row["text"])) for row in texts])
    await connection.execute("drop index ix_lead_search_terms; analyze")
    await connection.execute(_INDEX.format(facets=_facets()))
    await connection.execute(
        "create index ix_lead_search_terms on lead_search using gin (grams, facets, people) with (fastupdate = off)"
    )
    await connection.execute("vacuum analyze")
    await connection.execute("checkpoint")


def questions(draw: random.Random, size: int) -> Iterator[tuple[str, Search, bool]]:
    """Name, search, and whether it is a page further down."""
    copies = size // PATTERNS
    day = date(2018, 9, 18) - timedelta(days=draw.randrange(900))
    yield "whole area", Search(), False
    yield "whole area, further down", Search(), True
    yield "a common word", Search(text="保护费"), False
    yield "a common word, further down", Search(text="保护费"), True
    yield "two words", Search(text="市场 收取"), False
    yield "a rare word", Search(text=f"暗号{draw.randrange(1, copies)}号"), False
    yield "a word that nobody said", Search(text="麒麟阁楼"), False
    yield "a common word in one unit", Search(text="保护费", unit="JD01"), False
    yield "a common word that waits", Search(text="保护费", statuses=(Status.RECEIVED,)), False
    yield "state and area", Search(statuses=(Status.VERIFYING,), area=Area.USURY), False
    yield "what cannot be: unit, area, state", Search(unit="JS", area=Area.VICE, statuses=(Status.RECEIVED,)), False
    yield "street, source, level", Search(street="临江街", source=Source.SUPERIOR, level=Level.GENERAL), False
    yield "a month", Search(received_from=day, received_to=day + timedelta(days=20), source=Source.PUBLIC), False
    yield "to do (director)", Search(statuses=TODO["ofd"]), False
    yield "to do (unit)", Search(statuses=TODO["unl"], unit="GA"), False
    yield "red", Search(colours=(Colour.RED,)), False
    yield "orange of one unit", Search(colours=(Colour.ORANGE,), unit="ZF"), False
    yield "green and a word", Search(colours=(Colour.GREEN,), text="保护费"), False
    yield "started by me", Search(started_by="clerk-3"), False
    yield "handled by me", Search(handled_by="analyst-1"), False
    yield "second level of a source", Search(source_l2="M-letter"), False
    yield "discipline", Search(with_leg=True), False
    yield "discipline, a common word", Search(with_leg=True, text="保护费"), False
    yield "to do (discipline)", Search(with_leg=True, leg_open=True), False


def lists(draw: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and filters of a list by day of receipt, oldest first."""
    day = date(2018, 9, 18) - timedelta(days=draw.randrange(900))
    yield "list", {}
    yield "list, further down", {"after": (day, UUID(int=0))}
    yield "list of one source, further down", {"source": "A", "after": (day, UUID(int=0))}
    for status in (Status.RECEIVED, Status.CONCLUDED, Status.SUSPENDED, Status.MERGED, Status.SEALED):
        yield f"list: {status.en}", {"status": status}
    yield "list: received of one source", {"status": Status.RECEIVED, "source": "S"}
    yield "list of a second level", {"source_l2": "M-letter"}
    yield "list of a second level that none has", {"source_l2": "S-centre"}
    yield "list: a superior's number", {"upstream_no": f"{draw.randrange(PATTERNS)}/7"}


def limits(draw: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and filters of a list of the limits that run, soonest end first."""
    end = datetime(2018, 9, 18, tzinfo=UTC) + timedelta(days=draw.randrange(25))
    yield "limits", {}
    yield "limits, further down", {"after": (end, UUID(int=0), "classify")}
    yield "limits: red", {"colour": Colour.RED}
    yield "limits: orange of one unit", {"colour": Colour.ORANGE, "unit": "ZF"}
    yield "limits: due within 3 days", {"due_by": NOW.date() + timedelta(days=3)}
    yield "limits: a kind that none has", {"kind": DeadlineKind.OBJECTION}


async def measure(server: Server, registers: Mapping[int, str]) -> None:
    """Ask, print."""
    for size, name in registers.items():
        await _measure(server, name, size)


async def _measure(server: Server, name: str, size: int) -> None:
    database = Database(server.dsn(name, "intake"))
    draw, took, found = random.Random(1), dict[str, list[float]](), dict[str, int]()
    for number in range(ROUNDS + 1):
        asked: list[tuple[str, Callable[..., Awaitable[Sequence[Any]]]]] = [
            (title, partial(list_leads, **NO_FILTER | filters)) for title, filters in lists(draw)
        ]
        asked += [(title, partial(running, now=NOW, **NO_LIMIT | filters)) for title, filters in limits(draw)]
        for title, search, down in questions(draw, size):
            before = draw.randrange(size // 2, size) if down else None
            asked.append((title, partial(leads_of, search=search, now=NOW, before=before, limit=PAGE)))
        for title, ask in asked:
            async with database.transaction() as tx:
                start = time.perf_counter()
                away = await leads_to_avoid(tx, ASKER)
                rows = await ask(tx, away=away)
                if number:
                    took.setdefault(title, []).append((time.perf_counter() - start) * 1_000)
            found[title] = len(rows)
    async with database.transaction() as tx:
        print(f"  who asks is kept from {len(await leads_to_avoid(tx, ASKER))} leads, which is asked first each time")
    await database.close()
    for title, times in took.items():
        print(f"  {title:<36} {found[title]:>3} rows  p50 {_part(times, 50):6.1f} ms  p95 {_part(times, 95):6.1f} ms")
    whole = [each for times in took.values() for each in times]
    print(
        f"all: p50 {_part(whole, 50):.1f} ms, p95 {_part(whole, 95):.1f} ms, p99 {_part(whole, 99):.1f} ms", flush=True
    )


def _part(times: list[float], part: int) -> float:
    return sorted(times)[min(len(times) * part // 100, len(times) - 1)]


if __name__ == "__main__":
    kept.main(fill, measure, (SIZE,))
