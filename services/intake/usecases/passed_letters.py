"""Letters between the reporter of a report past the office and discipline, as whoever holds the query code writes and reads them.

intake keeps boxes that the code opens, and hands on boxes for discipline: it reads none, and puts nothing on record.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.db import passed_reports, reports
from services.intake.domain.mailbox import Kind, Writer, private_half, public_half
from services.intake.domain.passed_report import PassedLetter, must_have_room
from services.intake.domain.proof_of_work import Solved
from services.intake.domain.query_code import NOBODY, read_code
from services.intake.usecases.answer_files import ATTACHED, answer_file
from services.intake.usecases.attachments import Store
from services.intake.usecases.file_report import DISCIPLINE, Desk
from services.intake.usecases.letter_files import Enclosed, content, enclosed, must_be_passed
from services.intake.usecases.office_keys import REPORTER, reporter, reporters_opener
from shared import idempotency, outbox
from shared.contracts.envelope import SealedBox, day_of
from shared.contracts.passed import LetterPassed, LetterRead
from shared.db import Database
from shared.deadlines import china_date
from shared.errors import NotFound
from shared.idempotency import Answer, Claim
from shared.sealing import Sealer
from shared.secrecy import refuse_marked

OPENING = "opening"
"""The kind that tells of an opening: shown with the progress, no letter."""
RESULT = "result"
KINDS = {"message": Kind.MESSAGE, RESULT: Kind.FEEDBACK, "refusal": Kind.REFUSAL}
"""What discipline calls a letter → what the reporter is shown."""
Opened = tuple[PassedLetter, Mapping[str, Any]]


def open_letters(letters: Sequence[PassedLetter], private: bytes) -> list[Opened]:
    """Each with what it says; `private` is the half of the key pair that the code makes. Raises `CannotOpen`."""
    opener = reporters_opener(private)
    return [(one, opener.open(SealedBox(key_id=REPORTER, box=one.box))) for one in letters]


def to_be_read(letter: PassedLetter, says: Mapping[str, Any]) -> bool:
    """Whether it waits for the reporter."""
    return letter.writer is Writer.DISCIPLINE and letter.read_on is None and says["kind"] != OPENING


@dataclass(frozen=True, slots=True)
class PassedHolder:
    """Who holds the code of a report past the office, and what it opens."""

    report_id: UUID
    private: bytes

    @classmethod
    def of(cls, report_id: UUID, code: str) -> "PassedHolder":
        """By the code as it was typed."""
        return cls(report_id, private_half(read_code(code)))


class PassedMailbox:
    """The mailboxes of reporters past the office."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database, self._desk = database, desk

    async def write(
        self,
        holder: PassedHolder,
        text: str,
        claim: Claim,
        solved: Solved,
        *,
        files: Sequence[UUID],
        at: datetime,
    ) -> tuple[Answer, bool]:
        """The reporter writes to discipline, naming files that it has; → the answer, and whether it was given before. Raises `Invalid`,
        `NotAllowed` when too much waits, `Spent` when the challenge was spent, `NotFound` when it was expunged a moment ago."""
        refuse_marked("text", [text])
        claim, on = self._desk.claim(claim), china_date(at)
        said = {"kind": "message", **content(text, files)}
        mine = Sealer({REPORTER: reporter(public_half(holder.private))}).seal(REPORTER, said)
        async with self._database.transaction() as tx:
            earlier = await idempotency.take(tx, claim)
            if earlier is not None:
                return earlier, True
            await reports.spend(tx, (solved.mark, solved.expires))
            if not await passed_reports.lock(tx, holder.report_id):
                raise NotFound(NOBODY)
            await must_be_passed(tx, holder.report_id, files)
            must_have_room(await passed_reports.letters(tx, holder.report_id))
            number = await passed_reports.add_letter(
                tx, holder.report_id, Writer.REPORTER, mine.box, theirs=None, on=on
            )
            sealed = self._desk.sealer.seal(DISCIPLINE, said)
            await outbox.put(tx, LetterPassed(report_id=holder.report_id, on=on, sealed=sealed), at=day_of(at))
            answer = Answer(201, {"number": number, "sent_on": on.isoformat()})
            await idempotency.keep(tx, claim, answer)
            return answer, False

    async def file(
        self, holder: PassedHolder, store: Store, *, number: int, file_id: UUID
    ) -> tuple[str, AsyncIterator[bytes]]:
        """A file that this letter of discipline names. Raises `NotFound`, `NotAllowed`, `CannotOpen`."""
        async with self._database.transaction() as tx:
            whole = await passed_reports.letters(tx, holder.report_id)
            mine = open_letters([one for one in whole if one.number == number], holder.private)
            return await answer_file(tx, store, holder.report_id, mine[0][1] if mine else {}, file_id)

    async def read(
        self, holder: PassedHolder, *, after: int, limit: int, at: datetime
    ) -> tuple[list[tuple[PassedLetter, Kind, Mapping[str, Any], list[Enclosed]]], bool]:
        """A page of the thread, with the files of each letter, and whether more follow; discipline hears which of its letters were read.
        Raises `CannotOpen`."""
        async with self._database.transaction() as tx:
            await passed_reports.lock(tx, holder.report_id)
            whole = open_letters(await passed_reports.letters(tx, holder.report_id), holder.private)
            found = [pair for pair in whole if pair[1]["kind"] != OPENING and pair[0].number > after]
            shown = found[:limit]
            new = [one.theirs for one, says in shown if to_be_read(one, says) and one.theirs is not None]
            await passed_reports.mark_read(tx, holder.report_id, new, on=china_date(at))
            for number in new:
                event = LetterRead(report_id=holder.report_id, number=number, on=china_date(at))
                await outbox.put(tx, event, at=day_of(at))
            # of what the reporter sent intake knows the length alone
            files = await enclosed(tx, [says for _, says in shown], lambda _: None)
        items = [
            (letter, KINDS[says["kind"]], says, _as_told(says, mine))
            for (letter, says), mine in zip(shown, files, strict=True)
        ]
        return items, len(found) > limit


def _as_told(says: Mapping[str, Any], files: Sequence[Enclosed]) -> list[Enclosed]:
    """Of what discipline sent its letter says more."""
    told = {one["id"]: one for one in says.get(ATTACHED, ())}

    def more(file: Enclosed) -> Enclosed:
        one = told.get(str(file.id))
        return Enclosed(file.id, one["name"] or None, one["media_type"], one["length"]) if one else file

    return list(map(more, files))
