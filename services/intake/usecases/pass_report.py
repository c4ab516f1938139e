"""A report past the office goes on to discipline (G22): no number, no lead, no repeat search, no deed in intake's log, no figure; only the
marks by which its code and receipt are known, and the box in an event that discipline alone may read."""

from datetime import datetime

from services.intake.db import passed_reports
from services.intake.domain.passed_report import Passed
from services.intake.usecases.submit_lead import CREATED, Outcome
from shared import idempotency, outbox
from shared.contracts.passed import ReportPassed
from shared.db import Database, Transaction
from shared.idempotency import Answer, Claim


async def pass_report(database: Database, passed: Passed, claim: Claim, *, region: str) -> Outcome:
    """Pass it on once however often it is sent. Raises `Spent`, `TooLarge`."""
    async with database.transaction() as tx:
        earlier = await idempotency.take(tx, claim)
        if earlier is not None:
            return Outcome(earlier, replayed=True)
        await hand_over(tx, passed, region=region, at=claim.at)
        answer = Answer(CREATED, passed.answer)
        await idempotency.keep(tx, claim, answer)
    return Outcome(answer, replayed=False)


async def hand_over(tx: Transaction, passed: Passed, *, region: str, at: datetime) -> None:
    """Keep its marks and send its box. Raises `Spent`, `TooLarge`."""
    await passed_reports.add(tx, passed, region=region)
    event = ReportPassed(report_id=passed.id, received_on=passed.received_on, sealed=passed.sealed)
    await outbox.put(tx, event, at=at)
