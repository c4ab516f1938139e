"""The reporter's side of the mailbox: whoever holds the code reads and writes; the database is asked without a connection being held
while a code is compared. Nothing is put on record of it but the letter and its day."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.db import leads, mailbox, merges, reports
from services.intake.domain.attachment import Attachment, Door
from services.intake.domain.mailbox import Kind, Message, PastOffice, Writer, must_have_room, private_half
from services.intake.domain.proof_of_work import Solved
from services.intake.domain.query_code import NOBODY, read_code
from services.intake.usecases.attachments import Store
from services.intake.usecases.deliver_feedback import told_by_letter
from services.intake.usecases.file_report import Desk
from services.intake.usecases.letter_files import (
    Enclosed,
    content,
    enclosed,
    must_be_sent_by,
    named_for_reporter,
    open_file,
)
from services.intake.usecases.letters import Letters
from services.intake.usecases.look_again import NEW_LETTER, wake_by_news
from services.intake.usecases.own_codes import OwnCodes
from services.intake.usecases.read_progress import ReadProgress
from shared import idempotency
from shared.db import Database
from shared.deadlines import china_date, start_of
from shared.errors import NotFound
from shared.idempotency import Answer, Claim
from shared.secrecy import refuse_marked


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the code of a report, and what it opens."""

    lead_id: UUID
    private: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What the reporter writes."""

    kind: Kind
    text: str
    files: tuple[UUID, ...] = ()


class Mailbox:
    """The mailboxes of reporters."""

    def __init__(
        self, database: Database, letters: Letters, desk: Desk, known: ReadProgress, own_codes: OwnCodes
    ) -> None:
        self._database, self._letters, self._desk = database, letters, desk
        self._known, self._own_codes = known, own_codes

    async def by_code(self, code: str) -> Holder:
        """Who holds this query code. Raises `Invalid` for a mistyped one, `NotFound`, `PastOffice`, `NotAllowed` for a message's."""
        lead_id = await self._known.lead_by_code(code)
        if lead_id is None:
            if await self._known.past_office(code) is not None:
                raise PastOffice
            await self._known.must_be_registered(code)
            raise NotFound(NOBODY)
        return Holder(lead_id, private_half(read_code(code)))

    async def by_own_code(self, lead_no: str, code: str) -> Holder:
        """Who holds this own code. Raises `NotFound`, `Busy`, `NotAllowed` without a mailbox."""
        lead_id = await self._known.lead_by_own_code(lead_no, code)
        if lead_id is None:
            raise NotFound(NOBODY)
        async with self._database.transaction() as tx:
            box = await mailbox.box_of(tx, lead_id)
        private = await self._own_codes.unlock(code, box.own_lock) if box.own_lock else None
        if private is None:
            raise NotFound(NOBODY)
        return Holder(lead_id, private)

    async def write(
        self, holder: Holder, letter: Letter, claim: Claim, solved: Solved, *, at: datetime
    ) -> tuple[Answer, bool]:
        """The reporter writes; → the answer, and whether it was given before. Raises `Invalid`, `NotAllowed`, `Spent`,
        `Busy`."""
        refuse_marked("text", [letter.text])
        claim = self._desk.claim(claim)
        async with self._database.transaction() as tx:
            earlier = await idempotency.take(tx, claim)
            if earlier is not None:
                return earlier, True
            await reports.spend(tx, (solved.mark, solved.expires))
            lead, whole = await merges.lock_whole(tx, holder.lead_id)
            lead.must_be_used()
            box = await mailbox.box_of(tx, lead.id)
            await must_be_sent_by(tx, lead.id, letter.files, Door.REPORTER)
            must_have_room(await mailbox.unread(tx, lead.id, Writer.REPORTER))
            message = self._letters.put(
                content(letter.text, letter.files),
                box.public_key,
                number=await mailbox.last_number(tx, lead.id) + 1,
                writer=Writer.REPORTER,
                kind=letter.kind,
                about=lead.assignment.number if lead.assignment else 0,
                on=china_date(at),
            )
            await mailbox.add(tx, lead.id, message, by=None)
            await wake_by_news(tx, whole, NEW_LETTER, by=None, at=start_of(message.sent_on))
            answer = Answer(201, {"number": message.number, "sent_on": message.sent_on.isoformat()})
            await idempotency.keep(tx, claim, answer)
            return answer, False

    async def read(
        self, holder: Holder, *, after: int, limit: int, at: datetime
    ) -> tuple[list[tuple[Message, dict[str, Any], list[Enclosed]]], bool]:
        """A page of the thread as the reporter reads it, with the files of each letter, and whether more follow; what it shows is read now.
        Raises `NotAllowed` when the lead is at rest."""
        async with self._database.transaction() as tx:
            lead = await leads.get(tx, holder.lead_id, lock=True)
            lead.must_be_used()
            found = await mailbox.page(tx, lead.id, after=after, limit=limit + 1)
            shown = found[:limit]
            if shown:
                first, last, on = shown[0].number, shown[-1].number, china_date(at)
                await mailbox.mark_read(tx, lead.id, Writer.OFFICE, first=first, last=last, on=on)
                await told_by_letter(tx, lead, shown, on=on)
            told = self._letters.for_reporter(shown, holder.private)
            files = await enclosed(tx, told, named_for_reporter(holder.private))
        return list(zip(shown, told, files, strict=True)), len(found) > limit

    async def file(
        self, holder: Holder, store: Store, *, number: int, file_id: UUID
    ) -> tuple[Attachment, AsyncIterator[bytes]]:
        """A file of this letter. Raises `NotFound`, for another letter's file like for none, `NotAllowed` when the lead is at rest."""
        async with self._database.transaction() as tx:
            (await leads.get(tx, holder.lead_id)).must_be_used()
            letters = await mailbox.page(tx, holder.lead_id, after=number - 1, limit=1)
            said = self._letters.for_reporter([one for one in letters if one.number == number], holder.private)
            says = said[0] if said else {}
            return await open_file(tx, store, holder.lead_id, says, file_id, private=holder.private)
