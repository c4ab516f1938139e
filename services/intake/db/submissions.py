"""Many registrations in one statement or two: intake's hot path, single leads and ledgers, on the driver's own connection. It writes
what the stores of leads, limits, reporters, subjects, outbox, audit and keys write one by one (tests/intake/usecases/test_submit_lead.py
compares them)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic_core import to_json

from services.intake.db.reports import instant
from services.intake.domain.deadline import LeadDeadline
from services.intake.domain.lead import Lead
from services.intake.domain.report import Filed
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind, LeadReceived
from shared.deadlines import china_date
from shared.idempotency import Answer, Claim
from shared.sealing import SealedRecord

Asked = tuple[str, str, str, date, bytes | None]
"""Caller and Idempotency-Key, source and day of receipt, the challenge that was solved for it."""
Counted = tuple[str, date]
"""Source and day of receipt: what numbers are counted by."""

# A range a (source, day) for the keys and challenges that are not known yet; the counters are locked in one order, so that two batches
# never deadlock.
_DRAW = """
with asked as (
  select a.*, k.key is null and s.mark is null as fresh
  from unnest($2::text[], $3::text[], $4::text[], $5::date[], $6::bytea[]) with ordinality as a(caller, key, source, day, challenge, n)
  left join idempotency_keys k on k.caller = a.caller and k.key = a.key
  left join spent_challenges s on s.mark = a.challenge
), drawn as (
  insert into lead_numbers (region_code, source, day, last)
  select $1, source, day, count(*) from asked where fresh group by source, day order by source, day
  on conflict (region_code, source, day) do update set last = lead_numbers.last + excluded.last
  returning source, day, last
)
select case when a.fresh then d.last - count(*) filter (where a.fresh) over later end as number
from asked a left join drawn d using (source, day)
window later as (partition by a.source, a.day order by a.n rows between 1 following and unbounded following)
order by a.n
"""
_DRAW_RANGES = """
insert into lead_numbers (region_code, source, day, last)
select $1, source, day, number from unnest($2::text[], $3::date[], $4::int[]) as a(source, day, number) order by source, day
on conflict (region_code, source, day) do update set last = lead_numbers.last + excluded.last
returning source, day, last
"""
# Only where the counters stand as foreseen: whoever sees that another process was first has written nothing. `patience` comes before the
# first lock. Counters of days that nobody drew from are not foreseen.
_FORESEEN = """
patience as materialized (select set_config('lock_timeout', $4, true)
), w as materialized (select * from unnest($5::text[], $6::date[], $7::int[], $8::int[]) as w(source, day, last, number)
), drawn as (
  insert into lead_numbers (region_code, source, day, last)
  select $1, w.source, w.day, w.last from w cross join patience order by w.source, w.day
  on conflict (region_code, source, day) do update set last = excluded.last where lead_numbers.last
    = excluded.last - (select w.number from w where w.source = excluded.source and w.day = excluded.day)
  returning source, day
),"""


_FILED = """filed as (
  insert into reports (lead_id, channel, naming, content, subjects, code_mark, receipt_mark, own_code, received_on)
  select id, channel, naming, content::jsonb, subjects, code_mark, receipt_mark, own_code, received_on from r
  where channel is not null order by n
), boxes as (
  insert into mailboxes (lead_id, public_key, own_lock)
  select id, mailbox_key, own_lock from r where mailbox_key is not null order by n
), spent as (
  insert into spent_challenges (mark, expires_at) select challenge, expires_at from r where challenge is not null order by challenge
), apart as (
  insert into subject_boxes (lead_id, part, box) select id, 'told', apart from r where apart is not null order by n
), """


def _add(*, first: int, filed: bool, before: str = "", only: str = "", then: str) -> str:
    """The statement; the rows' columns are its parameters from number `first` on. Without `filed` none of them is a report of the public or
    has numbers that stand apart: what a statement could do costs something even where it finds nothing to do."""
    names = list(_COLUMNS)[: None if filed else -FILED]
    columns = ", ".join(f"${number}::{_COLUMNS[name]}[]" for number, name in enumerate(names, start=first))
    return f"""
with {before} r as materialized (
  select r.* from unnest({columns})
  with ordinality as r({", ".join(names)}, n) {only}
), keys as (
  insert into idempotency_keys (caller, key, fingerprint, status, answer, created_at)
  -- of whoever came without signing in the day only, as shared.http keeps it
  select caller, key, mark, 201, answer::jsonb,
    case when caller = 'public' then date_trunc('day', at, 'Asia/Shanghai') else at end
  from r where key is not null order by caller, key
), the_leads as (
  insert into leads (id, region_code, lead_no, source, issuing_level, upstream_no, upstream_deadline, received_on, street, summary,
    allegations, named, reporter_ref, status, version, areas, manifestations, grounds, profile_version, urgent,
    source_l2, codes_version, created_at)
  select id, $1, lead_no, source, issuing_level, upstream_no, upstream_deadline, received_on, street, summary,
    allegations::text[], named, reporter_ref, 'received', 1, areas::text[], manifestations::text[], grounds::text[], profile_version,
    urgent, source_l2, codes_version, at
  from r order by n
), limits as (
  insert into deadlines (lead_id, kind, round, limit_id, profile_version, started_at, due_on, provisional, yellow_at, orange_at, due_at,
    next_at, calendar_no)
  select id, kind, 1, limit_id, profile_version, at, due_on, provisional, yellow_at, orange_at, due_at, next_at, calendar_no
  from r
  union all
  select id, '{DeadlineKind.MEET.value}', 1, meet_limit, profile_version, meet_from, meet_on, meet_provisional,
    meet_yellow_at, meet_orange_at, meet_at, meet_next_at, calendar_no
  from r where meet_on is not null
), repeats as (
  insert into repeat_pending (lead_id) select id from r order by n
), history as (
  insert into lead_history (lead_id, version, action, status, actor, unit, effective_at, recorded_at)
  select id, 1, 'register', 'received', actor, unit, effective_at, at from r order by n
), reporters as (
  insert into vault.reporters (reporter_ref, key_id, wrapped_key, ciphertext, created_on)
  select reporter_ref, key_id, wrapped_key, ciphertext, created_on from r where reporter_ref is not null order by reporter_ref
), {_FILED if filed else ""}counters as (
  insert into outbox_sequences (topic, subject, last) select $2, id::text, 1 from r order by n
), said as (
  insert into outbox (id, topic, subject, sequence, partition_key, type, value, recorded_at)
  select gen_random_uuid(), $2, id::text, 1, id::text, '{LeadReceived.TYPE}', value, said_at from r order by n
), deeds as (
  insert into audit_log (id, at, actor, roles, unit, action, subject, detail)
  select gen_random_uuid(), at, actor, roles, unit, $3, id::text, jsonb_build_object('source', source) from r order by n
)
{then}
"""  # noqa: S608 - constants of this module


# name → type of what is sent of each lead, in the order of `_values`
_COLUMNS = {
    "id": "uuid",
    "lead_no": "text",
    "source": "text",
    "issuing_level": "text",
    "upstream_no": "text",
    "upstream_deadline": "date",
    "received_on": "date",
    "street": "text",
    "summary": "text",
    "allegations": "text",
    "named": "bool",
    "reporter_ref": "uuid",
    "areas": "text",
    "manifestations": "text",
    "grounds": "text",
    "profile_version": "text",
    "urgent": "bool",
    "source_l2": "text",
    "codes_version": "text",
    "effective_at": "timestamptz",
    "at": "timestamptz",
    "actor": "text",
    "roles": "text",
    "unit": "text",
    "kind": "text",
    "limit_id": "text",
    "due_on": "date",
    "provisional": "bool",
    "yellow_at": "timestamptz",
    "orange_at": "timestamptz",
    "due_at": "timestamptz",
    "next_at": "timestamptz",
    "calendar_no": "int",
    "meet_limit": "text",
    "meet_from": "timestamptz",
    "meet_on": "date",
    "meet_provisional": "bool",
    "meet_yellow_at": "timestamptz",
    "meet_orange_at": "timestamptz",
    "meet_at": "timestamptz",
    "meet_next_at": "timestamptz",
    "key_id": "text",
    "wrapped_key": "bytea",
    "ciphertext": "bytea",
    "created_on": "date",
    "value": "bytea",
    "said_at": "timestamptz",
    "caller": "text",
    "key": "text",
    "mark": "bytea",
    "answer": "text",
    "channel": "text",
    "naming": "text",
    "content": "text",
    "subjects": "bytea",
    "code_mark": "bytea",
    "receipt_mark": "bytea",
    "own_code": "text",
    "mailbox_key": "bytea",
    "own_lock": "bytea",
    "challenge": "bytea",
    "expires_at": "timestamptz",
    "apart": "bytea",
}
FILED = 12
"""So many columns at the end are a report's, or what stands apart."""
_ADD = {filed: _add(first=4, filed=filed, then="select") for filed in (False, True)}
_ADD_AS_FORESEEN = {
    filed: _add(
        first=9,
        filed=filed,
        before=_FORESEEN,
        only="join drawn on drawn.source = r.source and drawn.day = r.received_on",
        then="table drawn",
    )
    for filed in (False, True)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All that is written for one lead; without `claim` it came with others under one key, which is not kept here."""

    lead: Lead
    reporter: SealedRecord | None
    by: Principal
    at: datetime
    effective_at: datetime
    value: bytes
    said_at: datetime
    claim: Claim | None
    answer: Answer | None
    filed: Filed | None
    subjects: bytes
    """What stands apart, sealed; empty when nothing does."""
    limit: LeadDeadline
    """What begins to run with it."""
    meet: LeadDeadline | None
    """What runs for a named reporter from the receipt on (D06)."""


async def draw_numbers(connection: Any, region: str, asked: Sequence[Asked]) -> list[int | None]:
    """The next number of each, without gaps; None where the key is known already. Keys must differ."""
    found = await connection.fetch(_DRAW, region, *(list(column) for column in zip(*asked, strict=True)))
    return [row["number"] for row in found]


async def draw_ranges(connection: Any, region: str, wanted: Mapping[Counted, int]) -> dict[Counted, int]:
    """So many numbers of each source and day; → the last of each."""
    columns = [[source for source, _ in wanted], [day for _, day in wanted], list(wanted.values())]
    drawn = await connection.fetch(_DRAW_RANGES, region, *columns)
    return {(row["source"], row["day"]): row["last"] for row in drawn}


async def add(connection: Any, rows: Sequence[Row], *, region: str, deed: str) -> None:
    """Write them. Any constraint that one breaks fails them all."""
    filed, columns = _by_column(rows)
    await connection.execute(_ADD[filed], region, LeadReceived.TOPIC, deed, *columns)


async def add_as_foreseen(
    connection: Any, rows: Sequence[Row], lasts: Mapping[Counted, int], *, region: str, deed: str, patience: float
) -> set[Counted]:
    """Draw their numbers and write them; `lasts` are the counters as these rows leave them. → the counters that stood as foreseen: rows
    of others are not written, nor are their numbers drawn. `patience`: seconds to wait for a lock."""
    numbers = Counter((row.lead.source.value, row.lead.received_on) for row in rows)
    counters = (
        [source for source, _ in lasts],
        [day for _, day in lasts],
        list(lasts.values()),
        [numbers[each] for each in lasts],
    )
    filed, columns = _by_column(rows)
    drawn = await connection.fetch(
        _ADD_AS_FORESEEN[filed], region, LeadReceived.TOPIC, deed, f"{patience}s", *counters, *columns
    )
    return {(row["source"], row["day"]) for row in drawn}


def _by_column(rows: Sequence[Row]) -> tuple[bool, list[Sequence[Any]]]:
    """Whether a report or a number is among them, and the columns; one that says nothing at all stays empty, which `unnest` fills with
    nulls: each element costs an encoding."""
    filed = any(row.filed or row.subjects for row in rows)
    columns = list(zip(*map(_values, rows), strict=True))[: None if filed else -FILED]
    return filed, [() if column[0] is None and set(column) == _NOTHING else column for column in columns]


_NOTHING = {None}


def _values(row: Row) -> tuple[Any, ...]:
    lead, by, sealed, claim, filed, limit, meet = (
        row.lead,
        row.by,
        row.reporter,
        row.claim,
        row.filed,
        row.limit,
        row.meet,
    )
    spent = filed.spent if filed else None
    return (
        lead.id,
        lead.lead_no,
        lead.source,
        lead.issuing_level,
        lead.upstream_no,
        lead.upstream_deadline,
        lead.received_on,
        lead.street,
        lead.summary,
        array_literal(lead.allegations),
        lead.named,
        lead.reporter_ref,
        array_literal(lead.areas),
        array_literal(lead.manifestations),
        array_literal(lead.grounds),
        lead.profile_version,
        lead.urgent,
        lead.source_l2,
        lead.codes_version,
        row.effective_at,
        row.at,
        by.sub,
        " ".join(sorted(by.roles)),
        by.unit,
        limit.kind,
        limit.limit_id,
        limit.due.on,
        limit.due.provisional,
        limit.yellow_at,
        limit.orange_at,
        limit.due_at,
        limit.next_at,
        limit.calendar_no,
        meet and meet.limit_id,
        meet and meet.started_at,
        meet and meet.due.on,
        meet and meet.due.provisional,
        meet and meet.yellow_at,
        meet and meet.orange_at,
        meet and meet.due_at,
        meet and meet.next_at,
        sealed and sealed.key_id,
        sealed and sealed.wrapped_key,
        sealed and sealed.ciphertext,
        china_date(row.at) if sealed else None,
        row.value,
        row.said_at,
        claim and claim.caller,
        claim and claim.key,
        claim and claim.mark,
        row.answer and row.answer.text,
        filed and filed.channel,
        filed and filed.naming,
        filed and to_json(filed.content).decode(),
        filed and filed.subjects,
        filed and filed.code_mark,
        filed and filed.receipt_mark,
        filed and filed.own_code,
        filed and filed.mailbox_key,
        filed and filed.own_lock,
        spent and spent[0],
        spent and instant(spent[1]),
        row.subjects or None,
    )


def array_literal(values: Sequence[str]) -> str:
    """PostgreSQL's written form of a text[]: unnest would flatten arrays of arrays, so they travel as text."""
    if not values:
        return "{}"
    return "{" + ",".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values) + "}"
