"""A reporter asks how it stands: in plain words, by days, without naming a unit or a person. Whoever asks by a code that does not exist, or
by a lead number that has none, gets one and the same answer after the same work."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from services.intake.db import mailbox, openings, passed_reports, reports
from services.intake.domain.mailbox import Writer
from services.intake.domain.opening import Purpose
from services.intake.domain.query_code import read_code
from services.intake.domain.report import Step
from services.intake.usecases.file_report import Desk
from services.intake.usecases.own_codes import OwnCodes
from shared.db import Database
from shared.errors import Invalid, NotFound

NOBODY = "没有此查询码对应的举报 / there is no report for this code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a reporter is told: the day of receipt, the steps since, and when his own data were opened and what for."""

    received_on: date
    steps: tuple[Step, ...]
    openings: tuple[tuple[date, Purpose], ...]
    unread: int
    """Messages of the office that the reporter has not read."""


class ReadProgress:
    """How a report stands. It asks the database itself: no connection is held while a code is compared."""

    def __init__(self, database: Database, desk: Desk, own_codes: OwnCodes) -> None:
        self._database, self._desk, self._own_codes = database, desk, own_codes

    async def by_code(self, code: str) -> Progress:
        """By the query code. Raises `Invalid` for a mistyped one, `NotFound`."""
        marks = self._marks(code)
        async with self._database.transaction() as tx:
            lead_id = await reports.find(tx, marks)
            passed = await passed_reports.progress(tx, marks)
        if passed is not None:
            received_on, steps = passed
            return Progress(received_on=received_on, steps=steps, openings=(), unread=0)
        return await self._of(lead_id)

    async def lead_by_code(self, code: str) -> UUID | None:
        """The lead of the report with this query code. Raises `Invalid` for a mistyped one."""
        marks = self._marks(code)
        async with self._database.transaction() as tx:
            return await reports.find(tx, marks)

    def _marks(self, code: str) -> list[bytes]:
        try:
            return self._desk.marks(read_code(code))
        except ValueError:
            reason = "查询码有误,请逐个核对 / the code was mistyped, please check each symbol"
            raise Invalid(reason, fields=[("query_code", reason)]) from None

    async def by_own_code(self, lead_no: str, code: str) -> Progress:
        """By the lead number and the reporter's own code. Raises `NotFound`, `Busy`."""
        return await self._of(await self.lead_by_own_code(lead_no, code))

    async def lead_by_own_code(self, lead_no: str, code: str) -> UUID | None:
        """The lead with this number and own code. Raises `Busy`."""
        async with self._database.transaction() as tx:
            lead_id, kept = await reports.own_code(tx, lead_no)
        fits = await self._own_codes.fits(code, kept)
        return lead_id if fits else None

    async def _of(self, lead_id: UUID | None) -> Progress:
        async with self._database.transaction() as tx:
            asked = lead_id or uuid4()
            found = await reports.progress(tx, asked)
            opened = await openings.told_to_reporter(tx, asked)
            unread = await mailbox.unread(tx, asked, Writer.OFFICE)
        if found is None:
            raise NotFound(NOBODY)
        received_on, steps = found
        return Progress(received_on=received_on, steps=steps, openings=tuple(opened), unread=unread)
