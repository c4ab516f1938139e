"""Which leads report the same matter: looked for when a lead comes in and whenever someone asks. Suggestions; a person decides (G20)."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from services.intake.db import leads as register
from services.intake.db import repeats
from services.intake.db.repeats import Suggestion
from services.intake.domain.lead import Lead
from services.intake.domain.own_words import of_the_matter
from services.intake.domain.repeat_keys import keys_of
from services.intake.domain.repeat_marks import Marks, marks_of
from services.intake.domain.repeat_score import THRESHOLD, Score, score
from services.intake.usecases.subject_store import SubjectKeys, whole
from shared import reads
from shared.auth import Principal
from shared.db import Transaction, giving_way

AT_ONCE, SECONDS = 8, 0.1
"""Leads taken at a time, and how long of each second the worker looks: it has events to carry, too. That is 50 leads a second and more;
what comes faster waits."""
GIVES_WAY = 0.5
"""Seconds to wait for a candidate that somebody holds, less than PostgreSQL takes to end one of two that wait for each other: the worker
comes again, who holds it goes on."""
REMEMBERED = 1024
"""Leads whose marks are remembered: what many report is compared with each other again and again."""


async def find_repeats(
    tx: Transaction, lead_id: UUID, *, secret: bytes, subjects: SubjectKeys, by: Principal, at: datetime
) -> list[Suggestion]:
    """All suggestions for a lead, old and new, with what was decided; the asking is put on record. Raises `NotFound`."""
    lead = await register.get(tx, lead_id)
    await _suggest(tx, await whole(tx, [lead], subjects), secret=secret, subjects=subjects, at=at)
    found = await repeats.suggestions(tx, lead_id)
    await reads.note(tx, by, "lead.read-candidates", lead_id, at=at, detail={"found": len(found)})
    return found


async def look_at_new(tx: Transaction, at: datetime, *, secret: bytes, subjects: SubjectKeys) -> None:
    """Make new leads findable and look what they repeat; what is left waits for the next turn."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    async with giving_way(tx, GIVES_WAY):
        while loop.time() < end and (new := await repeats.take_pending(tx, AT_ONCE)):
            new = await whole(tx, new, subjects)
            await repeats.index(tx, {lead.id: keys_of(marks(lead), secret) for lead in new})
            await _suggest(tx, new, secret=secret, subjects=subjects, at=at)


async def candidates(
    tx: Transaction, leads: Sequence[Lead], *, secret: bytes, subjects: SubjectKeys
) -> dict[UUID, list[tuple[UUID, Score]]]:
    """For each of these leads those that are likely of the same matter, best first."""
    found = await repeats.search(tx, {lead.id: keys_of(marks(lead), secret) for lead in leads})
    others = await whole(
        tx, await repeats.get_many(tx, list({each for ids in found.values() for each in ids})), subjects
    )
    marks_of_others = {other.id: marks(other) for other in others}
    likely = {}
    for lead in leads:
        mine = marks(lead)
        scored = [(other, score(mine, theirs)) for other in found[lead.id] if (theirs := marks_of_others.get(other))]
        over = [each for each in scored if each[1].value >= THRESHOLD]
        likely[lead.id] = sorted(over, key=lambda each: (-each[1].value, each[0]))
        await asyncio.sleep(0)  # events wait for the same processor
    return likely


async def _suggest(
    tx: Transaction, leads: Sequence[Lead], *, secret: bytes, subjects: SubjectKeys, at: datetime
) -> None:
    await repeats.suggest(tx, await candidates(tx, leads, secret=secret, subjects=subjects), at=at)


def marks(lead: Lead) -> Marks:
    """The marks of what a lead reports; its reporter is not among them."""
    return _marks(of_the_matter(lead.summary), lead.allegations, lead.received_on, lead.street, lead.manifestations)


@lru_cache(maxsize=REMEMBERED)
def _marks(
    summary: str, allegations: tuple[str, ...], received_on: date, street: str | None, acts: tuple[str, ...]
) -> Marks:
    return marks_of(summary, allegations, received_on=received_on, street=street, acts=acts)
