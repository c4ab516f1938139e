"""What a receiving unit is told of a lead: its facts as they were registered, and what was corrected since."""

from uuid import UUID

from services.intake.db import code_lists, merges
from services.intake.domain.codes import Source
from services.intake.domain.lead import Lead
from services.intake.domain.police_call import FIELDS, Change
from services.intake.usecases.subject_store import SubjectKeys, whole, whole_corrections
from shared.contracts.intake import Facts
from shared.db import Transaction
from shared.deadlines import china_date

MOST_LINES = 50
"""Of corrections, the newest."""


async def facts_to_send(tx: Transaction, lead: Lead, *, subjects: SubjectKeys, with_grounds: bool) -> Facts:
    """The facts for a box; whom it is about is told whole, a correction stands among the allegations as a line of its own."""
    [lead] = await whole(tx, [lead], subjects)
    facts = lead.facts(with_grounds=with_grounds)
    if lead.source is not Source.POLICE_110:
        return facts
    book = await code_lists.book(tx)
    lines = tuple(
        Change(row["field"], row["old"], row["new"]).told(china_date(row["recorded_at"]), book)
        for row in await whole_corrections(tx, lead.id, subjects)
        if row["field"] in FIELDS
    )
    return facts.model_copy(update={"allegations": (*facts.allegations, *lines[-MOST_LINES:])})


async def added_by_repeats(tx: Transaction, master_id: UUID, *, subjects: SubjectKeys) -> list[str]:
    """What the repeats of a lead add to it, each named by its number; nothing of their reporters."""
    repeats = await whole(tx, await merges.repeats_of(tx, master_id), subjects)
    return [text for each in repeats for text in (f"重复举报 {each.lead_no}:{each.summary}", *each.allegations)]
