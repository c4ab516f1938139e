"""Who did what to which thing, when and why: one row in the transaction of the deed, by a role that can add rows but not change them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, Uuid, insert, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.auth import Principal
from shared.db import Transaction, engine_metadata
from shared.outbox import Xid8

audit_log = Table(
    "audit_log",
    engine_metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False, comment="pseudonymous account, or system"),
    Column("roles", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="id of the thing acted on"),
    Column("purpose", Text),
    Column("detail", JSONB, nullable=False, comment="codes and numbers only"),
    Index("ix_audit_log_subject", "subject"),
    # the sealer finds by it what became visible since it last looked
    Index("ix_audit_log_xid", "xid"),
)


async def record(
    tx: Transaction,
    by: Principal | None,
    action: str,
    subject: UUID | str,
    *,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
    purpose: str | None = None,
) -> None:
    """Put a deed on record. `by` None stands for the service itself; `detail` holds codes and numbers, never a person's data."""
    await tx.execute(
        insert(audit_log),
        {
            "id": uuid4(),
            "at": at,
            "actor": by.sub if by else "system",
            "roles": " ".join(sorted(by.roles)) if by else "",
            "unit": by.unit if by else "",
            "action": action,
            "subject": str(subject),
            "purpose": purpose,
            "detail": dict(detail or {}),
        },
    )
