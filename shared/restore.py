"""After a restore: what this service said and forgot is learned again from its own topics, and what it heard is heard again.

A restored database has lost its last events, while other services have applied them. Saying other things under the same numbers would be
lost on them without a sound, for they skip what they know. So what was said stays said: each forgotten event goes back into the outbox
under its id and number, and the service's own table `own` brings the rows after it. All in one transaction, by the owner role, before
this server becomes the known one again; the offsets of its group go back to the beginning, and the inbox skips what it still knows.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from shared import audit, identity, kafka
from shared.audit_chain import START_ANEW
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.checkpoint import Checkpoint
from shared.contracts.envelope import Envelope, Event, SealedEvent, Unparsable, decode, parse
from shared.contracts.topics import TOPICS, read_by, written_by
from shared.db import Database, Transaction
from shared.errors import Invalid
from shared.inbox import Received
from shared.kafka import KafkaAddress
from shared.outbox import outbox, outbox_sealed, outbox_sequences
from shared.outbox import relay as relay_state

Own = Mapping[type[Event], Callable[[Transaction, Any, Received], Awaitable[None]]]
"""Event class → use case that brings this service's own rows after an event that it said and forgot."""

WAITS = 15
_STANDING = text(
    """select o.topic, o.subject, o.sequence, o.id from outbox o
       join unnest(cast(:topics as text[]), cast(:subjects as text[])) as k(topic, subject)
         on o.topic = k.topic and o.subject = k.subject"""
)


async def accept(
    database: Database, address: KafkaAddress, own: Own, *, service: str, reason: str, at: datetime
) -> dict[str, int]:
    """Learn again what was forgotten, make this server the known one, hear everything again. The service's processes are stopped.

    → how many events of each type were forgotten. Raises `Invalid` when the topics contradict the database, no longer hold what is
    missing, or hold a type that the service cannot learn again by itself; then nothing was changed.
    """
    if len(reason.strip()) < 5:
        raise Invalid(
            "请写明理由,至少五个字 / a reason of at least five characters is needed",
            fields=[("reason", "太短 / too short")],
        )
    # first, because it does no harm if what follows is refused
    if heard := [topic.name for topic in read_by(service)]:
        await _rewind(address, service, heard)
    said: dict[tuple[str, str, int], Envelope] = {}
    async for record in kafka.read_all(address, f"{service}-restore", [t.name for t in written_by(service)]):
        try:
            envelope = decode(record.value or b"")
        except Unparsable:
            continue  # not ours; each reader parked it
        if envelope.source.endswith(f"/{service}"):
            said.setdefault((record.topic, envelope.subject, envelope.number), envelope)
    counts: dict[str, int] = {}
    async with database.transaction() as tx:
        for topic, envelope in await _forgotten(tx, said):
            await _learn(tx, topic, envelope, own, at=at)
            counts[envelope.type] = counts.get(envelope.type, 0) + 1
        await begin_anew(tx)
        detail = {"forgotten": sum(counts.values())}
        await audit.record(tx, None, "database.accept-restore", "database", at=at, detail=detail, purpose=reason)
    return counts


async def begin_anew(tx: Transaction) -> None:
    """This server is the known one from now on: everything is published again, and the audit chain goes on where it ends."""
    await identity.write_down(tx)
    await tx.execute(
        update(relay_state).values(snapshot="1:1:", catching_up_to=None, page_position=0, replay_topics=None)
    )
    await tx.execute(START_ANEW)


async def _rewind(address: KafkaAddress, service: str, topics: Sequence[str]) -> None:
    """A member that was stopped a moment ago may count until its session ends, so ask for a while."""
    for attempt in range(WAITS):
        try:
            return await kafka.rewind(address, f"{service}-restore", group=service, topics=topics)
        except kafka.KafkaError as fault:
            if attempt == WAITS - 1:
                raise Invalid(
                    f"消费组{service}的位置无法回退({type(fault).__name__}),工作进程是否已停止? / "
                    f"the offsets of group {service} cannot be set back: are its workers stopped?"
                ) from None
        await asyncio.sleep(2)
    return None


async def _forgotten(tx: Transaction, said: Mapping[tuple[str, str, int], Envelope]) -> Sequence[tuple[str, Envelope]]:
    """What the topics hold and the outbox does not, without a gap, in the order of the topic matrix and the numbers."""
    keys = sorted({(topic, subject) for topic, subject, _ in said})
    standing: dict[tuple[str, str, int], UUID] = {}
    for start in range(0, len(keys), 1000):
        part = keys[start : start + 1000]
        rows = await tx.execute(_STANDING, {"topics": [k[0] for k in part], "subjects": [k[1] for k in part]})
        standing |= {(row.topic, row.subject, row.sequence): row.id for row in rows}
    order = list(TOPICS)
    found = []
    for key in sorted(said, key=lambda key: (order.index(key[0]), key[1], key[2])):
        topic, subject, number = key
        if key in standing:
            if standing[key] != said[key].id:
                raise Invalid(
                    f"{topic}/{subject} {number}:同一序号有两个编号,须人工处理 / "
                    "was said twice with different ids; this needs a person"
                )
        elif number > 1 and (topic, subject, number - 1) not in standing:
            raise Invalid(
                f"{topic}/{subject} {number}:前一序号在本库和主题中均已不存在 / "
                "the number before it stands neither here nor on the topic"
            )
        else:
            found.append((topic, said[key]))
            standing[key] = said[key].id
    return found


async def _learn(tx: Transaction, topic: str, envelope: Envelope, own: Own, *, at: datetime) -> None:
    data = dict(envelope.data)
    sealed = data.pop("sealed", None)
    value = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    position = {"topic": topic, "subject": envelope.subject}
    row = {**position, "id": envelope.id, "sequence": envelope.number, "partition_key": envelope.partitionkey}
    await tx.execute(insert(outbox), {**row, "type": envelope.type, "value": value, "recorded_at": envelope.time})
    if sealed:
        await tx.execute(insert(outbox_sealed), {"id": envelope.id, **sealed})
    last = upsert(outbox_sequences).values(**position, last=envelope.number)
    await tx.execute(last.on_conflict_do_update(index_elements=["topic", "subject"], set_={"last": envelope.number}))
    event = parse(BY_TYPE, envelope)
    handler = own.get(type(event)) if event is not None else None
    if handler is None:
        if isinstance(event, SealedEvent | Checkpoint):
            return  # the box, the signature, is all there is of it
        raise Invalid(
            f"{envelope.type}:本服务无法自行恢复此类事件 / was forgotten, and this service cannot learn it again by itself"
        )
    received = Received(
        envelope.id, envelope.type, topic, envelope.subject, envelope.number, envelope.region, envelope.time, at
    )
    await handler(tx, event, received)
