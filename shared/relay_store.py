"""The relay's statements: rows of the outbox by snapshot difference, and the cursor it saves. shared/relay.py decides what to do.

All functions work on the connection that holds the lock; the whole module is the port of `Relay` (`shared.relay.Store`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from shared.kafka import TopicPartition

LOCK = 0x72656C6179
"""The advisory lock's key ("relay"); each service has a database of its own."""
_COLUMNS = (
    "o.position, o.id, o.topic, o.subject, o.sequence, o.partition_key, o.type, o.value, o.recorded_at, "
    "o.traceparent, x.key_id, x.box"
)
# A look-up a row, whatever the planner thinks of the number of rows.
_BOX = "left join lateral (select key_id, box from outbox_sealed s where s.id = o.id offset 0) x on true"
# Ordered by a sum, so that the planner finds the rows by xid and never walks the whole outbox by position.
NEW_ROWS = f"""
select s.now, d.* from (select pg_current_snapshot()::text as now) s left join lateral (
  select {_COLUMNS} from (
    select * from (
      select * from outbox where xid >= pg_snapshot_xmax($1::text::pg_snapshot)
      union all
      select * from outbox where xid = any(array(select pg_snapshot_xip($1::text::pg_snapshot)))
    ) fresh order by position + 0 limit $2
  ) o {_BOX}
) d on true order by d.position
"""  # noqa: S608 - constants of this module
NEXT_PAGE = f"""
select {_COLUMNS} from (
  select * from outbox where position > $3 and (xid >= pg_snapshot_xmax($1::text::pg_snapshot)
    or xid = any(array(select pg_snapshot_xip($1::text::pg_snapshot)))) and pg_visible_in_snapshot(xid, $2::text::pg_snapshot)
  order by position limit $4
) o {_BOX} order by o.position
"""  # noqa: S608 - constants of this module
REPLAY_PAGE = f"""
select {_COLUMNS} from (
  select * from outbox where position > $2 and topic = any($3) and pg_visible_in_snapshot(xid, $1::text::pg_snapshot)
  order by position limit $4
) o {_BOX} order by o.position
"""  # noqa: S608 - constants of this module
TAKE_OVER = """
insert into relay (shard, epoch, snapshot) values (0, 1, '1:1:')
on conflict (shard) do update set epoch = relay.epoch + 1
returning epoch, snapshot, catching_up_to, page_position, replay_topics, cluster_id
"""
# One statement, which is the transaction: it is waited for after each page.
SAVE = """
with saved as (
  update relay set snapshot = $2, catching_up_to = $3, page_position = $4, replay_topics = $5, cluster_id = $6
  where shard = 0 and epoch = $1 returning shard
), offsets as (
  insert into relay_offsets (topic, partition, next_offset, last_id)
  select o.* from unnest($7::text[], $8::smallint[], $9::bigint[], $10::uuid[]) o cross join saved
  on conflict (topic, partition) do update set next_offset = excluded.next_offset, last_id = excluded.last_id
)
select count(*) from saved
"""
SAVE_LOGS = """
insert into relay_logs (topic, log) select * from unnest($1::text[], $2::bigint[])
on conflict (topic) do update set log = excluded.log
"""


class End(NamedTuple):
    """Where a partition ended when a batch was acknowledged."""

    offset: int
    """One past its last record."""
    last_id: UUID | None
    """Id of that record; None where it was not written down."""


NO_END = End(0, None)


@dataclass(slots=True)
class Cursor:
    """How far the relay is, as it stands in the tables `relay`, `relay_offsets` and `relay_logs`."""

    epoch: int
    snapshot: str
    catching_up_to: str | None = None
    page_position: int = 0
    replaying: list[str] = field(default_factory=list)
    cluster: str | None = None
    offsets: dict[TopicPartition, End] = field(default_factory=dict)
    logs: dict[str, int] = field(default_factory=dict)
    """Topic → the number that its records carry since it was filled again; none before the first time."""
    moved: set[TopicPartition] = field(default_factory=set)
    """Partitions whose offset is not saved yet."""

    def ends(self, target: TopicPartition, end: End) -> None:
        """The partition was acknowledged up to there."""
        self.offsets[target] = end
        self.moved.add(target)


async def try_lock(connection: Any) -> bool:
    """Become the one relay of this service, for as long as the connection lives; False when another one is."""
    return bool(await connection.fetchval("select pg_try_advisory_lock($1)", LOCK))


async def take_over(connection: Any) -> Cursor:
    """Raise the epoch and read the cursor."""
    row = await connection.fetchrow(TAKE_OVER)
    offsets = await connection.fetch("select topic, partition, next_offset, last_id from relay_offsets")
    logs = await connection.fetch("select topic, log from relay_logs")
    return Cursor(
        row["epoch"],
        row["snapshot"],
        row["catching_up_to"],
        row["page_position"],
        (row["replay_topics"] or "").split(),
        row["cluster_id"],
        {
            TopicPartition(known["topic"], known["partition"]): End(known["next_offset"], known["last_id"])
            for known in offsets
        },
        {known["topic"]: known["log"] for known in logs},
    )


async def new_rows(connection: Any, since: str, limit: int) -> tuple[str, Sequence[Any]]:
    """The snapshot of now, and the first rows that are visible in it and were not in `since`."""
    rows = await connection.fetch(NEW_ROWS, since, limit)
    return rows[0]["now"], [row for row in rows if row["position"] is not None]


async def next_page(connection: Any, since: str, until: str, position: int, limit: int) -> Sequence[Any]:
    """Rows beyond `position` that are visible in `until` and were not in `since`."""
    return list(await connection.fetch(NEXT_PAGE, since, until, position, limit))


async def replay_page(connection: Any, until: str, position: int, topics: list[str], limit: int) -> Sequence[Any]:
    """Rows of these topics beyond `position` that are visible in `until`."""
    return list(await connection.fetch(REPLAY_PAGE, until, position, topics, limit))


async def save(connection: Any, cursor: Cursor, *, forget: Sequence[str] = ()) -> bool:
    """Write the cursor down; False when another relay has taken over since. The offsets of the topics to `forget` go in the same
    transaction, and the numbers of their logs come: without them nobody would see again that the broker is behind."""
    if not forget:
        return await _save(connection, cursor)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("delete from relay_offsets where topic = any($1)", forget)
    await connection.execute(SAVE_LOGS, forget, [cursor.logs[topic] for topic in forget])
    saved = await _save(connection, cursor)
    await (transaction.commit() if saved else transaction.rollback())
    return saved


async def _save(connection: Any, cursor: Cursor) -> bool:
    moved = [(target, cursor.offsets[target]) for target in cursor.moved if target in cursor.offsets]
    done = await connection.fetchval(
        SAVE,
        cursor.epoch,
        cursor.snapshot,
        cursor.catching_up_to,
        cursor.page_position,
        " ".join(cursor.replaying) or None,
        cursor.cluster,
        [target.topic for target, _ in moved],
        [target.partition for target, _ in moved],
        [end.offset for _, end in moved],
        [end.last_id for _, end in moved],
    )
    cursor.moved.clear()
    return bool(done)
