"""Whether facts that came sealed concern their reader's own circle (G12), from what intake's directory knew when they were sent: the unit
that the reader signs in for, and relatives in the service. Where one lives is not known here."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from shared.auth import Principal
from shared.contracts.intake import BoxedFacts
from shared.db import Transaction
from shared.departures import staff_accounts
from shared.reads import Kind


async def ties(tx: Transaction, opened: Mapping[str, Any] | None, by: Principal) -> list[Kind]:
    """How an opened box of facts concerns who reads it; nothing when there is none."""
    if opened is None:
        return []
    box = BoxedFacts.model_validate(opened)
    found = [Kind.COLLEAGUE] if by.unit in box.near_units else []
    if box.near_staff:
        mine = select(staff_accounts.c.staff).where(staff_accounts.c.account.in_(by.accounts))
        if not set(box.near_staff).isdisjoint((await tx.execute(mine)).scalars()):
            found.append(Kind.RELATIVE)
    return found
