"""What is kept too long goes (G14, G24): sealing is proposed by the clock and decided by the DPO, expunging takes DPO and AUD, a reporter's
key is destroyed when its time is over. A legal hold stops all three."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.intake.db import deadlines, leads, life, merges, notices, objections, retention
from services.intake.db.life_tables import legal_holds
from services.intake.domain import lead_life
from services.intake.domain.decision import Decision, Kind
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.retention import Record, limit_of, over_on, surely_kept
from services.intake.domain.urgency import CLAIMED
from services.intake.usecases.give_re_examination import OBJECTED
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.envelope import AboutLead
from shared.db import Transaction
from shared.deadlines import Calendar, china_date
from shared.errors import NotAllowed
from shared.legal_holds import LegalHold

AT_ONCE = 200
AGAIN = timedelta(days=60)
"""A sealing that the DPO refused is proposed again after this."""
CLOCK = "办结满{}日,查否线索应予封存"
DECLINED = "不予受理满{}日,应予封存"
ENDED = (Status.CLOSED, Status.NOT_ACCEPTED, Status.SEALED)

LEG_OPEN = "双交办尚有一线未办结,不得封存 / a leg of its dual assignment is open; it is not sealed"
OWED = "尚有人应被告知、答复或可提出异议,不得封存 / somebody is still to be told or answered, or may object; it is not sealed"


async def propose_sealing(tx: Transaction, at: datetime) -> int:
    """Leads that ended as unfounded, or were not accepted, long enough ago are put before the DPO; → how many."""
    days = await notices.calendar(tx)
    earliest = at - surely_kept(Record.UNFOUNDED)
    found = await retention.to_be_sealed(tx, earliest, asked_before=at - AGAIN, limit=AT_ONCE)
    due = [(lead, since) for lead, since in found if _is_over(Record.UNFOUNDED, lead, since, days, at)]
    for lead, since in due:
        kept = limit_of(Record.UNFOUNDED, china_date(since), version=lead.profile_version).number
        why = (DECLINED if lead.status is Status.NOT_ACCEPTED else CLOCK).format(kept)
        decision = Decision(id=uuid4(), lead_id=lead.id, kind=Kind.SEAL, reason=why, proposed_by=None, proposed_at=at)
        await life.add_decision(tx, decision)
        await audit.record(tx, None, "decision.propose", lead.id, at=at, detail={"kind": Kind.SEAL.value})
    return len(due)


async def retire_reporters(tx: Transaction, at: datetime) -> int:
    """The identity of reporters whose lead ended long enough ago is given up: the vault destroys the key; → how many."""
    days = await notices.calendar(tx)
    found = await retention.with_reporter(tx, at - surely_kept(Record.REPORTER), limit=AT_ONCE)
    due = [lead for lead, since in found if _is_over(Record.REPORTER, lead, since, days, at)]
    for each in due:
        if (lead := await lock_ended(tx, each)) is None:
            continue
        await leads.touch(tx, lead, "retire-reporter", by=None, at=at)
        await retention.retire_reporter(tx, lead.id)
        await audit.record(tx, None, "lead.retire-reporter", lead.id, at=at)
    return len(due)


async def lock_ended(tx: Transaction, found: Lead) -> Lead | None:
    """A lead whose time is over, locked with the master it is a repeat of, if there is one. None when a hold came a moment ago, or it, or
    its master, was taken up again."""
    lead, whole = await merges.lock_both(tx, found.id, found.merged_into or found.id)
    if lead.merged_into != found.merged_into or whole.status not in ENDED:
        return None
    return None if await retention.is_held(tx, lead.id) else lead


async def must_be_over(tx: Transaction, lead_id: UUID, *, at: datetime) -> None:
    """Whether a sealed lead may be expunged. Raises `NotAllowed` before its time."""
    sealed_at = await retention.since(tx, lead_id, "seal")
    if sealed_at is None:
        return
    days, version = await notices.calendar(tx), (await leads.get(tx, lead_id)).profile_version
    until = over_on(Record.SEALED, china_date(sealed_at), days, version=version)
    if until >= china_date(at):
        raise NotAllowed(f"封存线索保存至{until},尚不能销毁 / the sealed lead is kept until {until}")


async def seal(tx: Transaction, decision: Decision, by: Principal, at: datetime) -> None:
    """It comes to rest with its repeats. Raises `NotAllowed` under a hold, when it did not end as unfounded, waits for another team
    after it was reported again, or an objection is undecided or a leg of its dual assignment open."""
    lead, repeats = await _whole(tx, decision.lead_id)
    if await merges.open_re_examinations(tx, lead.id):
        raise NotAllowed(
            "该线索再次被举报,待交其他力量复查,不得封存 / it was reported again and waits for another team; it is not sealed"
        )
    if lead.status is Status.NOT_ACCEPTED and await retention.owes(tx, lead.id, at - _kept(lead, at)):
        raise NotAllowed(OWED)
    if await deadlines.claims_of_repeats(tx, lead.id):
        raise NotAllowed(CLAIMED)
    if await retention.has_leg(tx, lead.id):
        raise NotAllowed(LEG_OPEN)
    held = await retention.is_held(tx, lead.id)
    concluded = await merges.conclusion_of(tx, lead.id)
    for each in (lead, *repeats):
        if await objections.open_of(tx, each.id) is not None:
            raise NotAllowed(OBJECTED)
        done, said = lead_life.seal(each, conclusion=concluded and concluded[0], held=held, at=at)
        await leads.save(tx, done, "seal", by=by, effective_at=at, at=at)
        await retention.stop_finding(tx, each.id)
        await _say(tx, said, by=by, at=at)


async def expunge(tx: Transaction, decision: Decision, by: Principal, at: datetime) -> None:
    """Every text of it and of its repeats is destroyed here, and the others are told. Raises `NotAllowed` under a hold."""
    lead, repeats = await _whole(tx, decision.lead_id)
    held = await retention.is_held(tx, lead.id)
    for each in (lead, *repeats):
        done, said = lead_life.expunge(each, held=held, at=at)
        await leads.save(tx, done, "expunge", by=by, effective_at=at, at=at)
        await retention.destroy_texts(tx, each.id)
        await _say(tx, said, by=by, at=at)


async def set_hold(
    tx: Transaction, lead_id: UUID, basis_no: str, reason: str, *, by: Principal, at: datetime
) -> LegalHold:
    """An order to keep. Raises `NotFound`, `NotAllowed` when nothing is left to keep, `Conflict` for one that stands already, `Invalid`."""
    lead = await leads.get(tx, lead_id, lock=True)
    await retention.one_at_a_time(tx, lead_id)
    if lead.status is Status.EXPUNGED:
        raise NotAllowed("线索已销毁 / the lead is expunged")
    return await legal_holds.set(tx, lead_id, basis_no, reason, by=by, at=at)


def _is_over(record: Record, lead: Lead, since: datetime, days: Calendar, at: datetime) -> bool:
    return over_on(record, china_date(since), days, version=lead.profile_version) < china_date(at)


def _kept(lead: Lead, at: datetime) -> timedelta:
    return timedelta(days=limit_of(Record.UNFOUNDED, china_date(at), version=lead.profile_version).number)


async def _whole(tx: Transaction, lead_id: UUID) -> tuple[Lead, list[Lead]]:
    """A lead with its repeats, which come to rest with it."""
    lead = await leads.get(tx, lead_id, lock=True)
    if lead.merged_into is not None:
        raise NotAllowed("并入的线索随主线索封存、销毁 / a repeat is sealed and expunged with its master")
    await leads.hold(tx, [each.id for each in await merges.repeats_of(tx, lead_id)])
    return lead, await merges.repeats_of(tx, lead_id)


async def _say(tx: Transaction, said: AboutLead, *, by: Principal, at: datetime) -> None:
    await outbox.put(tx, said, at=at)
    deed = said.TYPE.split(".")[3]
    await audit.record(tx, by, f"lead.{deed}", said.lead_id, at=at)
