"""What a reporter who asks by the code is told of the limits that run: in plain words, by days, without naming a unit or a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.intake.domain.deadline import LeadDeadline
from services.intake.domain.lead_states import Status
from services.intake.domain.report import Step
from shared.contracts.intake import DeadlineKind
from shared.deadlines import Calendar, in_force

Words = tuple[str, str]
FIRST: Words = ("最迟应在该日(含)前办理下一步", "The next step is due by this day at the latest")
OBJECT: Words = ("您可在该日(含)前提出异议", "You may object until this day")
WORDS: dict[DeadlineKind, Words] = {
    DeadlineKind.CLASSIFY: ("应在该日(含)前完成梳理", "It is to be looked through by this day"),
    DeadlineKind.ASSIGN: ("应在该日(含)前确定核查单位", "A unit to check it is to be charged by this day"),
    DeadlineKind.CONCLUDE: (
        "应在该日(含)前查出结果,之后按规定向您反馈",
        "It is to be checked by this day; then you are told the result",
    ),
    DeadlineKind.REDIRECT: ("主管部门应在该日(含)前办理", "The regulator is to deal with it by this day"),
    DeadlineKind.FEEDBACK: ("应在该日(含)前向您反馈结果", "You are to be told the result by this day"),
    DeadlineKind.MEET: ("应在该日(含)前与您联系见面", "You are to be reached for a meeting by this day"),
    DeadlineKind.OBJECTION: ("应在该日(含)前答复您的异议", "Your objection is to be answered by this day"),
}
"""The other limits are the offices' own."""
SORT: Words = ("主管部门应在该日(含)前答复是否接收", "The regulator is to say by this day whether it takes it")
AGAIN: Words = ("目前无法查清,最迟该日(含)再行核查", "It cannot be settled now; it is looked at again by this day")
OF_LIMIT: dict[str, Words] = {"D29": SORT, "D07w": AGAIN}
"""Limits of a kind with words of their own."""


OF_REVIEW = frozenset({DeadlineKind.REVIEW, DeadlineKind.REWORK})


@dataclass(frozen=True, slots=True)
class ToldLimit:
    """One limit. `latest`: its last day of all, if it has one."""

    words: Words
    by: date
    latest: date | None = None


def told(running: Sequence[LeadDeadline], days: Calendar) -> list[ToldLimit]:
    """What of a lead's limits the reporter is told, the soonest first. Of a quality review nothing is: while it or what it sent back lasts,
    the day of the result stays the one that was told."""
    mine = [one for one in running if one.stopped_at is None and one.kind in WORDS]
    reviewed = any(one.stopped_at is None and one.kind in OF_REVIEW for one in running)
    if reviewed and not any(one.kind is DeadlineKind.CONCLUDE for one in mine):
        stopped = [one for one in running if one.kind is DeadlineKind.CONCLUDE]
        mine += sorted(stopped, key=lambda one: one.round)[-1:]
    found = [ToldLimit(OF_LIMIT.get(one.limit_id, WORDS[one.kind]), one.due.on, one.latest(days)) for one in mine]
    return sorted(found, key=lambda one: one.by)


def first(received_on: date, days: Calendar) -> list[ToldLimit]:
    """What is told while a report has only been received: the same for every report, whoever treats it (G22), so the longer of the limits
    (D18 of discipline, 15 working days; the office's own is three)."""
    return [ToldLimit(FIRST, in_force(received_on).limits["D18"].after(received_on, days).on)]


def told_past_office(steps: Sequence[Step], answered_on: date | None, days: Calendar) -> list[ToldLimit]:
    """What the reporter of a report past the office is told (D18, D19, D12). `answered_on`: when the result was last told by letter."""
    if len(steps) == 1:
        return first(steps[0].since, days)
    last = steps[-1]
    if last.status is not Status.CONCLUDED:
        return []
    if answered_on is None or answered_on < last.since:
        return [ToldLimit(WORDS[DeadlineKind.FEEDBACK], in_force(last.since).limits["D19"].after(last.since, days).on)]
    return [ToldLimit(OBJECT, in_force(answered_on).limits["D12"].after(answered_on, days).on)]
