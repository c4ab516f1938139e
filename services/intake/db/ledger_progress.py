"""The store of how far imports are: single statements beside the import's own transaction, which shows nothing before it ends."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Column, DateTime, Integer, RowMapping, Table, Text, Uuid, select, text

from services.intake.db.tables import metadata
from shared.db import Database, Transaction

ledger_progress = Table(
    "ledger_progress",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sha256", Text, nullable=False, comment="of the file; nothing that stands in it"),
    Column("read", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
    # nothing is lost with it: an import that a crash ended is not under way
    prefixes=["UNLOGGED"],
)
_SILENT = "told_at < clock_timestamp() - interval '5 minutes'"
"""Its process has ended: an import that goes on tells something each second, and waits at most a minute for others."""
_TELL = """
insert into ledger_progress values ($1, $2, $3, $4, $5, clock_timestamp(), clock_timestamp())
on conflict (id) do update set read = $3, bad = $4, taken = $5, told_at = clock_timestamp()
"""
_END = f"delete from ledger_progress where id = $1 or {_SILENT}"  # noqa: S608 - no input in it


async def tell(database: Database, import_id: UUID, sha256: str, *, read: int, bad: int, taken: int) -> None:
    """How far it is, for everyone at once."""
    async with database.one_statement() as connection:
        await connection.execute(_TELL, import_id, sha256, read, bad, taken)


async def end(database: Database, import_id: UUID) -> None:
    """It is over, however it ended."""
    async with database.one_statement() as connection:
        await connection.execute(_END, import_id)


async def under_way(tx: Transaction) -> Sequence[RowMapping]:
    """Imports that are under way in any process, the oldest first."""
    alive = text(f"not ({_SILENT})")
    found = await tx.execute(select(ledger_progress).where(alive).order_by(ledger_progress.c.began_at))
    return found.mappings().all()
