"""Whether the director still has to say what is done about a child under 14 who is reported (G19), in a lead or in a repeat of it."""

from services.intake.db import leads, merges
from services.intake.domain.lead import Lead
from services.intake.domain.minors import DEED, must_be_decided, name_children
from shared.db import Transaction


async def is_asked(tx: Transaction, lead: Lead) -> bool:
    """A child whom a repeat names is decided on at the repeat before it is merged, or at the master since."""
    said = await leads.last_done(tx, lead.id, DEED)
    for each in [lead, *await merges.repeats_of(tx, lead.id)]:
        if not name_children([each]):
            continue
        merge = await merges.standing_of(tx, each.id)
        since = merge.decided_at if merge and merge.decided_at and each.id != lead.id else None
        covered = said is not None and (since is None or said >= since)
        if not covered and (each.id == lead.id or await leads.last_done(tx, each.id, DEED) is None):
            return True
    return False


async def must_be_without_children(tx: Transaction, lead: Lead) -> None:
    """Raises `Invalid` while a child is named and nothing put down."""
    if await is_asked(tx, lead):
        raise must_be_decided()
