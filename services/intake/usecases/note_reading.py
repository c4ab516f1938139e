"""Reasons, results and names that stand in lists and beside a lead are restricted as the lead is: read with a purpose, on record and
counted among what one person reads in an hour (G11, G12)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.db import leads, notices
from shared import reads
from shared.auth import Principal
from shared.db import Transaction


async def note_reading(tx: Transaction, by: Principal, what: str, lead_id: UUID, *, at: datetime) -> None:
    """Someone reads `what` of a lead. Raises `NotFound`, `Malformed` without a purpose."""
    await leads.get(tx, lead_id)
    await reads.note(tx, by, f"lead.read-{what}", lead_id, at=at, days=await notices.calendar(tx))


async def note_page(
    tx: Transaction, by: Principal, what: str, after: Sequence[Any] | None, *, lead_id: UUID | None = None, at: datetime
) -> None:
    """Someone reads a page of a list, or what it has of one lead; each page counts as a thing of its own: who turns all pages of a list
    reads very many."""
    subject = str(lead_id or what)
    page = f"{subject} after {after[-1]}" if after else subject
    await reads.note(tx, by, f"{what}.read", page, at=at, days=await notices.calendar(tx))
