"""A concluded lead goes to the organ that it belongs to 移交 (C5, §4.2): a letter, then a receipt, or it is back. Frozen and pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID

from services.intake.domain.lead_states import MOVES, Action, Status
from shared.deadlines import Calendar, Limit, china_date
from shared.errors import Invalid, NotAllowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """One letter to one organ, and what came of it."""

    lead_id: UUID
    number: int
    organ: str
    letter_no: str
    sent_by: str
    sent_at: datetime
    receipt_no: str | None = None
    receipt_on: date | None = None
    undone_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the organ's receipt is waited for."""
        return self.receipt_no is None and self.undone_at is None

    def receive(self, receipt_no: str, on: date, *, today: date) -> Self:
        """The organ's receipt is on file. Raises `NotAllowed`, `Invalid`."""
        if not self.is_open:
            raise NotAllowed("该移交已有回执或已退回 / its receipt is on file, or it is back already")
        first = china_date(self.sent_at)
        if not first <= on <= today:
            told = f"应在{first}至今天之间 / must lie between {first} and today"
            raise Invalid(told, fields=[("receipt_on", told)])
        return replace(self, receipt_no=receipt_no, receipt_on=on)

    def take_back(self, *, at: datetime) -> Self:
        """No receipt came: it is where it was. Raises `NotAllowed`."""
        if not self.is_open:
            raise NotAllowed("该移交已有回执或已退回 / its receipt is on file, or it is back already")
        return replace(self, undone_at=at)

    def is_over(self, limit: Limit, days: Calendar, *, today: date) -> bool:
        """Whether the organ has let the time for its receipt pass (D05)."""
        return self.is_open and today > limit.after(china_date(self.sent_at), days).on


def is_known(letters: Sequence[Handover], action: Action, status: Status, *, said_at: datetime) -> bool:
    """Whether the office did already what verification says: the letter went out, or it was answered, or is back for want of a receipt.
    `said_at`: a transfer after that is another one; without a letter there is nothing known. The organ's receipt stands against a word that
    there is none."""
    if not letters:
        return False
    last = letters[-1]
    if action is Action.UNDO_TRANSFER:
        return last.receipt_no is not None or (status not in MOVES[action] and last.undone_at is not None)
    return status not in MOVES[action] or (last.undone_at is not None and said_at <= last.undone_at)
