"""What a receiving unit is told of a lead: its facts as they were registered, and what was corrected since."""

from services.intake.db import code_lists, police_calls
from services.intake.domain.codes import Source
from services.intake.domain.lead import Lead
from services.intake.domain.police_call import FIELDS, Change
from shared.contracts.intake import Facts
from shared.db import Transaction
from shared.deadlines import china_date

MOST_LINES = 50
"""Of corrections, the newest."""


async def facts_to_send(tx: Transaction, lead: Lead, *, with_grounds: bool) -> Facts:
    """The facts for a box; a correction stands among the allegations as a line of its own."""
    facts = lead.facts(with_grounds=with_grounds)
    if lead.source is not Source.POLICE_110:
        return facts
    book = await code_lists.book(tx)
    lines = tuple(
        Change(row["field"], row["old"], row["new"]).told(china_date(row["recorded_at"]), book)
        for row in await police_calls.corrections(tx, lead.id)
        if row["field"] in FIELDS
    )
    return facts.model_copy(update={"allegations": (*facts.allegations, *lines[-MOST_LINES:])})
