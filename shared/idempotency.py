"""A POST that creates is done once however often it is sent: the first writer wins, a twin waits for it and gets the same answer."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Column, DateTime, Index, LargeBinary, SmallInteger, Table, Text, delete, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import DBAPIError

from shared.db import LOCK_TIMEOUT, Transaction, engine_metadata, wait_at_most
from shared.errors import Busy, Invalid

idempotency_keys = Table(
    "idempotency_keys",
    engine_metadata,
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False, comment="keyed hash of method, path and body"),
    Column("status", SmallInteger, comment="null only inside the transaction that is answering"),
    Column("answer", JSONB),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("ix_idempotency_keys_created_at", "created_at"),
)

PATIENCE = 3
"""Seconds a twin waits for the first: long enough for all that is quick, short enough for a pool of ten."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One use of a key: whose, for which request (`mark`, a fingerprint), when."""

    caller: str
    key: str
    mark: bytes
    at: datetime


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


@dataclass(frozen=True)
class Answer:
    """What was answered the first time."""

    status: int
    body: Any

    @cached_property
    def text(self) -> str:
        """The body as JSON, keys in one order, because the database keeps an answer without theirs: both sendings are the same bytes."""
        return _as_json(self.body)


def fingerprint(secret: bytes, *parts: bytes) -> bytes:
    """A keyed hash over the parts of a request: a plain hash of a short text could be guessed."""
    digest = hmac.new(secret, digestmod=hashlib.sha256)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


async def take(tx: Transaction, claim: Claim) -> Answer | None:
    """Take the key for this transaction, or get the first answer. A concurrent twin waits here for the first to commit, but not long:
    it holds a connection of the pool while it waits, and twins of a long request would take them all.

    Raises `Invalid` when the key was used for another request, `Busy` when the first is still being done after `PATIENCE`.
    """
    row = {"caller": claim.caller, "key": claim.key, "fingerprint": claim.mark, "created_at": claim.at}
    await wait_at_most(tx, PATIENCE)
    try:
        taken = await tx.execute(
            insert(idempotency_keys).values(row).on_conflict_do_nothing().returning(idempotency_keys.c.key)
        )
    except DBAPIError as fault:
        if getattr(fault.orig, "sqlstate", None) != LOCK_TIMEOUT:
            raise
        raise Busy(
            "带有该Idempotency-Key的首个请求仍在办理 / the first request with this Idempotency-Key is still being done"
        ) from None
    await wait_at_most(tx, 0)
    if taken.one_or_none() is not None:
        return None
    found = (
        await tx.execute(
            select(idempotency_keys).where(
                idempotency_keys.c.caller == claim.caller, idempotency_keys.c.key == claim.key
            )
        )
    ).one()
    if not hmac.compare_digest(bytes(found.fingerprint), claim.mark):
        raise Invalid(
            "此幂等键已用于另一请求 / this Idempotency-Key was used for another request",
            fields=[("Idempotency-Key", "已用过 / used before")],
        )
    return Answer(found.status, found.answer)


async def keep(tx: Transaction, claim: Claim, answer: Answer) -> None:
    """Store the answer beside the key."""
    await tx.execute(
        update(idempotency_keys)
        .where(idempotency_keys.c.caller == claim.caller, idempotency_keys.c.key == claim.key)
        .values(status=answer.status, answer=answer.body)
    )


async def forget_before(tx: Transaction, instant: datetime) -> int:
    """Forget keys older than this; → how many."""
    done = await tx.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at < instant))
    return int(done.rowcount)
