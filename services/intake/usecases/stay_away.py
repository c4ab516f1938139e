"""Whoever a lead is about, or who has an interest in it, neither reads nor decides on it (G4, §4.1; 刑诉法 §29-31, 监察法 §67)."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from services.intake.db import conflicts
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import Forbidden, Invalid

STAY_AWAY = "该线索由他人查阅、办理 / this lead is for others to read and handle"
"""For a subject that the office has stated as for an interest that stands: nobody learns here of being reported."""
OTHERS = "该线索须另行指定人员 / others are to be named for this lead"


async def must_stay_away(tx: Transaction, named: Mapping[str, UUID], by: Principal) -> None:
    """Raises `Forbidden` when `by` is concerned in a lead that one of these ids stands for (by its name in `LEADS_OF`)."""
    if await conflicts.is_concerned(tx, by.accounts, named):
        raise Forbidden(STAY_AWAY)


async def must_not_be_concerned(tx: Transaction, lead_id: UUID, by: Principal) -> None:
    """The same for a lead that no address names, or at a door with a transaction of its own: all others ask by themselves (api)."""
    await must_stay_away(tx, {"lead_id": lead_id}, by)


async def must_be_others(tx: Transaction, lead_id: UUID, accounts: Collection[str], field: str) -> None:
    """Raises `Invalid` by field when one of those who are named for a lead is concerned in it."""
    if accounts and await conflicts.is_concerned(tx, accounts, {"lead_id": lead_id}):
        raise Invalid(OTHERS, fields=[(field, OTHERS)])


async def leads_to_avoid(tx: Transaction, by: Principal) -> Sequence[UUID]:
    """The leads in which `by` is concerned: no list shows them."""
    return await conflicts.kept_from(tx, by.accounts)
