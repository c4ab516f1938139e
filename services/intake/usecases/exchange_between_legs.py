"""What the legs of a dual assignment exchange: holds that both leaders agree to, requests between two named contacts (§4.3)."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from services.intake.db import dual_assignments, leads
from services.intake.db import dual_exchange as exchange
from services.intake.domain.dual_assignment import DualAssignment
from services.intake.domain.dual_exchange import Answer, Delayed, Hold, HoldState, Need, Request, is_in_hand, leg_of
from services.intake.usecases.stay_away import must_be_others
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DualHoldReleased, DualHoldSet, Leg
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import Forbidden, Invalid, NotFound
from shared.inbox import Received

AT_ONCE = 200
NAMES = {Leg.CRIME: frozenset({"ofd", "unl"}), Leg.DISCIPLINE: frozenset({"dcm"})}
"""Who names the contact of which leg: each side its own."""
BESIDES_THE_UNIT = frozenset({"ofd", "sup", "dcm", "dhd", "dld"})
"""The office, and discipline, which has a leg of each; all others belong to a unit."""


async def of_side(tx: Transaction, dual_id: UUID, by: Principal) -> DualAssignment:
    """The dual assignment, for the office, for discipline and for the unit that is charged now. Raises `NotFound`, for another unit, also
    one that was charged before, like for none."""
    dual = await dual_assignments.get(tx, dual_id)
    if not by.roles & BESIDES_THE_UNIT and not is_in_hand(await leads.get(tx, dual.lead_id), by.unit):
        raise NotFound("没有该双交办 / no such dual assignment")
    return dual


async def find_of_side(
    tx: Transaction,
    *,
    lead_id: UUID | None,
    by: Principal,
    away: Sequence[UUID],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[DualAssignment]:
    """Dual assignments by creation; a unit asks for that of a lead, which it knows from its work. Raises `Invalid` when it names none."""
    besides = bool(by.roles & BESIDES_THE_UNIT)
    if lead_id is None and not besides:
        told = "请写明线索编号(见本单位核查任务) / name the lead, as the unit's work does"
        raise Invalid(told, fields=[("lead_id", told)])
    found = await dual_assignments.page(tx, lead_id=lead_id, away=away, after=after, limit=limit)
    return [each for each in found if besides or is_in_hand(await leads.get(tx, each.lead_id), by.unit)]


async def read_holds(tx: Transaction, dual_id: UUID, *, by: Principal) -> list[Hold]:
    """All holds, for the two sides and the office. Raises `NotFound`."""
    await of_side(tx, dual_id, by)
    return await exchange.holds_of(tx, dual_id)


async def ask_hold(tx: Transaction, dual_id: UUID, what: Delayed, until: date, *, by: Principal, at: datetime) -> Hold:
    """The leader of discipline asks for delay. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    dual = await _locked(tx, dual_id)
    hold = Hold.ask(uuid4(), dual, what, until, by=by.sub, today=china_date(at), at=at)
    hold.must_outlast(await exchange.standing_of(tx, dual_id, what))
    await exchange.put_hold(tx, hold)
    await _record(tx, "hold.ask", hold, by=by, at=at)
    return hold


async def decide_hold(tx: Transaction, hold_id: UUID, *, grant: bool, by: Principal, at: datetime) -> Hold:
    """The leader of the unit that is charged agrees, or not; a longer hold takes the place of the one of its kind that stands. Raises
    `NotFound`, `NotAllowed`, `Forbidden` for another unit."""
    hold = await exchange.get_hold(tx, hold_id)
    if not is_in_hand(await leads.get(tx, hold.lead_id), by.unit):
        raise Forbidden("该线索由其他单位承办 / another unit is charged with the lead")
    hold, said = hold.decide(grant=grant, by=by, today=china_date(at), at=at)
    if said is not None:
        await _locked(tx, hold.dual_assignment_id)
        before = await exchange.standing_of(tx, hold.dual_assignment_id, hold.what)
        hold.must_outlast(before)
        for each in before:
            # said first: who hears both in their order is left with the longer one
            await _end(tx, each, by=by, at=at)
        await outbox.put(tx, said, at=at)
    await exchange.put_hold(tx, hold)
    await _record(tx, "hold.decide", hold, by=by, at=at)
    return hold


async def release_hold(tx: Transaction, hold_id: UUID, *, by: Principal, at: datetime) -> Hold:
    """The leg that asked needs it no longer. Raises `NotFound`, `NotAllowed`."""
    return await _end(tx, await exchange.get_hold(tx, hold_id), by=by, at=at)


async def release_over(tx: Transaction, at: datetime) -> int:
    """Holds whose last day is over end by the clock; → how many."""
    found = await exchange.over(tx, china_date(at), limit=AT_ONCE)
    for each in found:
        await _end(tx, each, by=None, at=at)
    return len(found)


async def name_contact(tx: Transaction, dual_id: UUID, leg: Leg, account: str, *, by: Principal, at: datetime) -> None:
    """Each side names its own contact. Raises `NotFound`, `Forbidden` for the other side, `Invalid` for who is concerned."""
    if not NAMES[leg] & by.roles:
        raise Forbidden("各方只能指定本方联系人 / each side names its own contact")
    await of_side(tx, dual_id, by)
    dual = await _locked(tx, dual_id)
    await must_be_others(tx, dual.lead_id, [account], "account")
    await exchange.name_contact(tx, dual_id, leg, account, by=by.sub, at=at)
    await audit.record(tx, by, "dual-assignment.name-contact", dual_id, at=at, detail={"leg": leg.value})


async def ask_request(tx: Transaction, dual_id: UUID, need: Need, *, by: Principal, at: datetime) -> Request:
    """A contact needs something of the other leg. Raises `NotFound`, `NotAllowed`, `Forbidden`."""
    await of_side(tx, dual_id, by)
    dual = await _locked(tx, dual_id)
    contacts = await exchange.contacts_of(tx, dual_id)
    request = Request.ask(uuid4(), dual, need, contacts=contacts, by=by.sub, at=at)
    await exchange.add_request(tx, request)
    detail = {"request": str(request.id), "need": need.value}
    await audit.record(tx, by, "dual-assignment.ask", dual_id, at=at, detail=detail)
    return request


async def answer_request(tx: Transaction, request_id: UUID, answer: Answer, *, by: Principal, at: datetime) -> Request:
    """The other leg's contact answers. Raises `NotFound`, `NotAllowed`, `Forbidden`."""
    request = await exchange.get_request(tx, request_id)
    await of_side(tx, request.dual_assignment_id, by)
    contacts = await exchange.contacts_of(tx, request.dual_assignment_id)
    request = request.reply(answer, contacts=contacts, by=by, at=at)
    await exchange.save_request(tx, request)
    detail = {"request": str(request.id), "answer": answer.value}
    await audit.record(tx, by, "dual-assignment.answer", request.dual_assignment_id, at=at, detail=detail)
    return request


async def read_requests(tx: Transaction, dual_id: UUID, *, by: Principal, at: datetime) -> list[Request]:
    """What was asked and answered, for the two contacts and the office. Raises `NotFound`, `Forbidden`."""
    await of_side(tx, dual_id, by)
    if not by.roles & {"ofd", "sup"}:
        leg_of(by.sub, await exchange.contacts_of(tx, dual_id))
    await audit.record(tx, by, "dual-assignment.read-requests", dual_id, at=at)
    return await exchange.requests_of(tx, dual_id)


async def relearn_hold(tx: Transaction, event: DualHoldSet | DualHoldReleased, received: Received) -> None:
    """After a restore: a hold stands, or is over, as was said; who asked and agreed is in the audit chain that the others keep."""
    if isinstance(event, DualHoldReleased):
        hold = await exchange.get_hold(tx, event.hold_id)
        await exchange.put_hold(tx, hold.release(by="lost", at=event.effective_at)[0])
        return
    hold = Hold(
        id=event.hold_id,
        dual_assignment_id=event.dual_assignment_id,
        lead_id=event.lead_id,
        what=Delayed(event.what),
        until=event.until,
        asked_by=None,
        asked_at=event.effective_at,
        state=HoldState.STANDING,
        decided_by="lost",
        decided_at=received.at,
    )
    await exchange.put_hold(tx, hold)


async def _end(tx: Transaction, hold: Hold, *, by: Principal | None, at: datetime) -> Hold:
    hold, said = hold.release(by=by.sub if by else "system:intake", at=at)
    await exchange.put_hold(tx, hold)
    await outbox.put(tx, said, at=at)
    await _record(tx, "hold.release", hold, by=by, at=at)
    return hold


async def _locked(tx: Transaction, dual_id: UUID) -> DualAssignment:
    dual = await dual_assignments.get(tx, dual_id)
    return await dual_assignments.of_lead(tx, dual.lead_id) or dual


async def _record(tx: Transaction, deed: str, hold: Hold, *, by: Principal | None, at: datetime) -> None:
    detail = {"hold": str(hold.id), "what": hold.what.value, "state": hold.state.value}
    await audit.record(tx, by, f"dual-assignment.{deed}", hold.dual_assignment_id, at=at, detail=detail)
