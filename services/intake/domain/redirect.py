"""A matter of 乱 at its regulator 转主管部门 (§4.2, D29): receipt, then a result, or it comes back once. Frozen and pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID

from shared.deadlines import china_date
from shared.errors import Invalid, NotAllowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Where it went, and what came of it."""

    lead_id: UUID
    number: int
    regulator: str
    sent_by: str
    sent_at: datetime
    receipt_no: str | None = None
    receipt_on: date | None = None
    result: str | None = None
    result_on: date | None = None
    told_on: date | None = None
    """When whoever reported was told the result, as the tries and letters have it; None: nobody was reached."""
    returned_at: datetime | None = None
    return_reason: str | None = None
    receipt_files: tuple[UUID, ...] = ()
    """Scans of the regulator's receipt: attachments of the lead."""
    result_files: tuple[UUID, ...] = ()

    def receive(self, receipt_no: str, on: date, *, today: date, files: tuple[UUID, ...] = ()) -> Self:
        """The regulator's receipt is on file. Raises `NotAllowed`, `Invalid`."""
        if self.receipt_no is not None:
            raise NotAllowed("主管部门回执已登记 / the receipt is on file already")
        self._in_order("receipt_on", on, today, since=china_date(self.sent_at))
        return replace(self, receipt_no=receipt_no, receipt_on=on, receipt_files=files)

    def answer(self, result: str, on: date, *, today: date, files: tuple[UUID, ...] = ()) -> Self:
        """The regulator's result is on file: whoever reported can be told. Raises `NotAllowed`, `Invalid`."""
        if self.receipt_on is None:
            raise NotAllowed("尚无主管部门回执 / the regulator's receipt is not on file")
        if self.result is not None:
            raise NotAllowed("主管部门结果已登记 / the regulator's result is on file already")
        self._in_order("result_on", on, today, since=self.receipt_on)
        return replace(self, result=result, result_on=on, result_files=files)

    def answered_on(self) -> date:
        """The day of the regulator's result. Raises `NotAllowed` while there is none: nothing to tell, nothing to close with."""
        if self.result_on is None:
            raise NotAllowed("主管部门结果尚未登记 / the regulator's result is not on file yet")
        return self.result_on

    def give_back(self, reason: str, *, returned_before: bool, at: datetime) -> Self:
        """The regulator returns it with a reason, once a lead. Raises `NotAllowed`."""
        if self.result is not None:
            raise NotAllowed("主管部门结果已登记,不再退回 / its result is on file; it is not returned any more")
        if returned_before:
            raise NotAllowed("该线索已被主管部门退回过一次 / it was returned once already; no second time")
        return replace(self, returned_at=at, return_reason=reason)

    def must_be_open(self) -> None:
        """That the regulator has not answered. Raises `NotAllowed`."""
        if self.result is not None:
            raise NotAllowed("主管部门结果已登记,不再收回 / its result is on file; it is not taken back any more")

    @staticmethod
    def _in_order(field: str, day: date, today: date, *, since: date) -> None:
        if not since <= day <= today:
            told = f"应在{since}至今天之间 / must lie between {since} and today"
            raise Invalid(told, fields=[(field, told)])


def counted_from(sent: Sequence[Redirect]) -> datetime:
    """From when on the newest regulator's result is due (D29): from the first of those from which it was taken back one after another
    (收回改交), so that nobody gains a day by that. `sent`: all of a lead, in order."""
    first = sent[-1]
    for before in reversed(sent[:-1]):
        if before.returned_at is not None or before.result is not None:
            break
        first = before
    return first.sent_at
