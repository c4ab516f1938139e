"""The work ends with a conclusion of §2.4; whether it is drawn for quality review is decided with it (D36)."""

from datetime import datetime
from uuid import UUID

from services.verification.db import reviews, works
from services.verification.domain.accusation import Decision, must_rest_on
from services.verification.domain.review import Review, because, needs_draw
from services.verification.domain.work import Because, Conclusion, Work
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date, month_of


async def conclude_work(
    tx: Transaction,
    work_id: UUID,
    conclusion: Conclusion,
    *,
    decision: Decision | None = None,
    by: Principal,
    at: datetime,
) -> Work:
    """Conclude the work. `decision`: the document that 诬告 rests on (G16). Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`."""
    work = await works.get(tx, work_id, lock=True)
    earlier = await reviews.of_work(tx, work.id)
    why = await _because(tx, work, conclusion, earlier, at=at)
    work, concluded = work.conclude(conclusion, unit=by.unit, at=at, review=why)
    must_rest_on(conclusion, decision, today=china_date(at))
    await works.save(tx, work, actor=by.sub, effective_at=at, at=at)
    if why:
        await reviews.add(
            tx, Review.begin(work.id, len(earlier) + 1, why, conclusion, by=by.sub, at=at, decision=decision)
        )
    if decision:
        concluded = concluded.model_copy(update={"decided_on": decision.decided_on})
    await outbox.put(tx, concluded, at=at)
    detail = {"conclusion": conclusion.value, "review": why.value if why else None}
    await audit.record(tx, by, "work.conclude", work.id, at=at, detail=detail)
    return work


async def _because(
    tx: Transaction, work: Work, conclusion: Conclusion, earlier: list[Review], *, at: datetime
) -> Because | None:
    repeats = await reviews.repeats_of(tx, work.lead_id)
    drawn = False
    if needs_draw(work, conclusion, repeats):
        drawn = await _draws(tx, work.id, at=at)
    return because(work, conclusion, repeats, drawn=drawn, before=earlier[-1].because if earlier else None)


async def _draws(tx: Transaction, work_id: UUID, *, at: datetime) -> bool:
    month = month_of(china_date(at))
    draw = await reviews.draw_of(tx, month)
    if draw is None or draw.beacons is None:
        # what cannot be drawn by the published rule is not let through by another one
        return True
    token = draw.token(work_id)
    drawn = draw.draws(token)
    await reviews.enter(tx, token, month, drawn=drawn)
    return drawn
