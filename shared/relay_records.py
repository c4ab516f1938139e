"""What stands in the outbox as Kafka will have it: a CloudEvent a row, its key, partition and timestamp. Nothing is sent here."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from shared import kafka, tracing
from shared.contracts.catalogue import DAY_TYPES, SEALED_TOPICS
from shared.contracts.envelope import day_of, rfc3339, schema_of
from shared.contracts.topics import TOPICS
from shared.kafka import TopicPartition

_quoted = json.encoder.encode_basestring
"""A text as JSON, Chinese as it is."""


class Page(NamedTuple):
    """Rows as records, in position order: per partition key, value, id, and the timestamp if it is not that of its sending."""

    rows: int
    last_position: int
    queues: dict[TopicPartition, list[tuple[bytes, bytes, UUID, int | None]]]
    traced: list[tuple[str, str, int]]


class Records:
    """The records of one service's outbox."""

    def __init__(self, *, source: str, region: str, clock: Callable[[], float]) -> None:
        self.source, self.region, self.clock = source, region, clock
        self._constants: dict[str, str] = {}

    def page(self, rows: Sequence[Any]) -> Page:
        """Rows in position order as records."""
        traced: list[tuple[str, str, int]] = []
        today = day_of(datetime.fromtimestamp(self.clock(), UTC))
        by_topic: dict[str, list[list[tuple[bytes, bytes, UUID, int | None]]]] = {}
        said: datetime | None = None
        at, day_stamp = "", 0
        for row in rows:
            topic, key, event_id, kind = row["topic"], row["partition_key"], row["id"], row["type"]
            # many of a page were said at once, and whatever tells the day alone bears the same instant all day
            if row["recorded_at"] != said:
                said = row["recorded_at"]
                at, day_stamp = rfc3339(said), stamp_of(said, today)
            if (partitions := by_topic.get(topic)) is None:
                partitions = by_topic[topic] = [[] for _ in range(TOPICS[topic].partitions)]
            number = kafka.partition_of(key, len(partitions))
            stamp = day_stamp if kind in DAY_TYPES else None
            partitions[number].append((key.encode(), self._envelope(row, kind, event_id, key, at), event_id, stamp))
            if tracing.on and row["traceparent"]:
                traced.append((row["traceparent"], topic, number))
        queues = {
            TopicPartition(topic, number): queue
            for topic, partitions in by_topic.items()
            for number, queue in enumerate(partitions)
            if queue
        }
        return Page(len(rows), rows[-1]["position"] if rows else 0, queues, traced)

    def _envelope(self, row: Any, kind: str, event_id: UUID, key: str, at: str) -> bytes:
        """The CloudEvent of a row, with its sealed box if it has one and it was not destroyed."""
        subject, parent, data = row["subject"], row["traceparent"], row["value"]
        quoted = _quoted(subject)
        trace = f',"traceparent":{_quoted(parent)}' if parent else ""
        head = (
            f'{self._constants.get(kind) or self._constant(kind)},"id":"{event_id}","subject":{quoted},'
            f'"time":"{at}","partitionkey":{quoted if key == subject else _quoted(key)},'
            f'"sequence":"{row["sequence"]}"{trace},"data":'
        )
        if row["topic"] in SEALED_TOPICS:
            box = {"key_id": row["key_id"], "box": row["box"]} if row["box"] else None
            data = data[:-1] + b',"sealed":' + json.dumps(box).encode() + b"}"
        return b"%b%b}" % (head.encode(), data)

    def _constant(self, kind: str) -> str:
        """The attributes that all events of a type share, as the beginning of their JSON, encoded once."""
        shared_by_all = {
            "specversion": "1.0",
            "source": self.source,
            "type": kind,
            "datacontenttype": "application/json",
            "dataschema": schema_of(kind),
            "region": self.region,
        }
        self._constants[kind] = json.dumps(shared_by_all, ensure_ascii=False, separators=(",", ":"))[:-1]
        return self._constants[kind]


def stamp_of(recorded_at: datetime, today: datetime) -> int:
    """The timestamp, in ms, of a record of which the day alone may be known. That day itself, so that what was said before midnight and
    published after it tells no minute; today's for anything else, as retention counts from it: a replay must not be deleted at once."""
    day = recorded_at if today - recorded_at == timedelta(days=1) else today
    return int(day.timestamp() * 1000)
