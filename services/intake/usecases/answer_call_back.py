"""What a reporter who was called back answered: how satisfied, never about whom (the answer judges the work, no person: G17, G18)."""

from datetime import datetime

from services.intake.db import call_backs
from shared import audit
from shared.auth import Principal
from shared.db import Transaction


async def answer_call_back(
    tx: Transaction, token: str, outcome: str, channel: str, *, by: Principal, at: datetime
) -> call_backs.Row:
    """Keep it, once. Raises `NotFound`, `NotAllowed`."""
    row = await call_backs.answer(tx, token, outcome, channel, by=by.sub, at=at)
    await audit.record(tx, by, "call-back.answer", token, at=at, detail={"outcome": outcome, "channel": channel})
    return row
