"""Whoever a lead is about, or who has an interest in it, neither reads nor decides on it (G4, §4.1)."""

from uuid import UUID

from services.intake.db import conflicts, directory
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import Forbidden


async def must_not_be_concerned(tx: Transaction, lead_id: UUID, by: Principal) -> None:
    """Raises `Forbidden`, for a subject that the office has stated as for an interest that stands: the words do not tell which, so that
    nobody learns here of being reported. Whom the directory does not know is nobody's subject."""
    own = {await directory.find_account(tx, account) for account in by.accounts} - {None}
    if not own:
        return
    near = {subject.staff for subject in await conflicts.subjects_of(tx, lead_id) or ()}
    near |= {interest.staff for interest in await conflicts.interests_in(tx, lead_id) if interest.stands}
    if own & near:
        raise Forbidden("该线索由他人查阅、办理 / this lead is for others to read and handle")
