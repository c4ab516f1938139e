"""A reporter past the office may claim that somebody is in danger now; that stands in the box. When the register is read, what arrived
since is opened by the machine for this one word, so that such a report stands first (docs/decisions/0113)."""

from datetime import datetime

from services.discipline.db import reports
from shared import audit
from shared.db import Transaction
from shared.sealing import CannotOpen, Opener

AT_ONCE = 200


async def note_claims(tx: Transaction, *, opener: Opener, at: datetime) -> None:
    """Note of each whether it claims danger; once. One that cannot be opened yet is looked at again."""
    for report_id, sealed in await reports.not_looked_at(tx, limit=AT_ONCE):
        try:
            facts = opener.open(sealed).get("report", {}).get("facts", {})
        except CannotOpen:
            continue
        claimed = facts.get("danger_now") is True
        await reports.note_claim(tx, report_id, claimed=claimed)
        await audit.record(tx, None, "report.note-claim", report_id, at=at, detail={"claimed": claimed})
