"""A report past the office 绕行举报 (G22; 反有组织犯罪法 §53) in discipline's own register: arrived sealed, accepted by the clerk, ended
with an outcome category that never leaves discipline.

A named report is told within 15 working days of receipt that it was accepted (D18). Who is named stands in the box, which nobody opens to
find out: the limit runs for every report, and a named one is never late because nobody looked.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Self
from uuid import UUID

from stdnum.iso7064 import mod_37_36

from services.discipline.domain.leg import Outcome
from shared.codes import Labelled
from shared.contracts.discipline import ReportAccepted, ReportEnded
from shared.deadlines import Calendar, in_force
from shared.errors import NotAllowed

MOST_A_DAY = 999_999


class Status(Labelled):
    """Where a report stands. 举报状态"""

    ARRIVED = "arrived", "已到达", "arrived"
    ACCEPTED = "accepted", "已受理", "accepted"
    ENDED = "ended", "已办结", "ended"


def number_of(region: str, day: date, sequence: int) -> str:
    """Discipline's own number {region6}-J{yyyyMMdd}-{seq6}{check}: J is no source of leads. Raises ValueError past 999,999 a day."""
    if not 1 <= sequence <= MOST_A_DAY:
        raise ValueError(f"a day has numbers 1 to {MOST_A_DAY}")
    body = f"{region}-J{day:%Y%m%d}-{sequence:06d}"
    return body + mod_37_36.calc_check_digit(body.replace("-", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. A transition returns the new state and the event; what is not allowed raises `NotAllowed`."""

    id: UUID
    number: str
    received_on: date
    accept_by: date
    status: Status
    version: int
    accepted_on: date | None = None
    ended_on: date | None = None
    outcome: Outcome | None = None

    @classmethod
    def arrive(cls, report_id: UUID, *, number: str, received_on: date, days: Calendar) -> Self:
        """It came from the door."""
        limit = in_force(received_on).limits["D18"]
        return cls(
            id=report_id,
            number=number,
            received_on=received_on,
            accept_by=limit.after(received_on, days).on,
            status=Status.ARRIVED,
            version=1,
        )

    def accept(self, *, on: date) -> tuple[Self, ReportAccepted]:
        """The case-supervision clerk accepts it."""
        self._must_be(Status.ARRIVED, "受理", "accept")
        report = replace(self, status=Status.ACCEPTED, accepted_on=on, version=self.version + 1)
        return report, ReportAccepted(report_id=self.id, on=on)

    def end(self, outcome: Outcome, *, on: date) -> tuple[Self, ReportEnded]:
        """An outcome is recorded; only the fact that it ended is told, and to its reporter alone."""
        self._must_be(Status.ACCEPTED, "登记处置结果", "record an outcome")
        report = replace(self, status=Status.ENDED, ended_on=on, outcome=outcome, version=self.version + 1)
        return report, ReportEnded(report_id=self.id, on=on)

    def _must_be(self, status: Status, zh: str, en: str) -> None:
        if self.status is not status:
            raise NotAllowed(
                f"不能{zh}:举报为“{self.status.zh}”,应为“{status.zh}” / cannot {en}: the report is {self.status.en}, not {status.en}"
            )
