"""A reader declares one's own circle, so that reading about it is noticed; what was declared is never shown again, to nobody."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.intake.db import circle
from services.intake.domain.circle import Tie, declared
from shared import audit
from shared.auth import Principal
from shared.db import Transaction


async def declare_circle(
    tx: Transaction, words: Mapping[Tie, Sequence[str]], *, secret: bytes, by: Principal, at: datetime
) -> None:
    """In place of what was declared before; on record with how many words, not which."""
    marks = [mark for tie, each in words.items() for mark in declared(tie, each, secret=secret)]
    await circle.replace(tx, by.sub, marks)
    detail = {tie.value: len(each) for tie, each in words.items()}
    await audit.record(tx, by, "circle.declare", by.sub, at=at, detail=detail)
