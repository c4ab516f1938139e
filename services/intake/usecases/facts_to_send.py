"""What a receiving unit is told of a lead: its facts as they were registered, and what was corrected since."""

from uuid import UUID

from services.intake.db import code_lists, conflicts, directory, merges
from services.intake.domain.around import around
from services.intake.domain.codes import Ground, Source
from services.intake.domain.lead import Lead
from services.intake.domain.police_call import FIELDS, Change
from services.intake.domain.report import umbrella
from services.intake.usecases.subject_store import (
    SubjectKeys,
    whole,
    whole_content,
    whole_corrections,
    whole_umbrella,
)
from shared.contracts.intake import BoxedFacts
from shared.db import Transaction
from shared.deadlines import china_date

MOST_LINES = 50
"""Of corrections, the newest."""


async def facts_to_send(
    tx: Transaction, lead: Lead, *, subjects: SubjectKeys, grounds: tuple[Ground, ...] = ()
) -> BoxedFacts:
    """The facts for a box; whom it is about is told whole, but no child under 14 (G19); a correction stands among the allegations as a
    line of its own. Who is near the staff they name goes along, for alerts about readings alone (G12)."""
    [lead] = await whole(tx, [lead], subjects, with_children=False)
    facts = lead.facts(grounds=grounds)
    lines = await _corrected(tx, lead, subjects)
    # of officials only discipline is told (M17), so only its box counts those who are near them
    told = [lead.summary, *lead.allegations, *lines, *await added_by_repeats(tx, lead.id, subjects=subjects)]
    told += await told_of_officials(tx, lead, subjects=subjects) if grounds else ()
    stated = await conflicts.subjects_of(tx, await merges.matter_of(tx, lead))
    meant = [one for each in stated.values() for one in each]
    near = around(await directory.whole(tx), "。".join(told), meant, since=lead.received_on)
    values = facts.model_dump() | {"allegations": (*facts.allegations, *lines)}
    return BoxedFacts(**values, near_units=near.units, near_staff=near.staff)


async def _corrected(tx: Transaction, lead: Lead, subjects: SubjectKeys) -> tuple[str, ...]:
    """What was corrected of a 110 call, a line each."""
    if lead.source is not Source.POLICE_110:
        return ()
    book = await code_lists.book(tx)
    lines = tuple(
        Change(row["field"], row["old"], row["new"]).told(china_date(row["recorded_at"]), book)
        for row in await whole_corrections(tx, lead.id, subjects)
        if row["field"] in FIELDS
    )
    return lines[-MOST_LINES:]


async def added_by_repeats(tx: Transaction, master_id: UUID, *, subjects: SubjectKeys) -> list[str]:
    """What the repeats of a lead add to it, each named by its number; nothing of their reporters."""
    added: list[str] = []
    for each in await whole(tx, await merges.repeats_of(tx, master_id), subjects, with_children=False):
        added += (f"重复举报 {each.lead_no}:{each.summary}", *each.allegations, *await _corrected(tx, each, subjects))
    return added


async def told_of_officials(tx: Transaction, lead: Lead, *, subjects: SubjectKeys) -> list[str]:
    """What was said with a lead, and with its repeats, of shielding officials: for discipline alone, never for the unit that verifies the
    crime (M17)."""
    told = []
    for each in (lead, *await merges.repeats_of(tx, lead.id)):
        lines = list(umbrella(content)) if (content := await whole_content(tx, each.id, subjects)) else []
        if imported := await whole_umbrella(tx, each.id, subjects):
            lines.append(f"保护伞:{imported}")
        told += lines if each.id == lead.id else [f"重复举报 {each.lead_no}:{line}" for line in lines]
    return told
