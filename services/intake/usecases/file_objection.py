"""The reporter objects by the code (D12): a letter that only the office opens, a receipt that proves it was made, and a limit to decide it.

As with a letter, nothing is put on record of it but the day.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.intake.db import deadlines, mailbox, merges, notices, objections, reports
from services.intake.domain import receipt
from services.intake.domain.attachment import Door
from services.intake.domain.lead import Lead
from services.intake.domain.mailbox import Kind, Writer
from services.intake.domain.objection import Objection, State, must_be_in_time
from services.intake.domain.proof_of_work import Solved
from services.intake.usecases.deliver_feedback import number_of
from services.intake.usecases.enter_objection import ONCE, begin_to_judge, deed_of, known_to
from services.intake.usecases.file_report import Desk
from services.intake.usecases.letter_files import content, must_be_sent_by
from services.intake.usecases.letters import Letters
from services.intake.usecases.reporter_mailbox import Holder
from shared import idempotency
from shared.contracts.intake import DeadlineKind
from shared.db import Database, Transaction
from shared.deadlines import china_date, profile_of, start_of
from shared.errors import Registered
from shared.idempotency import Answer, Claim
from shared.secrecy import refuse_marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the reporter objects, and the code that the receipt is bound to."""

    text: str
    code: str
    files: tuple[UUID, ...] = ()


class Objections:
    """Objections of reporters."""

    def __init__(self, database: Database, letters: Letters, desk: Desk) -> None:
        self._database, self._letters, self._desk = database, letters, desk

    async def file(
        self, holder: Holder, said: Said, claim: Claim, solved: Solved, *, at: datetime
    ) -> tuple[Answer, bool]:
        """The reporter objects; → the answer, and whether it was given before. Raises `Invalid`, `NotAllowed` when there is nothing to
        object to or the time is over, `Registered` when it was objected already, `Spent`."""
        refuse_marked("text", [said.text])
        claim, on = self._desk.claim(claim), china_date(at)
        async with self._database.transaction() as tx:
            earlier = await idempotency.take(tx, claim)
            if earlier is not None:
                return earlier, True
            await reports.spend(tx, (solved.mark, solved.expires))
            lead, whole = await merges.lock_whole(tx, holder.lead_id)
            lead.must_be_used()
            answered = await objections.answer_for(tx, lead, whole)
            known = await known_to(tx, lead, answered, since=answered.since or answered.given_on)
            if known is not None and (known.state is not State.OPEN or known.message is not None):
                raise Registered(ONCE)
            await must_be_sent_by(tx, lead.id, said.files, Door.REPORTER)
            days = await notices.calendar(tx)
            limit = profile_of(lead.profile_version)["D12"]
            must_be_in_time(answered, limit=limit, days=days, today=on)
            number, signed = self._receipt(said, on)
            message = await self._write(tx, lead, said, on)
            if known is None:
                objection = Objection(
                    lead_id=lead.id,
                    deed=await deed_of(tx, lead, answered, by=None, at=start_of(on)),
                    against=answered.against,
                    answered_by=answered.by,
                    made_on=on,
                    message=message,
                )
                await objections.add(tx, objection, number)
                decide_by = await begin_to_judge(tx, lead, days, on)
            else:
                # made by word of mouth before; its limit runs
                await objections.write_down(tx, known, message, number)
                decide_by = (await deadlines.get(tx, lead.id, DeadlineKind.OBJECTION)).due.on
            answer = Answer(201, {"made_on": on.isoformat(), "answer_by": decide_by.isoformat(), "receipt": signed})
            await idempotency.keep(tx, claim, answer)
            return answer, False

    async def _write(self, tx: Transaction, lead: Lead, said: Said, on: date) -> int:
        box = await mailbox.box_of(tx, lead.id)
        letter = self._letters.put(
            content(said.text, said.files),
            box.public_key,
            number=await mailbox.last_number(tx, lead.id) + 1,
            writer=Writer.REPORTER,
            kind=Kind.OBJECTION,
            about=number_of(lead),
            on=on,
        )
        await mailbox.add(tx, lead.id, letter, by=None)
        return letter.number

    def _receipt(self, said: Said, on: date) -> tuple[bytes, dict[str, Any]]:
        number = receipt.new_number(secrets.token_bytes(receipt.NUMBER_BYTES))
        hashed = receipt.content_hash(content(said.text, said.files), said.code)
        signer, region = self._desk.signer, self._desk.region
        signed = signer.sign(region=region, number=number, received_on=on.isoformat(), content_hash=hashed)
        [mark, *_] = self._desk.marks(number)
        return mark, signed
