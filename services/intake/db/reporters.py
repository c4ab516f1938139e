"""Sealed reporters in the vault's schema. `add` is intake's own; the role can do no more there. The rest is the vault's role's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, func, insert, select, update

from services.intake.db.tables import leads, reporters
from services.intake.db.vault_tables import shreddings
from shared.db import Transaction
from shared.sealing import SealedRecord


@dataclass(frozen=True, slots=True)
class Kept:
    """One as the database has it; `wrapped_key` only until the vault took it."""

    key_id: str
    wrapped_key: bytes | None
    ciphertext: bytes
    shredded_on: date | None


async def add(tx: Transaction, reporter_ref: UUID, record: SealedRecord, *, on: date) -> None:
    """Add one sealed reporter; the day only, as the hour could tell who it was."""
    await tx.execute(
        insert(reporters),
        {
            "reporter_ref": reporter_ref,
            "key_id": record.key_id,
            "wrapped_key": record.wrapped_key,
            "ciphertext": record.ciphertext,
            "created_on": on,
        },
    )


async def untaken(tx: Transaction, *, besides: Iterable[UUID], limit: int) -> dict[UUID, SealedRecord]:
    """Some whose key is still here, for this transaction alone."""
    query = select(reporters.c.reporter_ref, reporters.c.key_id, reporters.c.wrapped_key)
    query = query.where(reporters.c.wrapped_key.is_not(None)).limit(limit).with_for_update(skip_locked=True)
    if left_out := list(besides):
        query = query.where(reporters.c.reporter_ref.not_in(left_out))
    rows = (await tx.execute(query)).all()
    return {row.reporter_ref: SealedRecord(row.key_id, row.wrapped_key, b"") for row in rows}


async def take_keys_away(tx: Transaction, reporter_refs: Iterable[UUID]) -> None:
    """The key store has them."""
    refs = bindparam("refs", list(reporter_refs), type_=ARRAY(Uuid))
    await tx.execute(update(reporters).where(reporters.c.reporter_ref == any_(refs)).values(wrapped_key=None))


async def mark_shredded(tx: Transaction, reporter_ref: UUID, *, on: date) -> None:
    """Nobody reads it any more; the first day stands."""
    first = func.coalesce(reporters.c.shredded_on, on)
    gone = update(reporters).where(reporters.c.reporter_ref == reporter_ref)
    await tx.execute(gone.values(wrapped_key=None, shredded_on=first))


async def marked_shredded(tx: Transaction) -> dict[UUID, date]:
    """Those who are given up, with the day; without those for whom an order waits."""
    waits = select(leads.c.id).join(shreddings, shreddings.c.lead_id == leads.c.id)
    waits = waits.where(leads.c.reporter_ref == reporters.c.reporter_ref, shreddings.c.state == "ordered")
    query = select(reporters.c.reporter_ref, reporters.c.shredded_on)
    query = query.where(reporters.c.shredded_on.is_not(None), ~waits.exists())
    return {row.reporter_ref: row.shredded_on for row in await tx.execute(query)}


async def get(tx: Transaction, reporter_ref: UUID) -> Kept | None:
    """One, as it stands."""
    query = select(reporters.c.key_id, reporters.c.wrapped_key, reporters.c.ciphertext, reporters.c.shredded_on)
    row = (await tx.execute(query.where(reporters.c.reporter_ref == reporter_ref))).one_or_none()
    return Kept(*row) if row else None


async def waiting(tx: Transaction) -> dict[str, int]:
    """How many keys the vault has not taken yet, by key id."""
    query = select(reporters.c.key_id, func.count()).where(reporters.c.wrapped_key.is_not(None))
    return {row[0]: row[1] for row in (await tx.execute(query.group_by(reporters.c.key_id))).all()}
