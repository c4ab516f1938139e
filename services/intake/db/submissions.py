"""Many registrations in two statements: intake's hot path, single leads and ledgers, on the driver's own connection. It writes what the
stores of leads, reporters, outbox, audit and keys write one by one (tests/intake/usecases/test_submit_lead.py compares them)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from services.intake.db.reports import instant
from services.intake.domain.lead import Lead
from services.intake.domain.report import Filed
from shared.auth import Principal
from shared.contracts.intake import LeadReceived
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
_ADD = """
with r as materialized (
  select * from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::date[], $9::date[], $10::text[], $11::text[],
    $12::text[], $13::bool[], $14::uuid[], $15::text[], $16::text[], $17::text[], $18::text[], $19::timestamptz[], $20::timestamptz[],
    $21::text[], $22::text[], $23::text[], $24::text[], $25::bytea[], $26::bytea[], $27::date[], $28::uuid[], $29::bytea[],
    $30::timestamptz[], $31::uuid[], $32::text[], $33::text[], $34::bytea[], $35::text[], $36::text[], $37::text[], $38::text[],
    $39::bytea[], $40::bytea[], $41::text[], $42::bytea[], $43::timestamptz[])
  with ordinality as r(id, lead_no, source, issuing_level, upstream_no, upstream_deadline, received_on, street, summary,
    allegations, named, reporter_ref, areas, manifestations, grounds, profile_version, effective_at, at,
    actor, roles, unit, key_id, wrapped_key, ciphertext, created_on, event_id, value,
    said_at, audit_id, caller, key, mark, answer, channel, naming, content, code_mark, receipt_mark, own_code, challenge, expires_at, n)
), keys as (
  insert into idempotency_keys (caller, key, fingerprint, status, answer, created_at)
  select caller, key, mark, 201, answer::jsonb, at from r where key is not null order by caller, key
), the_leads as (
  insert into leads (id, region_code, lead_no, source, issuing_level, upstream_no, upstream_deadline, received_on, street, summary,
    allegations, named, reporter_ref, status, version, areas, manifestations, grounds, profile_version, created_at)
  select id, $1, lead_no, source, issuing_level, upstream_no, upstream_deadline, received_on, street, summary,
    allegations::text[], named, reporter_ref, 'received', 1, areas::text[], manifestations::text[], grounds::text[], profile_version, at
  from r order by n
), repeats as (
  insert into repeat_pending (lead_id) select id from r order by n
), history as (
  insert into lead_history (lead_id, version, action, status, actor, unit, effective_at, recorded_at)
  select id, 1, 'register', 'received', actor, unit, effective_at, at from r order by n
), reporters as (
  insert into vault.reporters (reporter_ref, key_id, wrapped_key, ciphertext, created_on)
  select reporter_ref, key_id, wrapped_key, ciphertext, created_on from r where reporter_ref is not null order by reporter_ref
), filed as (
  insert into reports (lead_id, channel, naming, content, code_mark, receipt_mark, own_code, received_on)
  select id, channel, naming, content::jsonb, code_mark, receipt_mark, own_code, received_on from r where channel is not null order by n
), spent as (
  insert into spent_challenges (mark, expires_at) select challenge, expires_at from r where challenge is not null order by challenge
), counters as (
  insert into outbox_sequences (topic, subject, last) select $44, id::text, 1 from r order by n
), said as (
  insert into outbox (id, topic, subject, sequence, partition_key, type, value, recorded_at)
  select event_id, $44, id::text, 1, id::text, $45, value, said_at from r order by n
)
insert into audit_log (id, at, actor, roles, unit, action, subject, detail)
select audit_id, at, actor, roles, unit, $2, id::text, jsonb_build_object('source', source) from r order by n
"""


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
    columns = [list(column) for column in zip(*map(_values, rows), strict=True)]
    await connection.execute(_ADD, region, deed, *columns, LeadReceived.TOPIC, LeadReceived.TYPE)


def _values(row: Row) -> tuple[Any, ...]:
    lead, by, sealed, claim, filed = row.lead, row.by, row.reporter, row.claim, row.filed
    spent = filed.spent if filed else None
    return (
        lead.id,
        lead.lead_no,
        lead.source.value,
        lead.issuing_level and lead.issuing_level.value,
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
        row.effective_at,
        row.at,
        by.sub,
        " ".join(sorted(by.roles)),
        by.unit,
        sealed and sealed.key_id,
        sealed and sealed.wrapped_key,
        sealed and sealed.ciphertext,
        china_date(row.at) if sealed else None,
        uuid4(),
        row.value,
        row.said_at,
        uuid4(),
        claim and claim.caller,
        claim and claim.key,
        claim and claim.mark,
        row.answer and json.dumps(row.answer.body, ensure_ascii=False),
        filed and filed.channel.value,
        filed and filed.naming.value,
        filed and json.dumps(filed.content, ensure_ascii=False),
        filed and filed.code_mark,
        filed and filed.receipt_mark,
        filed and filed.own_code,
        spent and spent[0],
        spent and instant(spent[1]),
    )


def array_literal(values: Sequence[str]) -> str:
    """PostgreSQL's written form of a text[]: unnest would flatten arrays of arrays, so they travel as text."""
    if not values:
        return "{}"
    return "{" + ",".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values) + "}"
