"""What a lead costs when 10 thousand, 100 thousand, a million are stored already: the rows are put there by SQL, as superuser, with the
marks set as if each had gone its way; then real leads are sent and weighed. Keys of repeats are not among them: their search has a measure
of its own (tests/load/repeats.py) and takes a fixed share of the worker's time."""

import asyncio
from typing import Any

from shared.contracts.intake import LeadReceived
from tests.load.pipeline import pipeline
from tests.load.rig import HEARERS, Rig

_TYPE = LeadReceived.TYPE
_INTAKE = """
create temp table f as select gen_random_uuid() as id, n, timestamptz '2018-01-01' + n % 180 * interval '1 day' as at
  from generate_series($1::bigint + 1, $2::bigint) as n;
insert into leads (id, region_code, lead_no, source, received_on, street, summary, allegations, named, status, version, areas,
    manifestations, grounds, profile_version, created_at)
  select id, '999999', 'F' || n, 'M', at::date, '临江街', repeat('反映菜市场有人强收摊位费', 8), '{强收}', false, 'received', 1,
    '{market}', '{03}', '{}', 'district-default/1', at from f;
insert into lead_history (lead_id, version, action, status, actor, unit, effective_at, recorded_at)
  select id, 1, 'register', 'received', 'fill', 'SB', at, at from f;
insert into deadlines (lead_id, kind, round, limit_id, profile_version, started_at, due_on, provisional, yellow_at, orange_at, due_at,
    calendar_no)
  select id, 'classify', 1, 'D02', 'district-default/1', at, at::date + 3, false, at, at, at + interval '3 days',
    (select coalesce(max(number), 0) from holiday_notices) from f;
insert into outbox_sequences (topic, subject, last) select 'intake.leads', id::text, 1 from f;
insert into outbox (id, topic, subject, sequence, partition_key, type, value, recorded_at)
  select gen_random_uuid(), 'intake.leads', id::text, 1, id::text, $3, '{}', at from f;
insert into idempotency_keys (caller, key, fingerprint, status, answer, created_at)
  select 'fill', id::text, repeat('x', 32)::bytea, 201, jsonb_build_object('id', id, 'summary', repeat('x', 400)), now() from f;
insert into audit_log (id, at, actor, roles, unit, action, subject, detail)
  select gen_random_uuid(), at, 'fill', 'icl', 'SB', 'lead.register', id::text, '{"source": "M"}' from f;
update audit_sealer set snapshot = pg_current_snapshot()::text;
drop table f;
update relay set snapshot = pg_current_snapshot()::text, catching_up_to = null, page_position = 0;
"""
_INBOX = """
insert into inbox (topic, subject, last, event_id)
  select 'intake.leads', gen_random_uuid()::text, 1, gen_random_uuid() from generate_series($1::bigint + 1, $2::bigint)
"""
_FACTS = """
insert into facts (event_id, region_code, type, topic, subject, sequence, lead_id, effective_at, recorded_at, codes)
  select gen_random_uuid(), '999999', $3, 'intake.leads', id::text, 1, id, timestamptz '2018-01-01' + n % 180 * interval '1 day', now(),
    '{"named": false, "source": "M", "lead_no": "999999-M20180601-0000013"}'
  from (select gen_random_uuid() as id, n from generate_series($1::bigint + 1, $2::bigint) n) k
"""


def growth(rig: Rig, sizes: tuple[int, ...], leads: int) -> dict[str, Any]:
    """Processor microseconds and rate a lead at each size; `ratio` is the dearest over the cheapest."""
    figures: dict[int, dict[str, float]] = {}
    stored = 0
    for size in sizes:
        rig.workers(run=False)
        asyncio.run(_fill(rig, stored, size))
        stored = size
        rig.workers(run=True)
        pipeline(rig, leads // 3)
        runs = [pipeline(rig, leads) for _ in range(3)]
        median = sorted(runs, key=lambda run: run["cpu_us_all"])[1]
        figures[size] = {"cpu_us": median["cpu_us_all"], "per_s": median["per_s"]}
    costs = [figure["cpu_us"] for figure in figures.values()]
    return {"at": figures, "ratio": max(costs) / min(costs)}


async def _fill(rig: Rig, stored: int, size: int) -> None:
    await rig.script("intake", _INTAKE, stored, size, _TYPE)
    for service in HEARERS:
        await rig.script(service, _INBOX, stored, size)
    await rig.script("publicity", _FACTS, stored, size, _TYPE)
    for service in ("intake", *HEARERS):
        await rig.script(service, "vacuum analyze")
    await rig.script("intake", "checkpoint")
