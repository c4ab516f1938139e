"""The inbox: each event once and in order, whatever is repeated, missing, early or broken."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from shared import audit, ops
from shared.contracts.envelope import day_of
from shared.contracts.intake import After as AfterEvent
from shared.contracts.intake import LeadAssigned, LeadClassified, LeadReceived, VerificationFactsSealed
from shared.contracts.verification import WorkAccepted
from shared.db import Database, Transaction
from shared.errors import Invalid, NotFound, NotYet
from shared.inbox import Handlers, InBatches, Inbox, OwnerRestored, Received, Record
from tests.conftest import NewDatabase
from tests.support.builders import NOON, envelope
from tests.support.postgres import Copy

TOPIC = "intake.leads"


def now() -> datetime:
    return datetime.now(UTC)


def classified(lead: UUID) -> LeadClassified:
    return LeadClassified(
        lead_id=lead, tier="evil", level="key", area_codes=("site",), manifestation_codes=(), effective_at=NOON
    )


def record(lead: UUID, sequence: int, *, event_id: UUID | None = None, value: bytes | None = None) -> Record:
    return Record(TOPIC, 0, sequence, value or envelope(classified(lead), sequence, event_id=event_id))


def box_after(lead: UUID, number: int = 1) -> VerificationFactsSealed:
    """Facts that can be kept when this event of their lead was applied."""
    after = AfterEvent(topic=TOPIC, subject=str(lead), sequence=number)
    return VerificationFactsSealed(lead_id=lead, after=after, sealed=None, effective_at=NOON)


class Hearer:
    """A service that notes every event it applies, as rows; `broken` sequences fail as a fault in its code would."""

    def __init__(self, copy: Copy) -> None:
        self.copy, self.database = copy, Database(copy.url)
        self.broken: set[int] = set()
        self.inbox = self.another()

    def another(self) -> Inbox:
        handlers: Handlers = {
            LeadClassified: self._note,
            VerificationFactsSealed: self._needs_assignment,
            LeadAssigned: self._note,
            LeadReceived: self._note,
        }
        return Inbox(self.database, handlers, clock=now)

    async def _note(self, tx: Transaction, _: Any, received: Received) -> None:
        if received.sequence in self.broken:
            raise KeyError("a secret of 张三")
        await audit.record(tx, None, "noted", received.subject, at=received.at, detail={"n": received.sequence})

    async def _needs_assignment(self, tx: Transaction, event: VerificationFactsSealed, received: Received) -> None:
        if event.after.sequence not in await self.noted(event.lead_id, tx=tx):
            raise NotYet(event.after.topic, event.after.subject, event.after.sequence)
        await audit.record(tx, None, "box", received.subject, at=received.at, detail={"n": received.sequence})

    async def noted(self, lead: UUID, action: str = "noted", tx: Transaction | None = None) -> list[int]:
        statement = "select (detail ->> 'n')::int from audit_log where subject = $1 and action = $2 order by position"
        if tx is not None:
            connection: Any = (await tx.get_raw_connection()).driver_connection
            return [row[0] for row in await connection.fetch(statement, str(lead), action)]
        rows = await self.copy.server.run_async(
            statement.replace("$1", f"'{lead}'").replace("$2", f"'{action}'"), database=self.copy.name
        )
        return [row[0] for row in rows]

    async def transactions(self) -> int:
        """How many there were that wrote something."""
        [[xid]] = await self.copy.server.run_async("select pg_current_xact_id()::text::bigint", database=self.copy.name)
        return int(xid)

    async def count(self, table: str) -> int:
        rows = await self.copy.server.run_async(f"select count(*) from {table}", database=self.copy.name)
        return int(rows[0][0])


@pytest_asyncio.fixture
async def hearer(new_database: NewDatabase) -> AsyncIterator[Hearer]:
    hearer = Hearer(await new_database("verification"))
    yield hearer
    await hearer.database.close()


async def test_repeats_are_applied_once_in_one_batch_and_across_batches(hearer: Hearer) -> None:
    lead = uuid4()
    records = [record(lead, n) for n in (1, 2)]
    await hearer.inbox.take([records[0], records[0], records[1], records[0]])
    await hearer.inbox.take(records)
    assert await hearer.noted(lead) == [1, 2]


async def test_what_comes_too_early_is_held_until_the_gap_closes(hearer: Hearer) -> None:
    lead, other = uuid4(), uuid4()
    await hearer.inbox.take([record(lead, 3), record(lead, 2), record(lead, 4), record(other, 1)])
    assert (await hearer.noted(lead), await hearer.noted(other)) == ([], [1])
    assert await hearer.count("held") == 3
    waiting = await ops.list_held(hearer.database)
    assert {row["because"] for row in waiting} == {"number 1 of this subject has not come"}
    await hearer.inbox.take([record(lead, 1)])
    assert await hearer.noted(lead) == [1, 2, 3, 4]
    assert await hearer.count("held") == 0


async def test_what_needs_another_topic_is_held_until_that_is_applied(hearer: Hearer) -> None:
    lead = uuid4()
    early = Record("intake.sealed-verification", 0, 0, envelope(box_after(lead, 2), 1))
    await hearer.inbox.take([early, record(lead, 1)])
    assert await hearer.noted(lead, "box") == []
    [held] = await ops.list_held(hearer.database)
    assert held["because"] == f"{TOPIC} {lead} 2 is not applied here yet"
    await hearer.inbox.take([record(lead, 2)])
    assert await hearer.noted(lead, "box") == [1]
    assert await hearer.count("held") == 0


@pytest.mark.parametrize("bad", [(), (250,), (0, 1, 499)])
async def test_a_broken_one_among_five_hundred_costs_a_few_transactions(hearer: Hearer, bad: tuple[int, ...]) -> None:
    leads = [uuid4() for _ in range(500)]
    records = [
        Record(TOPIC, 0, n, b"no json" if n in bad else envelope(classified(lead), 1)) for n, lead in enumerate(leads)
    ]
    before = await hearer.transactions()
    await hearer.inbox.take(records)
    begun = await hearer.transactions() - before
    assert await hearer.count("audit_log") == 500 - len(bad)
    assert await hearer.count("parked") == len(bad)
    # of each: what is before it, a look at it, its parking; not one of each record
    assert begun < 50


async def test_a_whole_batch_that_waits_for_another_topic_costs_two_transactions(hearer: Hearer) -> None:
    leads = [uuid4() for _ in range(200)]
    boxes = [
        Record("intake.sealed-verification", 0, n, envelope(box_after(lead), number))
        for n, (lead, number) in enumerate((lead, number) for lead in leads for number in (1, 2))
    ]
    before = await hearer.transactions()
    await hearer.inbox.take([*boxes[:250], record(uuid4(), 1), *boxes[250:]])
    assert await hearer.transactions() - before <= 4
    assert (await hearer.count("held"), await hearer.count("audit_log")) == (400, 1)
    await hearer.inbox.take([record(lead, 1) for lead in leads])
    assert await hearer.count("held") == 0
    assert [await hearer.noted(lead, "box") for lead in leads[::50]] == [[1, 2]] * 4


async def test_where_the_end_of_a_batch_fails_the_bad_one_is_found_by_halves(hearer: Hearer) -> None:
    leads, calls = [uuid4() for _ in range(64)], []

    async def all_at_once(tx: Transaction, heard: Any) -> None:
        calls.append(len(heard))
        if any(event.lead_id == leads[40] for event, _ in heard):
            raise KeyError
        await audit.record(tx, None, "noted", str(len(heard)), at=NOON)

    inbox = Inbox(hearer.database, {LeadClassified: InBatches(all_at_once)}, clock=now)
    await inbox.take([record(lead, 1) for lead in leads])
    [parked] = await ops.list_parked(hearer.database)
    assert parked["subject"] == str(leads[40])
    assert await hearer.count("inbox where last = 1") == 63
    assert len(calls) < 16


async def test_a_broken_event_is_parked_others_go_on_and_replay_lets_its_followers_through(hearer: Hearer) -> None:
    lead, other = uuid4(), uuid4()
    hearer.broken = {2}
    await hearer.inbox.take([record(lead, 1), record(lead, 2), record(lead, 3), record(other, 1)])
    await hearer.inbox.take([record(lead, 4), record(lead, 2)])
    assert (await hearer.noted(lead), await hearer.noted(other)) == ([1], [1])
    [parked] = await ops.list_parked(hearer.database)
    assert (parked["subject"], parked["sequence"]) == (str(lead), 2)
    waiting = await ops.list_held(hearer.database)
    assert {row["because"] for row in waiting} == {"number 2 of this subject is parked"}
    assert parked["fault"].startswith("KeyError at ")
    assert "张三" not in parked["fault"]
    here = (TOPIC, str(lead), 2)
    with pytest.raises(KeyError):
        await ops.replay(hearer.inbox, *here, reason="再试一次看看", at=now())
    assert await hearer.count("parked") == 1
    hearer.broken = set()
    with pytest.raises(Invalid):
        await ops.replay(hearer.inbox, *here, reason=" ", at=now())
    await ops.replay(hearer.inbox, *here, reason="缺陷已修复", at=now())
    assert await hearer.noted(lead) == [1, 2, 3, 4]
    assert await hearer.count("parked") + await hearer.count("held") == 0
    with pytest.raises(NotFound):
        await ops.replay(hearer.inbox, *here, reason="缺陷已修复", at=now())
    rows = await hearer.copy.server.run_async(
        "select purpose from audit_log where action = 'event.replay'", database=hearer.copy.name
    )
    assert [row[0] for row in rows] == ["缺陷已修复"]


async def test_an_operator_skips_what_will_never_be_applied(hearer: Hearer) -> None:
    lead = uuid4()
    hearer.broken = {2}
    await hearer.inbox.take([record(lead, n) for n in (1, 2, 3)])
    with pytest.raises(Invalid):
        await ops.skip(hearer.inbox, TOPIC, str(lead), 3, reason="不是下一个", at=now())
    await ops.skip(hearer.inbox, TOPIC, str(lead), 2, reason="来源已作废该事件", at=now())
    assert await hearer.noted(lead) == [1, 3]
    with pytest.raises(NotFound):
        await ops.skip(hearer.inbox, TOPIC, str(uuid4()), 1, reason="没有这个主题", at=now())


@pytest.mark.parametrize(
    "change",
    [
        {"value": b"\xff\xfe not json"},
        {"value": b"{}"},
        {"value": b""},
        {"specversion": "0.3"},
        {"sequence": "0"},
        {"sequence": "x"},
        {"subject": "张三 13800000000"},
        {"id": "1"},
    ],
)
async def test_a_record_that_cannot_be_read_is_parked_without_stopping_the_rest(
    hearer: Hearer, change: dict[str, Any]
) -> None:
    lead = uuid4()
    value = change.get("value")
    broken = Record(TOPIC, 3, 77, value if value is not None else envelope(classified(lead), 1, **change))
    await hearer.inbox.take([broken, record(lead, 1)])
    await hearer.inbox.take([broken])
    assert await hearer.noted(lead) == [1]
    [parked] = await ops.list_parked(hearer.database)
    assert (parked["subject"], parked["sequence"]) == ("3:77", 0)
    assert parked["fault"].startswith("Unparsable")
    assert "张三" not in parked["fault"]
    await ops.skip(hearer.inbox, TOPIC, "3:77", 0, reason="无法读取的记录", at=now())
    await hearer.inbox.take([broken])
    assert await hearer.count("parked") == 0, "what was skipped does not come back when the topic is read again"
    await hearer.inbox.take([Record(TOPIC, 3, 77, b"something else, on a topic made anew")])
    assert await hearer.count("parked") == 1


async def test_data_that_do_not_fit_their_class_or_topic_are_parked_under_their_subject(hearer: Hearer) -> None:
    lead = uuid4()
    wrong = envelope(classified(lead), 1, data={"lead_id": str(lead)})
    await hearer.inbox.take([Record(TOPIC, 0, 0, wrong)])
    elsewhere = uuid4()
    await hearer.inbox.take([Record("discipline.legs", 0, 0, envelope(classified(elsewhere), 1))])
    found = await ops.list_parked(hearer.database)
    assert [(row["subject"], row["sequence"]) for row in found] == [(str(lead), 1), (str(elsewhere), 1)]
    # what tells its day only is set aside by the day: the minute could be matched with who stood at a counter then (G22)
    by_day = envelope(classified(lead), 1, type="xiansuo.intake.lead.received.v1", subject="reported")
    await hearer.inbox.take([Record(TOPIC, 0, 0, by_day)])
    [first, *rest] = await ops.list_parked(hearer.database)
    assert (first["subject"], first["parked_at"]) == ("reported", day_of(first["parked_at"]))
    assert all(row["parked_at"] != day_of(row["parked_at"]) for row in rest)


async def test_types_of_later_versions_pass_and_keep_the_count(hearer: Hearer) -> None:
    lead = uuid4()
    later = envelope(classified(lead), 1, type="xiansuo.intake.lead.renamed.v9")
    unheard = WorkAccepted(
        work_id=uuid4(),
        lead_id=lead,
        unit="GA",
        verifier_count=2,
        plan_on_file=True,
        recusals_on_file=True,
        effective_at=NOON,
    )
    await hearer.inbox.take([Record(TOPIC, 0, 0, later), record(lead, 2)])
    await hearer.inbox.take([Record("verification.works", 0, 0, envelope(unheard, 1))])
    assert await hearer.noted(lead) == [2]
    assert await hearer.count("parked") == 0


async def test_the_same_number_under_another_id_stops_everything(hearer: Hearer) -> None:
    lead = uuid4()
    await hearer.inbox.take([record(lead, 1)])
    with pytest.raises(OwnerRestored, match="restored"):
        await hearer.inbox.take([record(lead, 1, event_id=uuid4())])
    assert await hearer.noted(lead) == [1]


async def test_a_fault_that_passes_by_itself_is_raised_and_parks_nothing(hearer: Hearer) -> None:
    lead = uuid4()
    away = Inbox(Database(hearer.copy.url.replace(hearer.copy.name, "nowhere")), {}, clock=now)
    with pytest.raises(Exception, match="nowhere"):
        await away.take([record(lead, 1)])
    await away.database.close()
    await hearer.inbox.take([record(lead, 1)])
    assert await hearer.noted(lead) == [1]


async def test_two_instances_fed_in_disorder_with_repeats_apply_each_event_once_in_order(hearer: Hearer) -> None:
    chance = random.Random(7)
    leads = [uuid4() for _ in range(12)]
    ids = {(lead, n): uuid4() for lead in leads for n in range(1, 21)}
    everything = [record(lead, n, event_id=event_id) for (lead, n), event_id in ids.items()]

    async def feed(inbox: Inbox) -> None:
        order = everything + chance.sample(everything, 120)
        chance.shuffle(order)
        for start in range(0, len(order), 25):
            await inbox.take(order[start : start + 25])

    await asyncio.gather(feed(hearer.inbox), feed(hearer.another()))
    await hearer.inbox.release()
    for lead in leads:
        assert await hearer.noted(lead) == list(range(1, 21))
    assert await hearer.count("held") + await hearer.count("parked") == 0


async def test_an_operator_can_skip_the_first_event_of_a_subject(hearer: Hearer) -> None:
    lead = uuid4()
    hearer.broken = {1}
    await hearer.inbox.take([record(lead, 1), record(lead, 2)])
    assert await hearer.noted(lead) == []
    await ops.skip(hearer.inbox, TOPIC, str(lead), 1, reason="伪造的记录", at=now())
    assert await hearer.noted(lead) == [2]
    assert (await hearer.count("parked"), await hearer.count("held")) == (0, 0)
