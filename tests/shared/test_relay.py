"""The relay on a real broker: everything said arrives, in order, also when the broker is replaced, emptied, paused or forgets a topic."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from shared import kafka, outbox, restore
from shared.consumer import Consume
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.discipline import LegEnded, LegOpened, LegReceived
from shared.contracts.envelope import SealedBox, day_of, parse
from shared.contracts.intake import After, VerificationFactsSealed
from shared.contracts.passed import LetterRead, ReportPassed
from shared.contracts.topics import TOPICS
from shared.db import Database
from shared.inbox import Inbox
from shared.kafka import TopicPartition
from shared.relay import Relay
from shared.relay_records import stamp_of
from shared.worker import Worker
from tests.conftest import NewDatabase
from tests.support.builders import DAY, NOON
from tests.support.kafka import Broker
from tests.support.postgres import Copy
from tests.support.running import until
from tests.support.signing import signer

LEGS = "discipline.legs"
STEPS = (LegOpened, LegReceived, LegEnded)


class Speaker:
    """A service that says things, and its relays."""

    def __init__(self, copy: Copy, broker: Broker, **options: Any) -> None:
        self.copy, self.broker, self.options = copy, broker, options
        self.database = Database(copy.url)
        self.tasks: list[asyncio.Task[None]] = []
        self.legs: list[UUID] = []

    def relay(self) -> Relay:
        relay = Relay(
            self.database,
            self.broker.address,
            service=self.copy.service,
            region="999999",
            check_every=1.0,
            **self.options,
        )
        self.tasks.append(asyncio.create_task(relay.run()))
        return relay

    async def say(self, legs: int, *, rounds: int = 3) -> None:
        for _ in range(legs):
            leg, lead = uuid4(), uuid4()
            self.legs.append(leg)
            for step in STEPS[:rounds]:
                async with self.database.transaction() as tx:
                    event = step(leg_id=leg, dual_assignment_id=uuid4(), lead_id=lead, effective_at=NOON)
                    await outbox.put(tx, event, at=datetime.now(UTC))

    async def heard(self) -> dict[str, list[int]]:
        """Leg → its numbers as they stand on the topic, repeats included."""
        found: dict[str, list[int]] = {str(leg): [] for leg in self.legs}
        for envelope in await self.broker.records(LEGS):
            if envelope.subject in found:
                found[envelope.subject].append(envelope.number)
        return found

    async def complete(self) -> bool:
        return all(set(numbers) == {1, 2, 3} for numbers in (await self.heard()).values())

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.database.close()


def first_times(numbers: list[int]) -> list[int]:
    return list(dict.fromkeys(numbers))


@pytest_asyncio.fixture
async def speaker(new_database: NewDatabase, broker: Broker) -> AsyncIterator[Speaker]:
    speaker = Speaker(await new_database("discipline"), broker)
    yield speaker
    await speaker.stop()


async def test_what_is_said_arrives_once_in_order_and_is_a_cloudevent(speaker: Speaker) -> None:
    speaker.relay()
    await speaker.say(30)
    await until(speaker.complete, 20, "not all arrived")
    heard = await speaker.heard()
    assert set(map(tuple, heard.values())) == {(1, 2, 3)}
    ours = [e for e in await speaker.broker.records(LEGS) if e.subject == str(speaker.legs[0])]
    assert [type(parse(BY_TYPE, envelope)) for envelope in ours] == list(STEPS)
    assert {(e.source, e.region, e.dataschema.split("/")[0]) for e in ours} == {
        ("/xiansuo/999999/discipline", "999999", "schemas")
    }


async def test_a_rolled_back_word_is_never_heard(speaker: Speaker) -> None:
    speaker.relay()
    leg = uuid4()
    with suppress(RuntimeError):
        async with speaker.database.transaction() as tx:
            event = LegOpened(leg_id=leg, dual_assignment_id=uuid4(), lead_id=uuid4(), effective_at=NOON)
            await outbox.put(tx, event, at=NOON)
            raise RuntimeError
    await speaker.say(1)
    await until(speaker.complete, 20, "not all arrived")
    assert str(leg) not in {envelope.subject for envelope in await speaker.broker.records(LEGS)}


async def test_a_topic_made_anew_is_filled_again_and_who_hears_it_begins_again(
    new_database: NewDatabase, speaker: Speaker
) -> None:
    speaker.relay()
    hearing = await new_database("publicity")
    database = Database(hearing.url)
    inbox = Inbox(database, {}, clock=lambda: datetime.now(UTC))
    consume = Consume(inbox, speaker.broker.address, service="publicity", rewind_after=600, tail_every=1)
    listening = asyncio.create_task(consume.run())
    marks = "select count(*) from inbox where topic = 'discipline.legs' and last = 3 and subject = any('{%s}')"

    async def heard() -> bool:
        legs = ",".join(map(str, speaker.legs))
        rows = await hearing.server.run_async(marks % legs, database=hearing.name)
        return bool(rows[0][0] == len(speaker.legs))

    try:
        await speaker.say(20)
        await until(speaker.complete, 20, "not all arrived")
        await until(heard, 20, "not all was heard")
        await asyncio.to_thread(speaker.broker.remake, LEGS)
        await speaker.say(5)
        await until(speaker.complete, 40, "the topic was not filled again")
        assert {tuple(first_times(numbers)) for numbers in (await speaker.heard()).values()} == {(1, 2, 3)}
        await until(heard, 20, "not all was heard again")

        async def known() -> bool:
            return {target.topic for target in consume.logs} == {LEGS}

        await until(known, 20, "nobody saw that the log is another one")
    finally:
        consume.stop()
        await listening
        await database.close()


async def test_a_log_that_was_lifted_to_its_old_end_is_known_by_what_stands_there(speaker: Speaker) -> None:
    targets = [TopicPartition(LEGS, number) for number in range(TOPICS[LEGS].partitions)]
    speaker.relay()
    await speaker.say(5)
    await until(speaker.complete, 20, "not all arrived")
    speaker.tasks[0].cancel()
    await asyncio.wait(speaker.tasks)
    ends = await kafka.end_offsets(speaker.broker.address, "looking", targets)
    await asyncio.to_thread(speaker.broker.remake, LEGS)
    await asyncio.to_thread(speaker.broker.lift, ends)
    assert await kafka.end_offsets(speaker.broker.address, "looking", targets) == ends
    speaker.relay()
    await until(speaker.complete, 40, "the topic was not filled again")


@pytest.mark.parametrize("beyond", [0, 5])
async def test_a_look_at_a_log_that_was_made_anew_meanwhile_ends(speaker: Speaker, beyond: int) -> None:
    """It would have waited for a record there as long as nobody speaks, and the relay with it."""
    target = TopicPartition(LEGS, 0)
    ends = await kafka.end_offsets(speaker.broker.address, "looking", [target])
    with pytest.raises(kafka.KafkaError):
        await asyncio.wait_for(kafka.values_at(speaker.broker.address, "looking", {target: ends[target] + beyond}), 30)


async def test_another_broker_is_filled_from_the_beginning(speaker: Speaker) -> None:
    speaker.relay()
    await speaker.say(20)
    await until(speaker.complete, 20, "not all arrived")
    await asyncio.to_thread(speaker.broker.replace)
    await speaker.say(5)
    await until(speaker.complete, 60, "the other broker was not filled")
    assert {tuple(first_times(numbers)) for numbers in (await speaker.heard()).values()} == {(1, 2, 3)}


async def test_a_batch_that_expires_under_a_paused_broker_keeps_the_order(
    new_database: NewDatabase, broker: Broker
) -> None:
    speaker = Speaker(await new_database("discipline"), broker, request_timeout=1.5)
    try:
        relay = speaker.relay()
        await speaker.say(5)
        await until(speaker.complete, 20, "not all arrived")
        broker.kafka.pause()
        try:
            speaking = asyncio.create_task(speaker.say(60))

            async def gave_up() -> bool:
                return relay.state == "retrying"

            await until(gave_up, 30, "the relay waits for ever")
            await speaking
        finally:
            broker.kafka.resume()
        await until(speaker.complete, 60, "not all arrived after the pause")
        assert {tuple(first_times(numbers)) for numbers in (await speaker.heard()).values()} == {(1, 2, 3)}
    finally:
        await speaker.stop()


async def test_of_two_relays_one_works_and_the_other_takes_over(speaker: Speaker) -> None:
    first, second = speaker.relay(), speaker.relay()

    async def one_works() -> bool:
        return {first.state, second.state} == {"active", "standby"}

    await until(one_works, 20, "not one active, one standby")
    speaking = asyncio.create_task(speaker.say(200))
    for _ in range(4):
        await asyncio.sleep(0.15)
        await speaker.copy.server.run_async(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()"
            f" and database = (select oid from pg_database where datname = '{speaker.copy.name}')"
        )
    await speaking
    await until(speaker.complete, 30, "not all arrived")
    assert {tuple(first_times(numbers)) for numbers in (await speaker.heard()).values()} == {(1, 2, 3)}
    await until(one_works, 20, "not one active, one standby again")


async def test_a_destroyed_box_is_empty_in_every_replay(new_database: NewDatabase, broker: Broker) -> None:
    speaker = Speaker(await new_database("intake"), broker)
    topic, lead = "intake.sealed-verification", uuid4()
    after = After(topic="intake.leads", subject=str(lead), sequence=1)

    async def boxes() -> list[Any]:
        return [e.data["sealed"] for e in await broker.records(topic) if e.subject == str(lead)]

    async def heard(number: int) -> None:
        async def enough() -> bool:
            return len(await boxes()) >= number

        await until(enough, 40, "not all arrived")

    try:
        speaker.relay()
        async with speaker.database.transaction() as tx:
            sealed = SealedBox(key_id="k", box="AAAA")
            event = VerificationFactsSealed(lead_id=lead, after=after, sealed=sealed, effective_at=NOON)
            await outbox.put(tx, event, at=NOON)
        await heard(1)
        assert await boxes() == [{"key_id": "k", "box": "AAAA"}]
        await speaker.copy.server.run_async("delete from outbox_sealed", database=speaker.copy.name)
        await asyncio.to_thread(broker.remake, topic)
        await heard(1)
        assert await boxes() == [None]
    finally:
        await speaker.stop()


@pytest.mark.rule("G22")
def test_a_stamp_is_its_own_day_or_today() -> None:
    today = day_of(NOON)
    yesterday = today - timedelta(days=1)
    assert stamp_of(today, today) == stamp_of(yesterday, yesterday) + 86_400_000 == today.timestamp() * 1000
    assert stamp_of(yesterday, today) == yesterday.timestamp() * 1000, "said before midnight, published after it"
    for other in (today - timedelta(days=2), today + timedelta(days=1), datetime(2001, 1, 1, tzinfo=UTC)):
        assert stamp_of(other, today) == today.timestamp() * 1000, "a replay is kept as long as anything new"


@pytest.mark.rule("G22")
async def test_a_record_of_which_the_day_alone_may_be_known_has_no_minute_on_the_broker(
    new_database: NewDatabase, broker: Broker
) -> None:
    speaker, report = Speaker(await new_database("intake"), broker), uuid4()
    days = [
        LetterRead(report_id=report, number=1, on=DAY),
        ReportPassed(report_id=report, received_on=DAY, sealed=None),
    ]
    after = After(topic="intake.leads", subject="x", sequence=1)
    exact = VerificationFactsSealed(lead_id=report, after=after, sealed=None, effective_at=NOON)
    found: dict[str, Any] = {}

    async def arrived() -> bool:
        async for record in kafka.read_all(broker.address, "looking", [event.TOPIC for event in (*days, exact)]):
            if record.key == str(report).encode():
                found[record.topic] = record
        return len(found) == 3

    try:
        began = datetime.now(UTC)
        speaker.relay()
        for event in (*days, exact):
            async with speaker.database.transaction() as tx:
                await outbox.put(tx, event, at=began)
        await until(arrived, 20, "not all arrived")
        midnights = {day_of(began).timestamp() * 1000, day_of(datetime.now(UTC)).timestamp() * 1000}
        assert {found[event.TOPIC].timestamp for event in days} <= midnights
        assert {found[event.TOPIC].timestamp_type for event in days} == {0}, "the writer's stamp, not the broker's"
        assert found[exact.TOPIC].timestamp >= int(began.timestamp() * 1000)
    finally:
        await speaker.stop()


async def test_a_restored_database_stops_with_a_clear_word_until_an_operator_accepts_it(speaker: Speaker) -> None:
    # the topic holds only what this owner says
    await asyncio.to_thread(speaker.broker.remake, "discipline.legs")
    await speaker.say(3)
    await speaker.copy.server.run_async(
        "update database_identity set timeline = timeline + 1", database=speaker.copy.name
    )
    worker = Worker(
        service="discipline",
        region="999999",
        database=speaker.database,
        address=speaker.broker.address,
        handlers={},
        timers={},
        signer=signer("discipline"),
    )
    async with worker.running():

        async def stopped() -> bool:
            return all(
                worker.state.get(name, "").startswith("stopped") for name in ("relay", "consume", "audit", "clock")
            )

        await until(stopped, 20, "a restored database went on")
        said = (await worker.problems())["relay"]
        assert "restored" in said
        assert "accept-restore" in said
    assert not any((await speaker.heard()).values())
    owner = Database(speaker.copy.owner_url)
    await restore.accept(
        owner, speaker.broker.address, {}, service="discipline", reason="已与其他服务核对", at=datetime.now(UTC)
    )
    await owner.close()
    speaker.database = Database(speaker.copy.url)
    speaker.relay()
    await until(speaker.complete, 20, "not all arrived after the operator's word")
