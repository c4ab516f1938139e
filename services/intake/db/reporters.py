"""Adds sealed reporters to the vault's schema; nothing here can read them, nor could the role."""

from datetime import date
from uuid import UUID

from sqlalchemy import insert

from services.intake.db.tables import reporters
from shared.db import Transaction
from shared.sealing import SealedRecord


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
