"""The running limits of a lead: which runs when, what is said of it, every state × action of a pause."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.intake.domain.codes import Level
from services.intake.domain.deadline import LeadDeadline, of_assignment, to_assign, to_classify
from services.intake.domain.pause import LONGEST, PauseRequest, Status
from shared.contracts.intake import DeadlineKind, DeadlineMoved
from shared.deadlines import Calendar, Colour, Notice, Pause, start_of
from shared.errors import Forbidden, Invalid, NotAllowed, Refused
from tests.support.builders import DAY, DAYS, NOON, assigned, classified, lead, person

LATER = NOON + timedelta(days=10)


def conclude(level: Level = Level.GENERAL, **changes: Any) -> LeadDeadline:
    return of_assignment(assigned(level=level, **changes), days=DAYS, at=NOON)[1]


@pytest.mark.rule("D02", "D03", "D04", "D07")
def test_each_step_of_a_lead_has_its_limit() -> None:
    runs = [
        to_classify(lead(), days=DAYS, at=NOON),
        to_assign(classified(), days=DAYS, at=NOON),
        *of_assignment(assigned(), days=DAYS, at=NOON),
    ]
    assert [(one.kind.value, one.limit_id, f"{one.due.on:%m-%d}") for one in runs] == [
        ("classify", "D02", "06-06"),
        ("assign", "D03", "06-04"),
        ("sign", "D04", "06-04"),
        ("conclude", "D07a", "07-02"),
    ]
    with pytest.raises(ValueError, match="not assigned"):
        of_assignment(classified(), days=DAYS, at=NOON)


@pytest.mark.rule("D07")
@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("superior", [None, date(2018, 6, 17), date(2019, 1, 1)])
def test_the_assignment_and_its_limits_say_the_same_days(level: Level, superior: date | None) -> None:
    one = assigned(level=level, upstream_deadline=superior)
    sign, result = of_assignment(one, days=DAYS, at=NOON)
    assert one.assignment is not None
    assert (sign.due.on, result.due.on) == (one.assignment.sign_by, one.assignment.due_on)
    assert result.limit_id == {Level.GENERAL: "D07a", Level.KEY: "D07b", Level.MAJOR: "D07c"}[level]


@pytest.mark.rule("LADDER")
def test_each_thing_is_said_once_however_often_and_late_one_looks() -> None:
    deadline, said, heard = conclude(), dict[str, datetime](), list[Any]()
    for day in (0, 5, 16, 17, 17, 26, 40, 40, 90):
        now = NOON + timedelta(days=day)
        deadline, events = deadline.fire(said, days=DAYS, now=now)
        said |= {getattr(event, "colour", None) or event.step: now for event in events}  # type: ignore[union-attr]
        heard += events
    assert [getattr(event, "colour", None) or event.step for event in heard] == [
        "yellow",
        "orange",
        "reminder",
        "red",
        "urge",
        "supervision",
        "report",
        "talk",
        "circular",
    ]
    assert [type(event).__name__ for event in heard[:3]] == [
        "DeadlineColoured",
        "DeadlineColoured",
        "DeadlineEscalated",
    ]
    assert heard[3].effective_at == start_of(date(2018, 7, 3)), "when it was, not when someone looked"
    assert deadline.next_at is None


def test_what_was_said_of_an_end_is_said_again_of_a_later_one_only_when_it_is_due_again() -> None:
    deadline = conclude()
    said = {
        "yellow": NOON + timedelta(days=16),
        "orange": NOON + timedelta(days=26),
        "reminder": NOON + timedelta(days=26),
    }
    # the last three working days are the 29th, a worked Saturday and the 3rd now
    later = Calendar([Notice(2018, {date(2018, 6, 30): False, date(2018, 7, 2): True})], number=1)
    moved, _ = deadline.count_again(later, now=NOON + timedelta(days=26, hours=1))
    assert moved.due.on == date(2018, 7, 3)
    moved, events = moved.fire(said, days=later, now=NOON + timedelta(days=26, hours=1))
    assert (events, moved.next_at) == ([], start_of(date(2018, 6, 28)))
    _, events = moved.fire(said, days=later, now=NOON + timedelta(days=28))
    assert [getattr(event, "step", None) or getattr(event, "colour", None) for event in events] == [
        "orange",
        "reminder",
    ]


@pytest.mark.rule("A9")
def test_a_late_notice_moves_what_it_moves_and_says_so() -> None:
    start = datetime.fromisoformat("2050-12-10T12:00:00+08:00")
    deadline = to_classify(lead(), days=Calendar(), at=start)
    assert deadline.due.provisional
    same, events = deadline.count_again(Calendar([Notice(2050, {}), Notice(2051, {})], number=2), now=start)
    assert (same.due.on, same.due.provisional, same.calendar_no) == (deadline.due.on, False, 2)
    assert [(event.due_on, event.provisional) for event in events if isinstance(event, DeadlineMoved)] == [
        (deadline.due.on, False)
    ]
    again, events = same.count_again(
        Calendar([Notice(2050, {}), Notice(2051, {}), Notice(2049, {})], number=3), now=start
    )
    assert (events, again.due, again.calendar_no) == ([], same.due, 3)
    worked = Notice(2050, {date(2050, 12, 12): True})
    moved, events = deadline.count_again(Calendar([worked], number=4), now=start)
    [event] = events
    assert isinstance(event, DeadlineMoved)
    assert (event.because, event.due_on, moved.due.on) == ("notice", moved.due.on, deadline.due.on + timedelta(days=1))


def test_what_has_stopped_keeps_the_colour_of_its_end() -> None:
    stopped = replace(conclude(), stopped_at=NOON + timedelta(days=3), next_at=None)
    assert stopped.colour(NOON + timedelta(days=300)) is Colour.GREEN
    assert not stopped.is_paused(NOON)


def asked(**changes: Any) -> PauseRequest:
    request = PauseRequest.ask(uuid4(), conclude(), date(2018, 6, 20), "等待鉴定意见", by="ana-1", at=NOON)
    return replace(request, **changes)


def granted() -> PauseRequest:
    return asked().decide(conclude(), grant=True, reason=None, by=person("ofd-1"), at=LATER)


AT: dict[Status, Callable[[], PauseRequest]] = {
    Status.ASKED: asked,
    Status.GRANTED: granted,
    Status.REFUSED: lambda: asked().decide(conclude(), grant=False, reason=None, by=person("ofd-1"), at=LATER),
    Status.RESUMED: lambda: granted().resume(conclude(), at=LATER + timedelta(days=2)),
}
ACTIONS: dict[str, Callable[[PauseRequest], PauseRequest]] = {
    "grant": lambda one: one.decide(conclude(), grant=True, reason=None, by=person("ofd-1"), at=LATER),
    "refuse": lambda one: one.decide(conclude(), grant=False, reason=None, by=person("ofd-1"), at=LATER),
    "resume": lambda one: one.resume(conclude(), at=LATER + timedelta(days=2)),
}
BECOMES = {
    (Status.ASKED, "grant"): Status.GRANTED,
    (Status.ASKED, "refuse"): Status.REFUSED,
    (Status.GRANTED, "resume"): Status.RESUMED,
}


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("action", list(ACTIONS))
def test_every_state_and_action_of_a_pause(status: Status, action: str) -> None:
    request = AT[status]()
    assert request.status is status
    if (status, action) in BECOMES:
        assert ACTIONS[action](request).status is BECOMES[status, action]
    else:
        with pytest.raises(NotAllowed):
            ACTIONS[action](request)


def test_a_pause_runs_from_its_grant_to_its_last_day_or_to_the_day_before_it_is_ended() -> None:
    assert granted().days == Pause(date(2018, 6, 11), date(2018, 6, 20))
    ended = granted().resume(conclude(), at=LATER + timedelta(days=2))
    assert ended.days == Pause(date(2018, 6, 11), date(2018, 6, 12))
    at_once = granted().resume(conclude(), at=LATER)
    assert (at_once.days, at_once.last) == (None, date(2018, 6, 10))
    with pytest.raises(NotAllowed):
        granted().resume(conclude(), at=LATER + timedelta(days=10))


def test_whoever_asked_for_a_pause_does_not_decide() -> None:
    for grant in (True, False):
        with pytest.raises(Forbidden):
            asked().decide(conclude(), grant=grant, reason=None, by=person("ana-1"), at=LATER)


STOPPED = replace(conclude(), stopped_at=NOON, next_at=None)
HOURS = LeadDeadline.start(uuid4(), DeadlineKind.SIGN, "D04u", profile_version="district-default-1", days=DAYS, at=NOON)
PAUSED = replace(conclude(), pauses=(Pause(DAY, date(2018, 6, 5)),))


@pytest.mark.parametrize(
    ("deadline", "until", "at", "refusal"),
    [
        (STOPPED, DAY, NOON, NotAllowed),
        (HOURS, DAY, NOON, NotAllowed),
        (PAUSED, DAY, NOON, NotAllowed),
        (conclude(), date(2018, 8, 1), conclude().due_at, NotAllowed),
        (conclude(), date(2018, 5, 31), NOON, Invalid),
        (conclude(), DAY + timedelta(days=LONGEST + 1), NOON, Invalid),
    ],
)
def test_a_pause_is_not_asked_for(deadline: LeadDeadline, until: date, at: datetime, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        PauseRequest.ask(uuid4(), deadline, until, "等待鉴定意见", by="ana-1", at=at)


@pytest.mark.rule("D04", "D06", "D11")
@pytest.mark.parametrize(
    ("kind", "limit", "last"),
    [
        (DeadlineKind.SIGN, "D04", date(2018, 6, 8)),
        (DeadlineKind.MEET, "D06", date(2018, 7, 2)),
        (DeadlineKind.FEEDBACK, "D11", date(2018, 6, 25)),
        (DeadlineKind.CONCLUDE, "D07a", None),
    ],
)
def test_a_limit_with_a_last_day_of_all_ends_by_it_whatever_is_paused(
    kind: DeadlineKind, limit: str, last: date | None
) -> None:
    one = LeadDeadline.start(uuid4(), kind, limit, profile_version="district-default-1", days=DAYS, at=NOON)
    assert one.latest(DAYS) == last
    one.must_end_in_time(DAYS)
    paused = (Pause(DAY, DAY + timedelta(days=60)),)
    beyond, _ = one.pause(paused, pause_id=uuid4(), days=DAYS, now=NOON)
    if last is None:
        beyond.must_end_in_time(DAYS)
    else:
        with pytest.raises(NotAllowed, match=str(last)):
            beyond.must_end_in_time(DAYS)
        # a suspended lead stands still whole
        replace(beyond, stood_still=paused).must_end_in_time(DAYS)


def test_a_pause_is_not_granted_when_it_is_too_late() -> None:
    for deadline, at in (
        (STOPPED, LATER),
        (conclude(), NOON + timedelta(days=60)),
        (conclude(), NOON + timedelta(days=25)),
    ):
        with pytest.raises(NotAllowed):
            asked().decide(deadline, grant=True, reason=None, by=person("ofd-1"), at=at)
