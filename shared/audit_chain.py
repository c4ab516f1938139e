"""Audit log → chain: what became visible since the last look is linked, hash upon hash, and the chain is signed from time to time.

The cursor is the relay's, the difference of two snapshots, so that no row that committed late is left out. One sealer a service is active,
by a lock on its connection; links and progress commit together under an epoch, so that a sealer that lost the lock without noticing can
add nothing, and number and position are unique, so that a chain cannot fork whatever happens. Nothing but the sealer adds links.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    insert,
    text,
)

from shared import audit_anchor, outbox
from shared.audit_content import Signed, Signer, beginning, link, plain
from shared.contracts.catalogue import CHECKPOINTS
from shared.contracts.checkpoint import chain_of
from shared.contracts.envelope import rfc3339
from shared.db import Database, engine_metadata
from shared.deadlines import china_date, start_of
from shared.errors import NeedsOperator
from shared.leader import lead

log = structlog.get_logger(__name__)
ANCHOR_SECONDS = 60.0
"""How often a sealer looks whether a day has ended since the last anchor."""

audit_chain = Table(
    "audit_chain",
    engine_metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    # a row is sealed once
    Column("position", BigInteger, nullable=False, unique=True, comment="of the row in audit_log that this link seals"),
    Column("hash", LargeBinary, nullable=False),
    # a chain has a first link
    CheckConstraint("number >= 1", name="number"),
    # SHA-256
    CheckConstraint("octet_length(hash) = 32", name="hash"),
)
audit_sealer = Table(
    "audit_sealer",
    engine_metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column(
        "epoch", BigInteger, nullable=False, comment="raised by each sealer that takes over; an older one is fenced"
    ),
    Column("snapshot", Text, nullable=False, comment="S1: all that is visible in it has been chained"),
    Column("number", BigInteger, nullable=False, comment="the last link, 0 before the first"),
    Column("hash", LargeBinary),
)
audit_checkpoints = Table(
    "audit_checkpoints",
    engine_metadata,
    Column(
        "number",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="the link up to which the chain is signed",
    ),
    # part of the key: after a restore a number may be signed again, with another story, and both are kept
    Column("hash", LargeBinary, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", Text, nullable=False),
)

LOCK = 0x7365616C
"""The advisory lock's key ("seal"); each service has a database of its own."""
_ROW = "a.position, a.id, a.at, a.actor, a.roles, a.unit, a.action, a.subject, a.purpose, a.detail::text as detail"
# What is chained already is passed over: the saved snapshot may be older than what was chained (a restore sets it back), and no row is
# linked twice. Written so that the planner looks each row up; it would rather read the whole chain beside it.
_NEW = "(select c.number from audit_chain c where c.position = a.position) is null"
# Materialized, so that the planner finds the rows by xid and never walks the whole log by position.
NEW_ROWS = f"""
with fresh as materialized (
  select * from audit_log where xid >= pg_snapshot_xmax($1::text::pg_snapshot)
  union all
  select * from audit_log where xid = any(array(select pg_snapshot_xip($1::text::pg_snapshot)))
)
select s.now, d.* from (select pg_current_snapshot()::text as now) s
left join lateral (select {_ROW} from fresh a where {_NEW} order by a.position limit $2) d on true order by d.position
"""  # noqa: S608 - constants of this module
# A backlog, the other way round: by position, without an index on xid, so that each page costs what it holds.
NEXT_PAGE = f"""
select {_ROW} from audit_log a where a.position > $3 and not pg_visible_in_snapshot(a.xid, $1::text::pg_snapshot) and {_NEW}
order by a.position limit $2
"""  # noqa: S608 - constants of this module
TAKE_OVER = """
insert into audit_sealer (shard, epoch, snapshot, number) values (0, 1, '1:1:', 0)
on conflict (shard) do update set epoch = audit_sealer.epoch + 1 returning epoch, snapshot, number, hash
"""
_END = "select number, hash from audit_chain order by number desc limit 1"
_LAST_BEFORE = (
    "select number, hash, at, key_id, signature from audit_checkpoints where at < $1 order by number desc limit 1"
)
_SIGNED = """
select coalesce((select number from audit_checkpoints k
  where exists (select 1 from audit_chain c where c.number = k.number and c.hash = k.hash) order by number desc limit 1), 0)
"""
# Only upon the link that this sealer stands on; if that is gone, taking over anew finds out what happened.
SAVE = """
update audit_sealer set snapshot = $2, number = $3, hash = $4 where shard = 0 and epoch = $1
  and ($5 = 0 or exists (select 1 from audit_chain where number = $5 and hash = $6))
"""
ADD = "insert into audit_chain (number, position, hash) select * from unnest($1::bigint[], $2::bigint[], $3::bytea[])"
_MY_SHIFT = text("select 1 from audit_sealer where shard = 0 and epoch = :epoch for update")
START_ANEW = text(
    """insert into audit_sealer (shard, epoch, snapshot, number, hash)
       select 0, 1, '1:1:', coalesce(max(number), 0), (select hash from audit_chain order by number desc limit 1) from audit_chain
       on conflict (shard) do update set epoch = audit_sealer.epoch + 1, snapshot = excluded.snapshot,
         number = excluded.number, hash = excluded.hash"""
)
"""After an operator has accepted the database as it is: go on from the chain's end, and look at every row again."""


class Fenced(Exception):
    """Another sealer took over (its epoch is higher), or the link that this one stands on is gone; it stops at once."""


class AuditChain:
    """Seals and signs one service's audit log. `run` never returns by itself; it raises when an operator is needed."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        *,
        service: str,
        region: str,
        checkpoint_every: float = 60.0,
        poll: float = 0.2,
        page: int = 5_000,
        anchors: Path | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database, self.signer = database, signer
        self.anchors, self.clock = anchors, clock
        self.service, self.chain = service, chain_of(region, service)
        self.checkpoint_every, self.poll, self.page = checkpoint_every, poll, page
        self.state = "starting"

    async def run(self) -> None:
        """Wait for the lock, seal; after a fault begin anew with a fresh connection."""

        async def try_lock(connection: Any) -> bool:
            return bool(await connection.fetchval("select pg_try_advisory_lock($1)", LOCK))

        def told(fault: Exception) -> None:
            log.warning("audit.retry", error=type(fault).__name__)

        await lead(self, try_lock, lambda connection: _Shift(self, connection).work(), passing=(Fenced,), told=told)


class _Shift:
    """One sealer's time in office: from taking the lock to its loss."""

    def __init__(self, of: AuditChain, connection: Any) -> None:
        self.of = of
        self.connection = connection
        self.after = 0
        """Position up to which a backlog is chained; 0 when there is none."""

    async def work(self) -> None:
        await self.take_over()
        loop = asyncio.get_running_loop()
        next_checkpoint = next_anchor = loop.time()
        while True:
            self.of.state = "active"
            more = await self.step()
            if self.number > self.signed and loop.time() >= next_checkpoint:
                await self.sign()
                next_checkpoint = loop.time() + self.of.checkpoint_every
            if self.of.anchors and loop.time() >= next_anchor:
                await self.anchor(self.of.anchors)
                next_anchor = loop.time() + ANCHOR_SECONDS
            if not more:
                await asyncio.sleep(self.of.poll)

    async def take_over(self) -> None:
        """Fence the sealer before, go on at the chain's end. Raises `NeedsOperator` where the chain is not as it was left."""
        row = await self.connection.fetchrow(TAKE_OVER)
        self.epoch: int = row["epoch"]
        self.snapshot: str = row["snapshot"]
        self.number: int = row["number"]
        self.hash: bytes = row["hash"] or beginning(self.of.chain)
        self.signed: int = await self.connection.fetchval(_SIGNED)
        end = await self.connection.fetchrow(_END)
        if (end["number"], end["hash"]) != (self.number, self.hash) if end else self.number:
            raise NeedsOperator(
                f"the audit chain was left at link {self.number} and now ends at link {end['number'] if end else 0} or with another "
                "hash there: it was changed by hand. Nothing is chained until an operator has looked and runs `ops accept-restore` "
                "(docs/operations.md)"
            )

    async def step(self) -> bool:
        """Chain one page; → whether there may be more at once."""
        page = self.of.page
        now = self.snapshot
        if self.after:
            rows = await self.connection.fetch(NEXT_PAGE, self.snapshot, page, self.after)
        else:
            rows = await self.connection.fetch(NEW_ROWS, self.snapshot, page)
            now, rows = rows[0]["now"], [row for row in rows if row["position"] is not None]
        if len(rows) == page:
            self.after = rows[-1]["position"]
        elif self.after:
            self.after = 0  # the backlog is done; what committed late below it is found by looking once more
        else:
            self.snapshot = now
        if rows:
            await self._add(rows)
        return bool(self.after) or len(rows) == page

    async def _add(self, rows: list[Any]) -> None:
        hashes, last = [], self.hash
        for row in rows:
            last = link(last, plain(row))
            hashes.append(last)
        end = self.number + len(rows)
        async with self.connection.transaction():
            done = await self.connection.execute(SAVE, self.epoch, self.snapshot, end, last, self.number, self.hash)
            if done != "UPDATE 1":
                raise Fenced
            positions = [row["position"] for row in rows]
            await self.connection.execute(ADD, list(range(self.number + 1, end + 1)), positions, hashes)
        self.number, self.hash = end, last

    async def anchor(self, folder: Path) -> None:
        """Keep the last signature of the days that are over as the anchor of its day. A folder that fails stops no sealing."""
        today = start_of(china_date(self.of.clock()))
        row = await self.connection.fetchrow(_LAST_BEFORE, today)
        if row is None:
            return
        signed = Signed(
            self.of.chain, row["number"], row["hash"].hex(), rfc3339(row["at"]), row["key_id"], row["signature"]
        )
        try:
            await asyncio.to_thread(audit_anchor.keep, folder, china_date(row["at"]), signed)
        except OSError as fault:
            log.error("audit.anchor_failed", error=type(fault).__name__)  # noqa: TRY400 - its text names a path

    async def sign(self) -> None:
        """Sign the chain's end and say so, unless another sealer has taken over."""
        at = self.of.clock()
        signed = self.of.signer.sign(self.of.chain, self.number, self.hash, at)
        async with self.of.database.transaction() as tx:
            if (await tx.execute(_MY_SHIFT, {"epoch": self.epoch})).one_or_none() is None:
                raise Fenced
            row = {"number": self.number, "hash": self.hash, "at": at}
            await tx.execute(insert(audit_checkpoints), {**row, "key_id": signed.key_id, "signature": signed.signature})
            event = CHECKPOINTS[self.of.service](
                checkpoint_id=uuid4(),
                chain=signed.chain,
                number=signed.number,
                hash=signed.hash,
                effective_at=at,
                key_id=signed.key_id,
                signature=signed.signature,
            )
            await outbox.put(tx, event, at=at)
        self.signed = self.number
