"""The store of dated facts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from services.publicity.db.tables import facts
from shared.db import Transaction


async def add(
    tx: Transaction,
    *,
    event_id: UUID,
    region: str,
    type: str,  # noqa: A002 - the envelope's own word
    topic: str,
    subject: str,
    sequence: int,
    lead_id: UUID,
    effective_at: datetime,
    recorded_at: datetime,
    codes: dict[str, Any],
) -> None:
    """Add one fact."""
    await tx.execute(
        insert(facts),
        {
            "event_id": event_id,
            "region_code": region,
            "type": type,
            "topic": topic,
            "subject": subject,
            "sequence": sequence,
            "lead_id": lead_id,
            "effective_at": effective_at,
            "recorded_at": recorded_at,
            "codes": codes,
        },
    )
