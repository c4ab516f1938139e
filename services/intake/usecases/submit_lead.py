"""A lead comes in at a busy door: those that come at the same time share one transaction (docs/decisions/0022), each with its own answer.

What is written is what `register_lead` writes, which also does whatever the shared transaction could not.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.intake.db import notices, submissions
from services.intake.db.submissions import Counted, Row
from services.intake.domain.deadline import to_classify, to_meet
from services.intake.domain.lead import Lead
from services.intake.domain.lead_number import LeadNumber
from services.intake.usecases.register_lead import ACCEPTED, DEED, Registration, register_lead
from shared import idempotency, metrics, outbox
from shared.db import Database, Transaction, driver, is_race, wait_at_most
from shared.deadlines import Calendar
from shared.groupcommit import GroupCommit
from shared.idempotency import Answer, Claim

CREATED = 201
SAME_CALENDAR = 30
"""Seconds."""
OTHERS_DRAW = 0.1
"""Seconds without foreseeing after another process was first."""
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


def row_of(
    order: Registration, lead: Lead, *, days: Calendar, claim: Claim | None = None, answer: Answer | None = None
) -> Row:
    """All that is written for a registration."""
    event = lead.received(effective_at=order.effective_at, claimed=order.new.claimed)
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
        subjects=order.subjects,
        limit=to_classify(lead, days=days, at=order.at, claimed=order.new.claimed),
        meet=next(iter(to_meet(lead, days=days)), None),
    )


class SubmitLead:
    """The door for single leads. `view` makes the answer's JSON of a lead.

    The numbers of a batch are foreseen from the last ones that this process drew, so that all is one statement, put together while the
    batch before is still being written. The statement itself sees whether they are right; where another process drew meanwhile, they are
    drawn first and the rest is a second statement (docs/decisions/0040).
    """

    def __init__(self, database: Database, *, region: str, view: Callable[[Lead], Any], **limits: Any) -> None:
        self.database, self.region, self.view = database, region, view
        self._days: tuple[float, Calendar] | None = None
        self._last: dict[Counted, int] = {}
        """The counters as this process leaves them when all that is under way is written."""
        self._not_before = 0.0
        self._drawing = asyncio.Lock()
        self._queue = GroupCommit[Submission, Outcome](
            self._together, self._alone, observe=metrics.flush_size.observe, **limits
        )

    async def __call__(self, order: Registration, claim: Claim) -> Outcome:
        """Register once however often it is asked. What is said of shielding officials is rare and has a row of its own, so such a
        lead comes alone; so does a report that a restore has lost. Raises `Invalid` when the key was used for another request, `Registered`
        when the superior's number is registered already."""
        if order.new.umbrella or (order.filed and order.filed.lost):
            return await self._alone(Submission(order, claim))
        return await self._queue.submit(Submission(order, claim))

    async def _together(self, batch: Sequence[Submission]) -> list[Outcome | None]:
        """All that are asked for the first time, in one transaction; None for the others."""
        outcomes: dict[int, Outcome] = {}
        left = await self._as_foreseen(batch, _first_of_each(batch), outcomes)
        if left:
            # one at a time, so that the next can foresee from what this one draws
            async with self._drawing:
                left = await self._as_foreseen(batch, left, outcomes)
                if left:
                    await self._drawn_first(batch, left, outcomes)
        for source, number in Counter(batch[place].order.new.source.value for place in outcomes).items():
            ACCEPTED.labels(source).inc(number)
        return [outcomes.get(place) for place in range(len(batch))]

    async def _as_foreseen(
        self, batch: Sequence[Submission], places: Sequence[int], outcomes: dict[int, Outcome]
    ) -> Sequence[int]:
        """Write them in one statement, which is the transaction, if their numbers can be foreseen; → the places of those that are not
        written."""
        days = self._known_days()
        lasts = self._foresee(batch[place] for place in places) if days else None
        if days is None or lasts is None:
            return places
        of_each = Counter(_counter(batch[place]) for place in places)
        upcoming = {counter: lasts[counter] - number for counter, number in of_each.items()}
        numbers = []
        for place in places:
            upcoming[_counter(batch[place])] += 1
            numbers.append(upcoming[_counter(batch[place])])
        rows, answers = self._rows(batch, places, numbers, days)
        try:
            async with self.database.one_statement() as connection:
                drawn = await submissions.add_as_foreseen(
                    connection, rows, lasts, region=self.region, deed=DEED, patience=PATIENCE_TOGETHER
                )
        except Exception as fault:
            self._last.clear()
            if is_race(fault):  # a key or a number that is known: who draws first sees which
                return places
            raise
        if len(drawn) < len(lasts):
            self._last.clear()
            self._not_before = time.monotonic() + OTHERS_DRAW
        left = []
        for place, answer in zip(places, answers, strict=True):
            if _counter(batch[place]) in drawn:
                outcomes[place] = answer
            else:
                left.append(place)
        return left

    async def _drawn_first(
        self, batch: Sequence[Submission], places: Sequence[int], outcomes: dict[int, Outcome]
    ) -> None:
        """Write those whose key is not known, in a transaction that holds the counters while their rows are put together."""
        async with self.database.transaction() as tx:
            await wait_at_most(tx, PATIENCE_TOGETHER)
            connection = await driver(tx)
            asked = [_asked(batch[place]) for place in places]
            drawn = await submissions.draw_numbers(connection, self.region, asked)
            new = [(place, number) for place, number in zip(places, drawn, strict=True) if number is not None]
            if not new:
                return
            places, numbers = [place for place, _ in new], [number for _, number in new]
            rows, answers = self._rows(batch, places, numbers, await self._calendar(tx))
            await submissions.add(connection, rows, region=self.region, deed=DEED)
        outcomes |= zip(places, answers, strict=True)
        for place, number in new:
            counter = _counter(batch[place])
            self._last[counter] = max(number, self._last.get(counter, 0))

    def _rows(
        self, batch: Sequence[Submission], places: Sequence[int], numbers: Sequence[int], days: Calendar
    ) -> tuple[list[Row], list[Outcome]]:
        rows, outcomes = [], []
        for place, number in zip(places, numbers, strict=True):
            order, claim = batch[place].order, batch[place].claim
            lead = order.numbered(LeadNumber(self.region, order.new.source, order.received_on, number))
            answer = Answer(CREATED, self._answer(order, lead))
            rows.append(row_of(order, lead, days=days, claim=claim, answer=answer))
            outcomes.append(Outcome(answer, replayed=False))
        return rows, outcomes

    def _foresee(self, asked: Iterable[Submission]) -> dict[Counted, int] | None:
        """The counters after these; None where one of them is not known, or others draw from them, too."""
        if time.monotonic() < self._not_before:
            return None
        of_each = Counter(map(_counter, asked))
        if not self._last.keys() >= of_each.keys():
            return None
        found = {counter: self._last[counter] + number for counter, number in of_each.items()}
        self._last |= found
        return found

    def _known_days(self) -> Calendar | None:
        """The calendar that was asked for lately."""
        return self._days[1] if self._days and time.monotonic() - self._days[0] <= SAME_CALENDAR else None

    async def _calendar(self, tx: Transaction) -> Calendar:
        """The calendar, asked for twice a minute only; what is counted with an older one is counted again by the timer."""
        if known := self._known_days():
            return known
        self._days = time.monotonic(), await notices.calendar(tx)
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


def _counter(submission: Submission) -> Counted:
    return submission.order.new.source.value, submission.order.received_on


def _asked(submission: Submission) -> submissions.Asked:
    claim = submission.claim
    return claim.caller, claim.key, *_counter(submission), _challenge(submission)


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
