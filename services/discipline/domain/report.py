"""A report past the office 绕行举报 (G22; 反有组织犯罪法 §53) in discipline's own register: arrived sealed, accepted by the clerk, ended
with an outcome category that never leaves discipline; then its reporter is told, and may object.

A named report is told within 15 working days of receipt that it was accepted (D18), and within 15 of its end what came of it (D19). Who is
named stands in the box, which nobody opens to find out: the limits run for every report, so none is late because nobody looked.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Never, Self
from uuid import UUID

from stdnum.iso7064 import mod_37_36

from services.discipline.domain.leg import Outcome
from shared.codes import Labelled
from shared.contracts.discipline import ReportAccepted, ReportEnded
from shared.deadlines import Calendar, in_force
from shared.errors import Invalid, NotAllowed
from shared.two_people import Person, must_be_none_of

MOST_A_DAY = 999_999


class Status(Labelled):
    """Where a report stands. 举报状态"""

    ARRIVED = "arrived", "已到达", "arrived"
    ACCEPTED = "accepted", "已受理", "accepted"
    ENDED = "ended", "已办结", "ended"
    TOLD = "told", "已反馈", "told to the reporter"
    OBJECTED = "objected", "有异议", "objected to"


class How(Labelled):
    """By which way the reporter was told. 反馈方式"""

    MAILBOX = "mailbox", "信箱", "by a letter that the query code opens"
    PHONE = "phone", "电话", "by telephone"
    VISIT = "visit", "当面", "in person"
    POST = "post", "邮寄", "by post"


ANSWERED = frozenset({Status.ENDED, Status.TOLD})
"""Whose steps an objection is to: another person decides it."""


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
    feedback_by: date | None = None
    """D19; None also for one that ended before this was counted."""
    told_on: date | None = None
    told_how: How | None = None
    objected_on: date | None = None
    decide_by: date | None = None
    result_letter: int | None = None
    """Number of the letter that tells what came of it; None also while it is told another way."""
    danger_claimed: bool | None = None
    """Its reporter claims danger to life; None while nobody has asked."""

    @property
    def danger_by(self) -> date | None:
        """By when such a report is looked at: the day of receipt. The four hours of D02 need the hour, which is kept nowhere (G22)."""
        return self.received_on if self.danger_claimed and self.status is Status.ARRIVED else None

    @property
    def place(self) -> int:
        """In the register: 0 before all others."""
        return 1 if self.danger_by is None else 0

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

    def end(self, outcome: Outcome, *, on: date, days: Calendar) -> tuple[Self, ReportEnded]:
        """An outcome is recorded; only the fact that it ended is told, and to its reporter alone. D19 begins."""
        self._must_be(Status.ACCEPTED, "登记处置结果", "record an outcome")
        by = in_force(on).limits["D19"].after(on, days).on
        report = replace(
            self, status=Status.ENDED, ended_on=on, outcome=outcome, feedback_by=by, version=self.version + 1
        )
        return report, ReportEnded(report_id=self.id, on=on)

    @staticmethod
    def must_not_know_reporter(by: Person, read_by: frozenset[str]) -> None:
        """Raises `Forbidden` for who has read the reporter's data: whoever knows him decides nothing about his report (G1)."""
        told = (
            "查阅过举报人信息的人员不得处置该举报 / whoever has read the reporter's data does not decide on the report"
        )
        must_be_none_of(read_by, by, told)

    def waits_to_be_told(self, letter: int) -> bool:
        """Whether the result in this letter is the one that waits: not one of before it was dealt with anew."""
        return self.status is Status.ENDED and self.result_letter == letter

    def send_result(self, letter: int) -> Self:
        """The result goes out in this letter, once for each ending. Raises `NotAllowed`."""
        self._must_be(Status.ENDED, "反馈结果", "tell the result")
        if self.result_letter is not None:
            raise NotAllowed(
                f"结果已由第{self.result_letter}号信件发出,每次办结只发一次;补充说明请用一般信件 / "
                f"letter {self.result_letter} tells the result, once for each ending: write a message to add to it"
            )
        return replace(self, result_letter=letter, version=self.version + 1)

    def tell(self, how: How, *, told_on: date, today: date) -> Self:
        """The reporter knows the result. Raises `NotAllowed`, `Invalid` for a day before its end or to come."""
        self._must_be(Status.ENDED, "反馈结果", "tell the result")
        if self.ended_on is None or not self.ended_on <= told_on <= today:
            _refuse("on", "应在办结之日以后、今日以前 / from the day it ended until today")
        return replace(self, status=Status.TOLD, told_on=told_on, told_how=how, version=self.version + 1)

    def object(self, *, made_on: date, today: date, days: Calendar) -> Self:
        """The reporter objected, once to each answer and within D12. Raises `NotAllowed`, `Invalid`."""
        self._must_be(Status.TOLD, "登记异议", "record an objection")
        if self.told_on is None or self.objected_on is not None:
            raise NotAllowed("对该答复已提出过异议 / it was objected to this answer already")
        if not self.told_on <= made_on <= today:
            _refuse("on", "应在反馈之日以后、今日以前 / from the day of the answer until today")
        limit = in_force(self.told_on).limits["D12"]
        last = limit.after(self.told_on, days).on
        if made_on > last:
            raise NotAllowed(f"异议期限已于{last}届满 / the time to object ended on {last}")
        by = limit.after(made_on, days).on
        return replace(self, status=Status.OBJECTED, objected_on=made_on, decide_by=by, version=self.version + 1)

    def refuse(self, *, by: Person, answered_by: frozenset[str]) -> Self:
        """The result stands; `answered_by` ended it or told it. Raises `NotAllowed`, `Forbidden` for one of them."""
        self._must_judge(by, answered_by)
        return replace(self, status=Status.TOLD, version=self.version + 1)

    def uphold(self, *, by: Person, answered_by: frozenset[str], on: date) -> tuple[Self, ReportAccepted]:
        """It is dealt with anew. Raises as `refuse`."""
        self._must_judge(by, answered_by)
        gone: dict[str, Any] = dict.fromkeys(
            ("ended_on", "outcome", "feedback_by", "told_on", "told_how", "objected_on", "decide_by", "result_letter")
        )
        report = replace(self, status=Status.ACCEPTED, accepted_on=on, version=self.version + 1, **gone)
        return report, ReportAccepted(report_id=self.id, on=on)

    def _must_judge(self, by: Person, answered_by: frozenset[str]) -> None:
        self._must_be(Status.OBJECTED, "审查异议", "decide an objection")
        told = "异议须由另一人审查 / the objection is judged by another person than the one who answered"
        must_be_none_of(answered_by, by, told)

    def _must_be(self, status: Status, zh: str, en: str) -> None:
        if self.status is not status:
            raise NotAllowed(
                f"不能{zh}:举报为“{self.status.zh}”,应为“{status.zh}” / cannot {en}: the report is {self.status.en}, not {status.en}"
            )


def _refuse(field: str, reason: str) -> Never:
    raise Invalid(reason, fields=[(field, reason)])
