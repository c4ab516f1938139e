"""A lead comes in at a busy door: those that come at the same time share one transaction (docs/decisions/0022), each with its own answer.

What is written is what `register_lead` writes, which also does whatever the shared transaction could not.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services.intake.db import deadlines, notices, submissions
from services.intake.db.submissions import Row
from services.intake.domain.deadline import to_classify
from services.intake.domain.lead import Lead
from services.intake.domain.lead_number import LeadNumber
from services.intake.usecases.register_lead import ACCEPTED, DEED, Registration, register_lead
from shared import idempotency, metrics, outbox
from shared.db import Database, Transaction, driver, wait_at_most
from shared.deadlines import Calendar
from shared.groupcommit import GroupCommit
from shared.idempotency import Answer, Claim

CREATED = 201
SAME_CALENDAR = 30
"""Seconds."""
PATIENCE_TOGETHER, PATIENCE_ALONE = 1, 3
"""Seconds to wait for a lock. A large ledger holds the number counters of its days until it commits: leads of other sources and days,
which need none of them, must not wait behind one that does, and that one is told to come again."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A registration and the Idempotency-Key it came with."""

    order: Registration
    claim: Claim


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer, and whether it is that of an earlier request."""

    answer: Answer
    replayed: bool


def row_of(order: Registration, lead: Lead, *, claim: Claim | None = None, answer: Answer | None = None) -> Row:
    """All that is written for a registration."""
    event = lead.received(effective_at=order.effective_at)
    return Row(
        lead=lead,
        reporter=order.reporter,
        by=order.by,
        at=order.at,
        effective_at=order.effective_at,
        value=outbox.value_of(event),
        said_at=outbox.recorded_at(event, order.at),
        claim=claim,
        answer=answer,
        filed=order.filed,
    )


class SubmitLead:
    """The door for single leads. `view` makes the answer's JSON of a lead."""

    def __init__(self, database: Database, *, region: str, view: Callable[[Lead], Any], **limits: Any) -> None:
        self.database, self.region, self.view = database, region, view
        self._days: tuple[float, Calendar] | None = None
        self._queue = GroupCommit[Submission, Outcome](
            self._together, self._alone, observe=metrics.flush_size.observe, **limits
        )

    async def __call__(self, order: Registration, claim: Claim) -> Outcome:
        """Register once however often it is asked. Raises `Invalid` when the key was used for another request, `Registered` when the
        superior's number is registered already."""
        return await self._queue.submit(Submission(order, claim))

    async def _together(self, batch: Sequence[Submission]) -> list[Outcome | None]:
        """All that are asked for the first time, in one transaction; None for the others."""
        chosen = _first_of_each(batch)
        outcomes: list[Outcome | None] = [None] * len(batch)
        async with self.database.transaction() as tx:
            await wait_at_most(tx, PATIENCE_TOGETHER)
            connection = await driver(tx)
            numbers = await submissions.draw_numbers(
                connection,
                self.region,
                [
                    (s.claim.caller, s.claim.key, s.order.new.source.value, s.order.received_on, _challenge(s))
                    for s in (batch[i] for i in chosen)
                ],
            )
            rows = []
            for index, last in zip(chosen, numbers, strict=True):
                if last is None:
                    continue
                submission = batch[index]
                order = submission.order
                lead = order.numbered(LeadNumber(self.region, order.new.source, order.received_on, last))
                answer = Answer(CREATED, self._answer(order, lead))
                rows.append(row_of(order, lead, claim=submission.claim, answer=answer))
                outcomes[index] = Outcome(answer, replayed=False)
            if rows:
                days = await self._calendar(tx)
                await submissions.add(connection, rows, region=self.region, deed=DEED)
                started = [to_classify(row.lead, days=days, at=row.at) for row in rows]
                await deadlines.start_many(connection, started)
        for row in rows:
            ACCEPTED.labels(row.lead.source.value).inc()
        return outcomes

    async def _calendar(self, tx: Transaction) -> Calendar:
        """The calendar, asked for twice a minute only; what is counted with an older one is counted again by the timer."""
        now = time.monotonic()
        if self._days is None or now - self._days[0] > SAME_CALENDAR:
            self._days = now, await notices.calendar(tx)
        return self._days[1]

    async def _alone(self, submission: Submission) -> Outcome:
        async with self.database.transaction() as tx:
            earlier = await idempotency.take(tx, submission.claim)
            if earlier is not None:
                return Outcome(earlier, replayed=True)
            await wait_at_most(tx, PATIENCE_ALONE)
            lead = await register_lead(tx, submission.order, region=self.region)
            answer = Answer(CREATED, self._answer(submission.order, lead))
            await idempotency.keep(tx, submission.claim, answer)
        return Outcome(answer, replayed=False)

    def _answer(self, order: Registration, lead: Lead) -> Any:
        return order.answer(lead) if order.answer else self.view(lead)


def _challenge(submission: Submission) -> bytes | None:
    filed = submission.order.filed
    return filed.spent[0] if filed and filed.spent else None


def _first_of_each(batch: Sequence[Submission]) -> list[int]:
    """Places of those whose key and challenge no earlier one of the batch has."""
    seen: set[object] = set()
    chosen = []
    for index, submission in enumerate(batch):
        marks = {(submission.claim.caller, submission.claim.key), _challenge(submission)} - {None}
        if seen.isdisjoint(marks):
            chosen.append(index)
        seen |= marks
    return chosen
