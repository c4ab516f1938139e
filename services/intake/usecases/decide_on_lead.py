"""What takes two people on a lead (G10): one proposes, another decides; what was confirmed is done in the same transaction."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID, uuid4

from services.intake.db import deadlines, leads, life, merges, notices
from services.intake.domain import lead_life
from services.intake.domain.deadline import to_assign
from services.intake.domain.decision import Decision, Kind, may_propose
from services.intake.domain.lead_states import Action
from services.intake.usecases import keep_retention
from services.intake.usecases.decide_objection import uphold_all
from services.intake.usecases.letters import Letters
from services.intake.usecases.raise_level import raise_level
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.secrecy import refuse_marked

ACTIONS = {Kind.RAISE: Action.RAISE, Kind.REOPEN: Action.REOPEN, Kind.SEAL: Action.SEAL, Kind.EXPUNGE: Action.EXPUNGE}


async def propose_decision(
    tx: Transaction, lead_id: UUID, kind: Kind, reason: str, *, by: Principal, at: datetime
) -> Decision:
    """Propose it. Raises `NotFound`, `NotAllowed`, `Forbidden`."""
    refuse_marked("reason", [reason])
    may_propose(kind, by.roles)
    lead = await leads.get(tx, lead_id, lock=True)
    lead.must_allow(ACTIONS[kind])
    if kind is Kind.RAISE:
        lead_life.raise_level(lead)
    if kind is Kind.EXPUNGE:
        await keep_retention.must_be_over(tx, lead_id, at=at)
    decision = Decision(id=uuid4(), lead_id=lead_id, kind=kind, reason=reason, proposed_by=by.sub, proposed_at=at)
    await life.add_decision(tx, decision)
    detail = {"decision": str(decision.id), "kind": kind.value}
    await audit.record(tx, by, "decision.propose", lead_id, at=at, purpose=reason, detail=detail)
    return decision


async def decide_on_lead(
    tx: Transaction,
    letters: Letters,
    decision_id: UUID,
    *,
    confirm: bool,
    reason: str | None,
    by: Principal,
    at: datetime,
) -> Decision:
    """Confirm it, which does it, or refuse. Raises `NotFound`, `NotAllowed`, `Forbidden` for the proposer and for another role."""
    refuse_marked("reason", [reason or ""])
    known = await life.get_decision(tx, decision_id)
    await leads.get(tx, known.lead_id, lock=True)
    decision = (await life.get_decision(tx, decision_id, lock=True)).decide(
        confirm=confirm, reason=reason, by=by, at=at
    )
    await life.save_decision(tx, decision)
    detail = {"decision": str(decision.id), "kind": decision.kind.value, "state": decision.state.value}
    await audit.record(tx, by, "decision.decide", decision.lead_id, at=at, purpose=reason, detail=detail)
    if confirm:
        if decision.kind is Kind.REOPEN:
            await _reopen(tx, letters, decision, by, at)
        else:
            await DONE[decision.kind](tx, decision, by, at)
    return decision


async def _reopen(tx: Transaction, letters: Letters, decision: Decision, by: Principal, at: datetime) -> None:
    """It is taken up again: what reporters of its repeats objected to its result is upheld by that."""
    lead, said = lead_life.reopen(await leads.get(tx, decision.lead_id, lock=True), at=at)
    await uphold_all(tx, letters, lead, by=by, at=at)
    await leads.save(tx, lead, "reopen", by=by, effective_at=at, at=at, reason=decision.reason)
    await deadlines.start_anew(tx, to_assign(lead, days=await notices.calendar(tx), at=at))
    for repeat in await merges.repeats_of(tx, lead.id):
        # told, and its superior answered, with the next result
        await deadlines.stop(tx, repeat.id, DeadlineKind.FEEDBACK, DeadlineKind.CONCLUDE, at=at)
    await outbox.put(tx, said, at=at)


DONE: Mapping[Kind, Callable[[Transaction, Decision, Principal, datetime], Awaitable[None]]] = {
    Kind.RAISE: raise_level,
    Kind.SEAL: keep_retention.seal,
    Kind.EXPUNGE: keep_retention.expunge,
}
