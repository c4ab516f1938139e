"""The office asks a reporter to meet, in a letter that only the code opens; safe places and two neutral officers are checked first (G-MEET,
G2)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, invitations, leads, life, merges
from services.intake.domain.feedback import About
from services.intake.domain.invitation import Invitation, Option, letter, must_be_safe
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action, Status
from services.intake.domain.mailbox import Kind
from services.intake.usecases.check_unit import neutrality
from services.intake.usecases.letters import Letters
from services.intake.usecases.write_to_reporter import put_letter
from shared import reads
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import china_date
from shared.secrecy import refuse_marked


async def invite_reporter(
    tx: Transaction,
    letters: Letters,
    lead_id: UUID,
    text: str,
    officers: Sequence[str],
    options: Sequence[Option],
    *,
    by: Principal,
    at: datetime,
) -> Invitation:
    """Invite. Raises `NotFound`, `NotAllowed` when the lead is not active or has no mailbox, `Invalid` by field for what is not safe."""
    refuse_marked("text", [text])
    for place, option in enumerate(options):
        refuse_marked(f"options.{place}", [option.time, option.place])
    lead, whole = await merges.lock_whole(tx, lead_id)
    must_be_met(lead, whole)
    found, _ = await neutrality(tx, lead, at=at, whole=True)
    must_be_safe(found, text, officers, options, today=china_date(at))
    sent = await put_letter(tx, letters, lead, Kind.INVITATION, letter(text, options), by=by, at=at)
    invitation = Invitation(
        lead_id=lead_id,
        message=sent.number,
        officers=tuple(officers),
        units=tuple(sorted({one.unit for one in options if one.unit})),
        options=len(options),
        sent_on=sent.sent_on,
    )
    await invitations.add(tx, invitation)
    return invitation


async def read_invitations(tx: Transaction, lead_id: UUID, *, by: Principal, at: datetime) -> list[Invitation]:
    """Those of a lead with what was answered; the reading is put on record. Raises `NotFound`, `NotAllowed`."""
    (await leads.get(tx, lead_id)).must_be_used()
    await reads.note(tx, by, "lead.read-invitations", lead_id, at=at)
    return await invitations.of_lead(tx, lead_id)


def must_be_met(lead: Lead, whole: Lead) -> None:
    """Something is still to be done with the lead, or it is a repeat of one that is not at rest: each reporter is met for himself (D06).
    Raises `NotAllowed`."""
    if lead.standing is Status.MERGED:
        whole.must_be_used()
    else:
        lead.must_allow(Action.SUSPEND)


async def meet_again(tx: Transaction, lead: Lead, *, at: datetime) -> None:
    """What ended without a meeting of its reporter goes on, and so does the limit for it (D06), unless he was reached for one."""
    if not lead.named:
        return
    tries = [one for _, one in await life.tries_of(tx, lead.id) if one.about is About.MEETING and one.reached]
    if not tries and not any(one.reply for one in await invitations.of_lead(tx, lead.id)):
        await deadlines.run_on(tx, lead.id, DeadlineKind.MEET, at=at, suspended_at=lead.suspended_at)
