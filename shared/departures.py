"""Accounts of people who have left: they have no access from the first day without them on, whatever the issuer's token still says.

Each service keeps what the directory says of accounts (event `StaffRecorded`), and its doors ask here. An account that the directory does
not know is the issuer's matter alone: the first keeper has to come in before there is a directory.
"""

import asyncio
import time
from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import Column, DateTime, Index, Table, Text, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.contracts.directory import StaffRecorded
from shared.db import Database, Transaction, engine_metadata
from shared.deadlines import start_of
from shared.errors import Unauthenticated

EVERY = 1.0
"""Seconds that a process may not yet know of a departure: a look into the database for each request would cost more than the request."""

staff_accounts = Table(
    "staff_accounts",
    engine_metadata,
    Column("account", Text, primary_key=True),
    Column("staff", Text, nullable=False),
    Column("ends_at", DateTime(timezone=True), comment="from then on it has no access; null while it has"),
    Index("ix_staff_accounts_staff", "staff"),
    Index("ix_staff_accounts_ends_at", "ends_at", postgresql_where=text("ends_at is not null")),
)
_ENDED = select(staff_accounts.c.account, staff_accounts.c.ends_at).where(staff_accounts.c.ends_at.is_not(None))
_SHARED = select(func.array_agg(staff_accounts.c.account)).group_by(staff_accounts.c.staff).having(func.count() > 1)


async def follow(tx: Transaction, event: StaffRecorded, _: object = None) -> None:
    """Keep what the directory says of a person's account. One that they no longer have ends when they are given another, or none."""
    table = staff_accounts.c
    other = update(staff_accounts).where(table.staff == event.staff, table.ends_at.is_(None))
    if event.account is not None:
        other = other.where(table.account != event.account)
    await tx.execute(other.values(ends_at=event.effective_at))
    if event.account is not None:
        row = {"staff": event.staff, "ends_at": start_of(event.to_on) if event.to_on else None}
        put = upsert(staff_accounts).values(account=event.account, **row)
        await tx.execute(put.on_conflict_do_update(index_elements=["account"], set_=row))


async def persons(tx: Transaction, accounts: Collection[str]) -> int:
    """Of how many persons these accounts are; one that the directory does not know is of a person of its own."""
    table = staff_accounts.c
    query = select(table.account, table.staff).where(table.account.in_(accounts))
    staff = {row.account: row.staff for row in await tx.execute(query)}
    return len(set(staff.values())) + len(set(accounts) - staff.keys())


class Departures:
    """What a process knows of accounts that end and of persons with several; at most `EVERY` seconds old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ends: dict[str, datetime] = {}
        self._others: dict[str, frozenset[str]] = {}
        self._looked = float("-inf")
        self._looking = asyncio.Lock()

    async def refuse(self, account: str) -> None:
        """Raise `Unauthenticated` for an account that has ended, by the real clock even where a demonstration plays another day."""
        if time.monotonic() - self._looked >= EVERY:
            async with self._looking:
                if time.monotonic() - self._looked >= EVERY:
                    await self._look()
        ends_at = self._ends.get(account)
        if ends_at is not None and ends_at <= datetime.now(UTC):
            raise Unauthenticated("该账号的人员已离任,账号停用 / the person of this account has left, it is closed")

    def others_of(self, account: str) -> frozenset[str]:
        """Other accounts of the same person, known since the last `refuse`."""
        return self._others.get(account, frozenset())

    async def _look(self) -> None:
        async with self._database.engine.connect() as connection:
            self._ends = {row.account: row.ends_at for row in await connection.execute(_ENDED)}
            persons = [frozenset(accounts) for accounts in (await connection.execute(_SHARED)).scalars()]
        self._others = {account: accounts - {account} for accounts in persons for account in accounts}
        self._looked = time.monotonic()
