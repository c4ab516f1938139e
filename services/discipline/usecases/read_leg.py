"""Someone of discipline reads a leg with its restricted facts; the reading itself is put on record (G11), and whether it concerns
the reader's own circle (G12)."""

from datetime import datetime
from uuid import UUID

from services.discipline.db import legs
from services.discipline.domain.leg import Leg
from shared import near, reads
from shared.auth import Principal
from shared.contracts.intake import Facts
from shared.db import Transaction
from shared.sealing import Opener


async def read_leg(
    tx: Transaction, leg_id: UUID, *, opener: Opener, by: Principal, at: datetime
) -> tuple[Leg, Facts | None]:
    """The leg, and its facts unless they have not arrived, are sealed with the lead or were destroyed. Raises `NotFound`."""
    leg = await legs.get(tx, leg_id)
    sealed = None if leg.at_rest else await legs.latest_facts(tx, leg.lead_id)
    opened = opener.open(sealed) if sealed else None
    await reads.note(tx, by, "leg.read", leg.id, at=at, circle=await near.ties(tx, opened, by))
    return leg, Facts.model_validate(opened) if opened else None
