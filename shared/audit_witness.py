"""The other services' signed checkpoints, kept as they came: whoever rewrites a chain would have to rewrite four databases."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, Table, Text, Uuid, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.contracts.catalogue import CHECKPOINTS
from shared.contracts.checkpoint import Checkpoint
from shared.db import Transaction, engine_metadata
from shared.inbox import Handlers, Received

SIGNERS = 2
"""Other services that must have signed something before a draw: no one place makes both the seed and these. Not all of them, as one
may have nothing to put on record for months."""
audit_witnesses = Table(
    "audit_witnesses",
    engine_metadata,
    Column("id", Uuid, primary_key=True, comment="the event's id: two stories of one link are both kept"),
    Column("chain", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("heard_at", DateTime(timezone=True), nullable=False),
    Index("ix_audit_witnesses_chain_number", "chain", "number"),
)
# a projection that is rebuilt hears everything again, but what was witnessed can never be removed first
_KEEP = upsert(audit_witnesses).on_conflict_do_nothing()


async def keep(tx: Transaction, event: Checkpoint, received: Received) -> None:
    """Keep it, also where it contradicts another: judging is the verifier's business."""
    row: dict[str, Any] = {"id": received.id, "chain": event.chain, "number": event.number}
    signature = {"at": event.effective_at, "key_id": event.key_id, "signature": event.signature}
    await tx.execute(_KEEP, {**row, "hash": bytes.fromhex(event.hash), **signature, "heard_at": received.at})


async def signed_after(tx: Transaction, instant: datetime) -> list[tuple[str, int, str, str]]:
    """What the first `SIGNERS` of the other services signed first after this instant: chain, number, hash, signature. Who draws by them
    can choose neither which nor when."""
    seen = audit_witnesses.c
    first = select(seen.chain, seen.number, seen.hash, seen.signature, seen.at).where(seen.at > instant)
    each = first.ext(distinct_on(seen.chain)).order_by(seen.chain, seen.number, seen.hash).subquery()
    query = select(each.c.chain, each.c.number, each.c.hash, each.c.signature).order_by(each.c.at, each.c.chain)
    return [(row.chain, row.number, row.hash.hex(), row.signature) for row in await tx.execute(query.limit(SIGNERS))]


def witness(service: str) -> Handlers:
    """What this service does with the checkpoints of the others."""
    return {event: keep for name, event in CHECKPOINTS.items() if name != service}
