"""Is this still the database that the others heard? A restored one has forgotten what it already said, so it must not go on by itself.

The server's system identifier and timeline are written down when the database is first migrated. A dump loaded elsewhere changes the
first, a recovery to a point in time changes the second.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, SmallInteger, Table, Text, text

from shared.db import Database, Transaction, engine_metadata
from shared.errors import NeedsOperator

database_identity = Table(
    "database_identity",
    engine_metadata,
    Column("one", SmallInteger, primary_key=True, server_default="1"),
    Column("system_identifier", Text, nullable=False),
    Column("timeline", BigInteger, nullable=False),
    # one database has one identity
    CheckConstraint("one = 1", name="single_row"),
)

_CURRENT = """select (select system_identifier::text from pg_control_system()),
    (select ('x' || lpad(left(pg_walfile_name(pg_current_wal_lsn()), 8), 16, '0'))::bit(64)::bigint)"""
_KNOWN = text("select system_identifier, timeline from database_identity")
_NOW = text(_CURRENT)
_WRITE_DOWN = text(
    f"insert into database_identity (system_identifier, timeline) {_CURRENT} "
    "on conflict (one) do update set system_identifier = excluded.system_identifier, timeline = excluded.timeline"
)


class DatabaseRestored(NeedsOperator):
    """The database was restored from a backup: events it said after that backup are known to others, but not to itself."""


async def write_down(tx: Transaction) -> None:
    """Make the server of today the known one: at the first migration, or by an operator after a restore."""
    await tx.execute(_WRITE_DOWN)


async def check(database: Database) -> None:
    """Raise `DatabaseRestored` when this is not the server that was written down."""
    async with database.transaction() as tx:
        known = (await tx.execute(_KNOWN)).one_or_none()
        if known is None:
            raise NeedsOperator("the database was never migrated; run the service's migrate role first")
        now = (await tx.execute(_NOW)).one()
    _compare(known, now)


def guard(database: Database) -> None:
    """From now on each new connection of this process is asked who it leads to: a process that outlives a restore must not go on either,
    neither publish nor give a number a second time."""

    async def same(connection: Any) -> None:
        if await connection.fetchval("select pg_is_in_recovery()"):
            raise ConnectionError("the database is still recovering")
        if known := await connection.fetchrow("select system_identifier, timeline from database_identity"):
            _compare(known, await connection.fetchrow(_CURRENT))

    database.greet = same


def _compare(known: Iterable[Any], now: Iterable[Any]) -> None:
    known, now = tuple(known), tuple(now)
    if now != known:
        raise DatabaseRestored(
            f"this database was restored: it was server {known[0]} on timeline {known[1]} and is server {now[0]} on timeline "
            f"{now[1]}. Nothing is published or applied until an operator has compared it with the other services and runs "
            "`ops accept-restore` (docs/operations.md)"
        )
