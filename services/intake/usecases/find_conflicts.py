"""Which leads a unit has that must not have them any more: a subject was stated, an interest said or the directory changed after the
assignment (G-CONF). Such a lead stands here until it is taken back (收回改交), ruled elsewhere, or nothing stands between any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake.db import conflicts, directory, life, reports, standing_conflicts
from services.intake.domain.conflict import Neutrality, Obstacle, named
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from shared.db import Transaction
from shared.deadlines import china_date


@dataclass(frozen=True, slots=True)
class Standing:
    """A lead, and what stands between it and its unit."""

    lead: Lead
    obstacles: tuple[Obstacle, ...]


async def find_conflicts(tx: Transaction, *, away: Sequence[UUID], at: datetime) -> list[Standing]:
    """All of them, by id; the directory is read once, and only when there may be one."""
    heads = await standing_conflicts.candidates(tx, away=away)
    if not heads:
        return []
    matters = await standing_conflicts.matters_of(tx, [lead.id for lead in heads])
    everyone = [each for matter in matters.values() for each in matter]
    stated = await conflicts.subjects_of(tx, everyone)
    contents = await reports.stored(tx, [each for each in everyone if each not in stated])
    interests = await conflicts.interests_in(tx, everyone)
    known, day = await directory.whole(tx), china_date(at)
    found = []
    for lead in heads:
        unit = known.units.get(await _holder(tx, lead))
        if unit is None:
            continue
        matter = matters[lead.id]
        subjects = [one for each in matter for one in stated.get(each, ())]
        subjects += [one for each in matter if each in contents for one in named(known, contents[each].content)]
        mine = tuple(one for one in interests if one.lead_id in matter)
        obstacles = Neutrality(known, tuple(dict.fromkeys(subjects)), mine, day).of(unit).obstacles
        if obstacles:
            found.append(Standing(lead, obstacles))
    return found


async def _holder(tx: Transaction, lead: Lead) -> str:
    """Who has it: its unit, or the regulator that has not answered yet."""
    if lead.status is Status.REDIRECTED:
        sent = await life.last_redirect(tx, lead.id)
        return sent.regulator if sent.result is None else ""
    return lead.assignment.unit if lead.assignment else ""
