"""The metrics: counted once what was committed, looked at cheaply, and a page also when a part is away."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client import REGISTRY

from shared import ops, outbox
from shared.contracts.discipline import LegOpened
from shared.contracts.intake import LeadClassified
from shared.db import Database, Transaction, after_commit
from shared.gauges import Gauges, Waiting
from shared.inbox import Inbox, Record
from shared.outbox import MOST_COUNTED, Backlog
from tests.conftest import NewApi, NewDatabase
from tests.support.api import Api
from tests.support.builders import NOON, envelope
from tests.support.kafka import Broker
from tests.support.running import until
from tests.support.signing import signer

TOPIC = "intake.leads"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"xiansuo_{name}", labels) or 0.0


def now() -> datetime:
    return datetime.now(UTC)


async def say(database: Database, legs: int) -> None:
    async with database.transaction() as tx:
        for _ in range(legs):
            event = LegOpened(leg_id=uuid4(), dual_assignment_id=uuid4(), lead_id=uuid4(), effective_at=NOON)
            await outbox.put(tx, event, at=NOON)


async def test_what_was_rolled_back_is_not_counted(new_database: NewDatabase) -> None:
    database = Database((await new_database("intake")).url)
    told: list[str] = []

    async def fail() -> None:
        async with database.transaction() as tx:
            after_commit(tx, lambda: told.append("rolled back"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.transaction() as tx:
        after_commit(tx, lambda: told.append("committed"))
        assert told == []
    assert told == ["committed"]
    await database.close()


async def register(api: Api, key: str) -> httpx.Response:
    order = {"source": "M", "summary": "反映有人在市场强收费用"}
    return await api.post("/intake/v1/leads", order, by="icl", key=key)


async def test_a_lead_is_counted_once_whatever_is_repeated_or_refused(new_api: NewApi) -> None:
    api = await new_api("intake")
    before = value("leads_accepted_total", source="M")
    assert (await register(api, "one")).status_code == 201
    assert (await register(api, "one")).status_code == 201
    bad = await api.post("/intake/v1/leads", {"source": "M", "summary": "绝密★启用前"}, by="icl", key="two")
    assert bad.status_code == 422
    assert value("leads_accepted_total", source="M") == before + 1


async def test_requests_are_counted_by_pattern_so_that_no_id_becomes_a_label(new_api: NewApi) -> None:
    api = await new_api("intake")
    route = "/leads/{lead_id}"
    before = value("http_requests_total", route=route, method="GET", status="404")
    for _ in range(3):
        assert (await api.get(f"/intake/v1/leads/{uuid4()}", by="ofd")).status_code == 404
    assert value("http_requests_total", route=route, method="GET", status="404") == before + 3
    guessed = value("http_requests_total", route="none", method="other", status="404")
    await api.client.request("BREW", "/intake/v1/张三")
    assert value("http_requests_total", route="none", method="other", status="404") == guessed + 1
    page = await api.client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "张三" not in page.text
    assert "BREW" not in page.text


async def test_a_page_is_shown_while_the_database_is_away_and_says_so(new_database: NewDatabase) -> None:
    copy = await new_database("intake")
    database = Database(copy.url)
    await Gauges(database).refresh()
    assert value("probe_up", part="database") == 1
    away = Database(copy.url.replace(copy.name, "nowhere"))
    await Gauges(away).refresh()
    assert value("probe_up", part="database") == 0
    await database.close()
    await away.close()


async def test_the_backlog_is_what_no_saved_snapshot_covers(new_database: NewDatabase) -> None:
    copy = await new_database("discipline")
    database = Database(copy.url)
    gauges = Gauges(database)
    await say(database, 3)
    await gauges.refresh()
    assert value("outbox_lag_rows") == 3
    told = await ops.lag(database)
    assert (told["rows"], told["first"]["topic"]) == (3, "discipline.legs")
    async with database.transaction() as tx:
        snapshot = "insert into relay (shard, epoch, snapshot) select 0, 1, pg_current_snapshot()::text"
        await tx.exec_driver_sql(snapshot)
    await say(database, 2)
    async with database.transaction() as tx:
        assert (await outbox.unpublished(tx)).rows == 2
    await database.close()


async def test_looking_at_the_backlog_reads_an_index_however_old_the_outbox_is(new_database: NewDatabase) -> None:
    copy = await new_database("discipline")
    fill = """insert into outbox (id, topic, subject, sequence, partition_key, type, value, recorded_at)
        select gen_random_uuid(), 'discipline.legs', n::text, 1, n::text, 't', 'x', now() from generate_series(1, 200000) n"""
    await copy.server.run_async(fill, database=copy.name)
    await copy.server.run_async(
        "insert into relay (shard, epoch, snapshot) select 0, 1, pg_current_snapshot()::text", database=copy.name
    )
    await copy.server.run_async("analyze outbox", database=copy.name)
    database = Database(copy.url)
    await say(database, 1)
    async with database.transaction() as tx:
        assert (await outbox.unpublished(tx)).rows == 1
        [[snapshot]] = (await tx.exec_driver_sql("select snapshot from relay")).all()
        values = {"snapshot": snapshot, "after": 0, "most": MOST_COUNTED}
        plan = "\n".join(row[0] for row in (await tx.execute(explained(), values)).all())
    assert "Seq Scan on outbox_p0" not in plan, plan
    assert "Index" in plan
    await database.close()


def explained() -> Any:
    from sqlalchemy import text

    return text(f"explain {outbox._UNPUBLISHED.text}")


def test_waiting_is_what_was_seen_between_looks() -> None:
    instant = 0.0
    waiting = Waiting(lambda: instant)
    assert waiting.seen(Backlog(2, 10, 11)) == 0
    instant = 15.0
    assert waiting.seen(Backlog(5, 10, 14)) == 15
    instant = 30.0
    assert waiting.seen(Backlog(3, 12, 20)) == 15, "10 and 11 are gone; 12 was first seen at 15"
    instant = 45.0
    assert waiting.seen(Backlog(1, 30, 30)) == 0
    instant = 60.0
    assert waiting.seen(Backlog(0, None, None)) == 0
    instant = 75.0
    assert waiting.seen(Backlog(1, 30, 30)) == 0


async def test_events_are_counted_as_applied_repeated_held_and_parked_once_each(new_database: NewDatabase) -> None:
    database = Database((await new_database("verification")).url)

    async def nothing(_: Transaction, __: Any, ___: Any) -> None:
        return None

    inbox = Inbox(database, {LeadClassified: nothing}, clock=now)
    lead, gap = uuid4(), uuid4()

    def record(subject: Any, number: int) -> Record:
        event = LeadClassified(
            lead_id=subject, tier="evil", level="key", area_codes=("site",), manifestation_codes=(), effective_at=NOON
        )
        return Record(TOPIC, 0, number, envelope(event, number))

    names = ("applied", "repeated", "held", "parked")
    before = {name: value(f"events_{name}_total", topic=TOPIC) for name in names}
    first, early, broken = record(lead, 1), record(gap, 2), Record(TOPIC, 0, 9, b"nothing readable")
    for _ in range(3):
        await inbox.take([first, early])
        await inbox.take([broken])
    grown = {name: value(f"events_{name}_total", topic=TOPIC) - before[name] for name in names}
    assert grown == {"applied": 1, "repeated": 2, "held": 1, "parked": 1}
    await Gauges(database).refresh()
    assert (value("held"), value("parked")) == (1, 1)
    assert 0 <= value("held_age_seconds") < 60
    assert 0 <= value("parked_age_seconds") < 60
    await database.close()


async def test_a_relay_tells_what_it_published_and_the_inbox_how_far_it_is(
    new_database: NewDatabase, broker: Broker
) -> None:
    from shared.worker import Worker

    speaker, hearer = await new_database("discipline"), await new_database("publicity")
    saying, hearing = Database(speaker.url), Database(hearer.url)
    common: Any = {"region": "999999", "address": broker.address, "handlers": {}, "timers": {}}
    out = Worker(service="discipline", database=saying, signer=signer("discipline"), **common)
    before = value("events_published_total", topic="discipline.legs")
    await say(saying, 5)
    async with out.running():

        async def published() -> bool:
            return value("events_published_total", topic="discipline.legs") >= before + 5

        await until(published, 60, "nothing was published")
        await Gauges(saying, out).refresh()
        assert value("relay_state", state="active") == 1
        assert value("relay_epoch") == 1
        assert value("outbox_lag_rows") == 0
    heard = Worker(service="publicity", database=hearing, signer=signer("publicity"), **common)
    assert heard.consume is not None
    async with heard.running():

        async def at_the_end() -> bool:
            lag = await heard.consume.lag() if heard.consume and heard.consume.ready else {"x": 1}
            return not any(lag.values())

        await until(at_the_end, 60, "the lag does not go down to 0")
        heard.consume.in_hand = dict.fromkeys(heard.consume._client.assignment(), 0)
        stuck = await heard.consume.lag()
        assert stuck["discipline.legs"] >= 5, "what was fetched and is not applied counts as lag"
        heard.consume.in_hand = {}
