"""Who did what to which thing, when and why: one row in the transaction of the deed, by a role that can add rows but not change them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, Uuid, insert, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.auth import Principal
from shared.codes import Labelled
from shared.db import Transaction, engine_metadata
from shared.outbox import Xid8

PURPOSE_HEADER = "Access-Purpose"


class Purpose(Labelled):
    """Why restricted data are read (个人信息保护法 §6): a closed list. 查阅目的"""

    HANDLE = "handle", "办理", "to handle the matter"
    SUPERVISE = "supervise", "督办", "to supervise"
    REVIEW = "review", "评查复核", "to review the quality"
    ANSWER = "answer", "答复反馈", "to answer the reporter or a superior"
    COMPARE = "compare", "比对重复", "to compare repeats"
    STATISTICS = "statistics", "统计", "to count"
    AUDIT = "audit", "审计", "to audit"
    PROTECT = "protect", "个人信息保护", "to protect personal data"


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
    # what one person read lately; most deeds have no purpose and are not in it
    Index("ix_audit_log_actor_at", "actor", "at", postgresql_where=text("purpose is not null")),
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
