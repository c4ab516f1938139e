"""Measures of single layers on the rig's own servers: registration against pgbench, relay against the bare client, projection, polling."""

import asyncio
import json
import re
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import uvloop
from sqlalchemy.engine import make_url

from services.intake.api.leads import LeadView, view
from services.intake.domain.codes import Area, Source
from services.intake.usecases.register_lead import NewLead, admit
from services.intake.usecases.subject_store import FactsSealer
from services.intake.usecases.submit_lead import SubmitLead
from services.publicity.consumer import HANDLERS
from shared import kafka
from shared.auth import Principal
from shared.contracts.envelope import Envelope, encode, schema_of
from shared.contracts.intake import LeadReceived
from shared.contracts.topics import TOPICS
from shared.db import Database
from shared.idempotency import Claim
from shared.inbox import Inbox, Record
from shared.kafka import KafkaAddress
from shared.process import settle
from shared.relay import PAGE, Relay
from shared.relay_store import NEW_ROWS
from tests.load.rig import Rig
from tests.support.builders import BOOK
from tests.support.subjects import SUBJECTS

# The same four rows in tables like the service's own (columns, constraints, indexes; no foreign keys), each by a statement of its own, as
# a transaction a lead would write them: six round trips. No number is drawn, no limit, history, counter or place in a queue is written.
FOUR = """
insert into pgb_keys (caller, key, fingerprint, status, answer, created_at)
  values ('icl', gen_random_uuid()::text, 'mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm', 201, '{answer}', now());
insert into pgb_leads (id, region_code, lead_no, source, received_on, street, summary, allegations, named, status, version, areas,
    manifestations, grounds, profile_version, created_at)
  values (gen_random_uuid(), '999999', gen_random_uuid()::text, 'M', current_date, '临江街', '{summary}', '{{强收摊位费,打砸摊位}}', false,
    'received', 1, '{{market}}', '{{03}}', '{{}}', 'district-default-1', now());
insert into pgb_outbox (id, topic, subject, sequence, partition_key, type, value, recorded_at)
  values (gen_random_uuid(), 'intake.leads', gen_random_uuid()::text, 1, 'x', '{type}', convert_to('{value}', 'UTF8'), now());
insert into pgb_audit (id, at, actor, roles, unit, action, subject, detail)
  values (gen_random_uuid(), now(), 'icl', 'icl', 'SB', 'lead.register', gen_random_uuid()::text, '{{"source": "M"}}');
"""
# And the other five that a registration writes, so that both write the same: the number is drawn last, its counter is held shortest.
OTHER_FIVE = """
insert into pgb_limits (lead_id, kind, round, limit_id, profile_version, started_at, due_on, provisional, yellow_at, orange_at, due_at,
    next_at, calendar_no)
  values (gen_random_uuid(), 'classify', 1, 'D02', 'district-default-1', now(), current_date, false, now(), now(), now(), now(), 0);
insert into pgb_pending (lead_id) values (gen_random_uuid());
insert into pgb_history (lead_id, version, action, status, actor, unit, effective_at, recorded_at)
  values (gen_random_uuid(), 1, 'register', 'received', 'icl', 'SB', now(), now());
insert into pgb_sequences (topic, subject, last) values ('intake.leads', gen_random_uuid()::text, 1);
insert into pgb_numbers (region_code, source, day, last) values ('999999', 'M', current_date, 1)
  on conflict (region_code, source, day) do update set last = pgb_numbers.last + 1;
"""
TABLES = """
create table if not exists pgb_keys (like idempotency_keys including all);
create table if not exists pgb_leads (like leads including all);
create table if not exists pgb_outbox (like outbox including all);
create table if not exists pgb_audit (like audit_log including all);
create table if not exists pgb_limits (like deadlines including all);
create table if not exists pgb_pending (like repeat_pending including all);
create table if not exists pgb_history (like lead_history including all);
create table if not exists pgb_sequences (like outbox_sequences including all);
create table if not exists pgb_numbers (like lead_numbers including all);
"""
SUMMARY = "反映菜市场有人强收摊位费" * 8
CLERK = Principal(sub="bench", roles=frozenset({"icl"}), unit="SB")


def database_layer(rig: Rig, leads: int) -> dict[str, float]:
    """Registrations a second through the shared transaction, without HTTP; and what pgbench gets from this server with eight clients for a
    transaction of four inserts, and for one that writes all the rows that a registration writes; of each also the processor time of
    PostgreSQL, and of ours that of the process that asks it."""
    ours, four, all_rows = [], [], []
    for _ in range(3):
        ours.append(uvloop.run(_register(rig, leads)))
        four.append(_pgbench(rig, FOUR))
        all_rows.append(_pgbench(rig, FOUR + OTHER_FIVE))
    middle, other, same = (sorted(runs, key=lambda run: run["per_s"])[1] for runs in (ours, four, all_rows))
    return {
        **middle,
        **{f"pgbench_{name}": value for name, value in other.items()},
        **{f"same_rows_{name}": value for name, value in same.items()},
        "ratio": middle["per_s"] / other["per_s"],
        "same_rows_ratio": middle["per_s"] / same["per_s"],
    }


async def _register(rig: Rig, leads: int) -> dict[str, float]:
    settings = rig.platform.environment("intake")
    settle()  # as a service's process does
    database = Database(settings["INTAKE_DATABASE_URL"], pool=4)
    submit = SubmitLead(database, region="999999", view=view)
    at = datetime.now(UTC)
    new = NewLead(
        source=Source.PUBLIC,
        summary=SUMMARY,
        areas=(Area.MARKET,),
        street="临江街",
        manifestations=("03",),
        allegations=("强收摊位费", "打砸摊位"),
    )
    sealer = FactsSealer({}, SUBJECTS)
    orders = [
        (admit(new, book=BOOK, sealer=sealer, by=CLERK, at=at), Claim("bench", str(uuid4()), b"m" * 32, at))
        for _ in range(leads)
    ]
    waiting = iter(orders)

    async def caller() -> None:
        for order, claim in waiting:
            await submit(order, claim)

    try:
        await submit(admit(new, book=BOOK, sealer=sealer, by=CLERK, at=at), Claim("bench", str(uuid4()), b"m" * 32, at))
        started, own, server = time.monotonic(), time.process_time(), _server_seconds(rig)
        await asyncio.gather(*(caller() for _ in range(256)))
        return {
            "per_s": leads / (time.monotonic() - started),
            "own_us": (time.process_time() - own) / leads * 1e6,
            "postgres_us": (_server_seconds(rig) - server) / leads * 1e6,
        }
    finally:
        await database.close()


def _server_seconds(rig: Rig) -> float:
    return rig.processor_seconds()["postgres"]


def _pgbench(rig: Rig, statements: str, seconds: int = 5) -> dict[str, float]:
    postgres = rig.platform.postgres
    assert postgres is not None
    url = make_url(rig.platform.admin).set(database="intake").render_as_string(hide_password=False)
    asyncio.run(_execute(url, TABLES))
    script = Path(postgres.folder) / "pgbench.sql"
    value = _sample_value()
    answer = {name: json.loads(value).get(name, "received") for name in LeadView.model_fields}
    # a colon before a letter or digit would be a variable of pgbench
    script.write_text(
        f"begin;{statements}commit;".format(
            answer=json.dumps(answer), summary=SUMMARY, type=LeadReceived.TYPE, value=value.replace(":", "=")
        )
    )
    before = _server_seconds(rig)
    program = postgres.program("pgbench")
    done = subprocess.run(
        [program, "-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", str(seconds), "-f", str(script), url],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    per_s = float(found[1])
    return {"per_s": per_s, "postgres_us": (_server_seconds(rig) - before) / (per_s * seconds) * 1e6}


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def relay(rig: Rig, events: int) -> dict[str, float]:
    """Events a second from the outbox to acknowledgement, and of the bare client with the same bytes in the same batches."""
    return uvloop.run(_relay(rig, events))


async def _relay(rig: Rig, events: int) -> dict[str, float]:
    environment = rig.platform.environment("intake")
    address = KafkaAddress(
        servers=environment["INTAKE_KAFKA"],
        security="SASL_PLAINTEXT",
        user=environment["INTAKE_KAFKA_USER"],
        password=environment["INTAKE_KAFKA_PASSWORD"],
    )
    url = make_url(rig.platform.admin).set(database="intake").render_as_string(hide_password=False)
    ours, bare = [], []
    for _ in range(3):
        database = Database(environment["INTAKE_DATABASE_URL"], pool=2)
        it = Relay(database, address, service="intake", region="999999")
        connection = await asyncpg.connect(url)
        task = asyncio.create_task(it.run())
        while it.state != "active":  # noqa: ASYNC110 - the relay tells by its state, not by an event
            await asyncio.sleep(0.02)
        await connection.execute(_fill_outbox(events))
        started = time.monotonic()
        filled_by = await connection.fetchval("select xid::text from outbox order by position desc limit 1")
        while await connection.fetchval(_BEHIND, filled_by):
            await asyncio.sleep(0.02)
            assert not task.done()
        ours.append(events / (time.monotonic() - started))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        sample = bytes((await connection.fetchrow("select value from outbox order by position desc limit 1"))["value"])
        await connection.close()
        await database.close()
        bare.append(await _bare_client(address, events, len(sample) + 420))
    return {"per_s": sorted(ours)[1], "bare_per_s": sorted(bare)[1], "ratio": sorted(ours)[1] / sorted(bare)[1]}


_BEHIND = (
    "select catching_up_to is not null or not pg_visible_in_snapshot($1::text::xid8, snapshot::pg_snapshot) from relay"
)
"""Whether what this transaction wrote is not published yet, by what the relay saved: to ask the outbox itself would take a look at all of
it, which keeps a processor busy while the relay is measured."""


def _sample_value() -> str:
    return LeadReceived(
        lead_id=uuid4(),
        lead_no="999999-M20180601-0000013",
        source="M",
        street="临江街",
        area_codes=("market",),
        manifestation_codes=("03",),
        named=False,
        effective_at=datetime.now(UTC),
    ).model_dump_json()


def _fill_outbox(events: int) -> str:
    value = _sample_value()
    return f"""insert into outbox (id, topic, subject, sequence, partition_key, type, value, recorded_at)
        select gen_random_uuid(), 'intake.leads', s, 1, s, '{LeadReceived.TYPE}', convert_to('{value}', 'UTF8'),
          date_trunc('day', now(), 'Asia/Shanghai')
        from (select gen_random_uuid()::text as s from generate_series(1, {events})) k"""


async def _bare_client(address: KafkaAddress, events: int, size: int) -> float:
    producer = kafka.producer(address, "bench")
    await producer.start()
    topic, value = TOPICS["intake.leads"], b"x" * size
    try:
        started = time.monotonic()
        left = dict.fromkeys(range(topic.partitions), events // topic.partitions)
        while any(left.values()):
            acks = []
            for partition, count in left.items():
                batch, taken = producer.create_batch(), 0
                while (
                    taken < min(count, PAGE // topic.partitions)
                    and batch.append(key=b"k" * 36, value=value, timestamp=None) is not None
                ):
                    taken += 1
                if taken:
                    acks.append(await producer.send_batch(batch, topic.name, partition=partition))
                left[partition] -= taken
            await asyncio.gather(*acks)
        return events / (time.monotonic() - started)
    finally:
        await producer.stop()


def projection(rig: Rig, events: int, textbook_per_s: float) -> dict[str, float]:
    """Events a second that publicity turns into facts in fetched batches, and the textbook's transaction per message."""
    ours = uvloop.run(_project(rig, events))
    return {"per_s": ours, "textbook_per_s": textbook_per_s, "ratio": ours / textbook_per_s}


async def _project(rig: Rig, events: int) -> float:
    environment = rig.platform.environment("publicity")
    database = Database(environment["PUBLICITY_DATABASE_URL"], pool=2)
    inbox = Inbox(database, HANDLERS, clock=lambda: datetime.now(UTC))
    records = [Record("intake.leads", n % 6, n, _record()) for n in range(events)]
    try:
        started = time.monotonic()
        for first in range(0, events, 500):
            await inbox.take(records[first : first + 500])
        return events / (time.monotonic() - started)
    finally:
        await database.close()


def _record() -> bytes:
    event = LeadReceived(
        lead_id=uuid4(), lead_no="999999-M20180601-0000013", source="M", named=False, effective_at=datetime.now(UTC)
    )
    return encode(
        Envelope(
            id=uuid4(),
            source="/xiansuo/999999/intake",
            type=event.TYPE,
            subject=event.subject,
            time=datetime.now(UTC),
            dataschema=schema_of(event.TYPE),
            partitionkey=event.partition_key,
            sequence="1",
            region="999999",
            data=event.model_dump(mode="json"),
        )
    )


def polling(rig: Rig, events: int) -> dict[str, Any]:
    """Milliseconds that the relay's question for new rows takes while a transaction of another database is held open and rows were
    written since; and the outbox's dead rows."""
    return asyncio.run(_polling(rig, events))


async def _polling(rig: Rig, events: int) -> dict[str, Any]:

    admin = make_url(rig.platform.admin)
    at = {name: admin.set(database=name).render_as_string(hide_password=False) for name in ("intake", "publicity")}
    database = Database(at["intake"])
    elsewhere, here = await asyncpg.connect(at["publicity"]), await database.dedicated()
    await elsewhere.execute("begin; select pg_current_xact_id()")
    try:
        await here.execute(_fill_outbox(events))
        await here.execute("analyze outbox")
        snapshot = await here.fetchval("select pg_current_snapshot()::text")
        times = []
        for _ in range(200):
            started = time.perf_counter()
            await here.fetch(NEW_ROWS, snapshot, 2_000)
            times.append(time.perf_counter() - started)
        await here.execute("select pg_stat_force_next_flush()")
        dead = await here.fetchval(
            "select coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables where relname like 'outbox_p%'"
        )
    finally:
        await elsewhere.close()
        await here.close()
        await database.close()
    return {"poll_ms": sorted(times)[100] * 1000, "dead_rows": int(dead), "rows_since": events}
