"""Which leads report the same matter: looked for when a lead comes in and whenever someone asks. Suggestions; a person decides (G20)."""

import asyncio
from datetime import datetime
from uuid import UUID

from services.intake.db import leads, repeats
from services.intake.db.repeats import Suggestion
from services.intake.domain.lead import Lead
from services.intake.domain.repeat_keys import keys_of
from services.intake.domain.repeat_marks import Marks, marks_of
from services.intake.domain.repeat_score import THRESHOLD, Score, score
from shared import audit
from shared.auth import Principal
from shared.db import Transaction

AT_ONCE, SECONDS = 20, 0.25
"""Leads taken at a time, and how long of each second the worker looks: it has events to carry, too."""


async def find_repeats(
    tx: Transaction, lead_id: UUID, *, secret: bytes, by: Principal, at: datetime
) -> list[Suggestion]:
    """All suggestions for a lead, old and new, with what was decided; the asking is put on record. Raises `NotFound`."""
    lead = await leads.get(tx, lead_id)
    await _suggest(tx, lead, secret=secret, at=at)
    found = await repeats.suggestions(tx, lead_id)
    await audit.record(tx, by, "lead.candidates", lead_id, at=at, detail={"found": len(found)})
    return found


async def look_at_new(tx: Transaction, at: datetime, *, secret: bytes) -> None:
    """Make new leads findable and look what they repeat; what is left waits for the next turn."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    while loop.time() < end and (new := await repeats.take_pending(tx, AT_ONCE)):
        for lead in new:
            await repeats.index(tx, lead.id, keys_of(marks(lead), secret))
        for lead in new:
            await _suggest(tx, lead, secret=secret, at=at)


async def candidates(tx: Transaction, lead: Lead, *, secret: bytes) -> list[tuple[Lead, Score]]:
    """The leads that are likely of the same matter, best first."""
    mine = marks(lead)
    found = await repeats.search(tx, lead.id, keys_of(mine, secret))
    scored = [(other, score(mine, marks(other))) for other in await repeats.get_many(tx, found)]
    likely = [each for each in scored if each[1].value >= THRESHOLD]
    return sorted(likely, key=lambda each: (-each[1].value, each[0].id))


async def _suggest(tx: Transaction, lead: Lead, *, secret: bytes, at: datetime) -> None:
    found = await candidates(tx, lead, secret=secret)
    await repeats.suggest(tx, lead.id, [(other.id, likely) for other, likely in found], at=at)


def marks(lead: Lead) -> Marks:
    """The marks of what a lead reports; its reporter is not among them."""
    return marks_of(
        lead.summary,
        lead.allegations,
        received_on=lead.received_on,
        street=lead.street,
        acts=lead.manifestations,
    )
