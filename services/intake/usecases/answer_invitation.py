"""The reporter answers an invitation by the code: one of the offers, another place and time, or no. Nothing is put on record of it but the
letter, the answer's code and the day."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.db import deadlines, invitations, leads, mailbox, reports
from services.intake.domain.invitation import Reply
from services.intake.domain.mailbox import Kind, Writer, must_have_room
from services.intake.domain.proof_of_work import Solved
from services.intake.usecases.deliver_feedback import number_of
from services.intake.usecases.file_report import Desk
from services.intake.usecases.letters import Letters
from services.intake.usecases.reporter_mailbox import Holder
from shared import idempotency
from shared.contracts.intake import DeadlineKind
from shared.db import Database
from shared.deadlines import china_date, start_of
from shared.idempotency import Answer, Claim
from shared.secrecy import refuse_marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the reporter answers; `message` None: to the newest."""

    reply: Reply
    message: int | None
    option: int | None
    text: str | None

    @property
    def words(self) -> str:
        """As the office reads it."""
        chosen = f"第{self.option}项" if self.option else ""
        return f"【答复约请】{self.reply.zh}{chosen}。{self.text or ''}"


class Invitations:
    """Invitations, from the reporters' side."""

    def __init__(self, database: Database, letters: Letters, desk: Desk) -> None:
        self._database, self._letters, self._desk = database, letters, desk

    async def answer(
        self, holder: Holder, said: Said, claim: Claim, solved: Solved, *, at: datetime
    ) -> tuple[Answer, bool]:
        """Answer; → the answer, and whether it was given before. Raises `NotFound` without such an invitation, `NotAllowed`, `Invalid`,
        `Spent`."""
        refuse_marked("text", [said.text or ""])
        claim, on = self._desk.claim(claim), china_date(at)
        async with self._database.transaction() as tx:
            earlier = await idempotency.take(tx, claim)
            if earlier is not None:
                return earlier, True
            await reports.spend(tx, (solved.mark, solved.expires))
            lead = await leads.get(tx, holder.lead_id, lock=True)
            lead.must_be_used()
            invitation, newest = await invitations.get(tx, lead.id, said.message)
            invitation = invitation.answer(said.reply, said.option, newest=newest, on=on)
            must_have_room(await mailbox.unread(tx, lead.id, Writer.REPORTER))
            box = await mailbox.box_of(tx, lead.id)
            letter = self._letters.put(
                {"text": said.words},
                box.public_key,
                number=await mailbox.last_number(tx, lead.id) + 1,
                writer=Writer.REPORTER,
                kind=Kind.MESSAGE,
                about=number_of(lead),
                on=on,
            )
            await mailbox.add(tx, lead.id, letter, by=None)
            await invitations.save(tx, invitation)
            # the reporter was reached (D06)
            await deadlines.stop(tx, lead.id, DeadlineKind.MEET, at=start_of(on))
            answer = Answer(201, {"number": letter.number, "sent_on": on.isoformat()})
            await idempotency.keep(tx, claim, answer)
            return answer, False
