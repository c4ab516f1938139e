"""A running limit at any instant: its end by every kind of limit, its colour, and the whole ladder."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.deadlines import (
    PROFILE,
    Calendar,
    Colour,
    Limit,
    Notice,
    Pause,
    Pauses,
    Schedule,
    Unit,
    check_extension,
    cut_short,
    schedule,
    start_of,
)
from shared.errors import Invalid, NotAllowed

DAYS = Calendar()
d = date.fromisoformat
MONTH = PROFILE["D07a"]


def noon(day: str | date) -> datetime:
    return start_of(d(day) if isinstance(day, str) else day) + timedelta(hours=12)


def limit(number: int, unit: Unit, *, custody: bool = False) -> Limit:
    return Limit("X", number, unit, "test", custody)


def ladder(plan: Schedule) -> list[tuple[str, str]]:
    """What is due, and the hour in China."""
    return [(due.what.value, f"{due.at + timedelta(hours=8):%m-%d %H:%M}") for due in plan.ladder]


@pytest.mark.rule("A9")
@pytest.mark.parametrize(
    ("start", "number", "unit", "due"),
    [
        ("2018-09-20", 5, "WD", "2018-09-28"),
        ("2018-09-18", 15, "WD", "2018-10-15"),
        ("2018-09-28", 3, "WD", "2018-10-08"),
        ("2018-04-27", 3, "WD", "2018-05-03"),
        ("2018-02-13", 5, "WD", "2018-02-26"),
        ("2018-12-28", 3, "WD", "2019-01-03"),
        ("2018-08-25", 30, "ND", "2018-09-25"),
        ("2018-09-01", 30, "ND", "2018-10-08"),
        ("2018-06-01", 15, "ND", "2018-06-19"),
        ("2018-11-30", 3, "M", "2019-02-28"),
        ("2018-07-01", 3, "M", "2018-10-08"),
    ],
)
def test_a_limit_runs_out_when_its_last_day_is_over(start: str, number: int, unit: str, due: str) -> None:
    plan = schedule(limit(number, Unit(unit)), noon(start), DAYS)
    assert (plan.due.on, plan.due.provisional) == (d(due), False)
    assert plan.due_at == start_of(d(due)) + timedelta(days=1)
    assert plan.colour(plan.due_at - timedelta(microseconds=1)) is Colour.ORANGE
    assert plan.colour(plan.due_at) is Colour.RED


@pytest.mark.rule("A9")
def test_custody_is_neither_moved_nor_paused_nor_extended() -> None:
    custody = limit(37, Unit.NATURAL_DAYS, custody=True)
    assert schedule(custody, noon("2018-09-30"), DAYS).due.on == d("2018-11-06")
    assert schedule(limit(30, Unit.NATURAL_DAYS, custody=True), noon("2018-09-01"), DAYS).due.on == d("2018-10-01")
    with pytest.raises(ValueError, match="never paused"):
        schedule(custody, noon("2018-09-30"), DAYS, pauses=(Pause(d("2018-10-02"), d("2018-10-03")),))
    with pytest.raises(ValueError, match="its own rules"):
        schedule(custody, noon("2018-09-30"), DAYS, extension=3)
    with pytest.raises(ValueError, match="custody is counted"):
        limit(3, Unit.WORKING_DAYS, custody=True)


def test_hours_run_day_and_night_and_stand_still_in_pauses() -> None:
    start = datetime(2018, 9, 30, 14, tzinfo=UTC)  # 22:00 in China, the eve of the National Day
    plan = schedule(limit(4, Unit.HOURS), start, DAYS)
    assert (plan.due_at, plan.due.on) == (start + timedelta(hours=4), d("2018-10-01"))
    assert ladder(plan)[:4] == [
        ("orange", "10-01 00:00"),
        ("reminder", "10-01 00:00"),
        ("red", "10-01 02:00"),
        ("urge", "10-01 02:00"),
    ]
    assert ladder(plan)[4] == ("supervision", "10-10 00:00")
    paused = schedule(limit(4, Unit.HOURS), start, DAYS, pauses=(Pause(d("2018-10-01"), d("2018-10-02")),))
    assert paused.due_at == start + timedelta(hours=4, days=2)
    assert schedule(limit(48, Unit.HOURS), start, DAYS, superior=d("2018-10-01")).due_at == start_of(d("2018-10-02"))


@pytest.mark.rule("D07")
def test_a_month_of_verification_goes_through_all_colours_and_measures() -> None:
    plan = schedule(MONTH, noon("2018-06-01"), DAYS)
    assert plan.due.on == d("2018-07-02")
    assert ladder(plan) == [
        ("yellow", "06-17 00:00"),  # 15 of 31 days are left
        ("orange", "06-27 00:00"),  # three working days: 28, 29, 02
        ("reminder", "06-27 00:00"),
        ("red", "07-03 00:00"),
        ("urge", "07-03 00:00"),
        ("supervision", "07-05 00:00"),
        ("report", "07-09 00:00"),
        ("talk", "07-12 00:00"),
        ("circular", "07-16 00:00"),
    ]
    colours = [plan.colour(noon(d("2018-06-01") + timedelta(days=n))).value for n in range(40)]
    assert colours == ["green"] * 16 + ["yellow"] * 10 + ["orange"] * 6 + ["red"] * 8


@pytest.mark.parametrize(
    ("days", "orange"),
    [(1, "06-04"), (2, "06-04"), (3, "06-05"), (4, "06-05"), (5, "06-06"), (6, "06-06"), (7, "06-07")],
)
def test_a_short_limit_is_not_born_orange(days: int, orange: str) -> None:
    plan = schedule(limit(days, Unit.WORKING_DAYS), noon("2018-06-01"), DAYS)
    assert plan.colour(noon("2018-06-01")) is Colour.GREEN
    assert ladder(plan)[0] == (Colour.ORANGE.value, f"{orange} 00:00"), (
        "half is gone, and three working days are left at most"
    )


def test_a_long_one_in_working_days_is_yellow_before_it_is_orange() -> None:
    assert ladder(schedule(limit(15, Unit.WORKING_DAYS), noon("2018-09-18"), DAYS))[:2] == [
        ("yellow", "09-29 00:00"),  # the eighth of fifteen, a Saturday that is worked
        ("orange", "10-10 00:00"),
    ]


@pytest.mark.rule("D07")
def test_the_superiors_date_wins_when_it_is_earlier_and_nobody_moves_it() -> None:
    def ends(superior: str, **more: Any) -> date:
        return schedule(MONTH, noon("2018-06-01"), DAYS, superior=d(superior), **more).due.on

    assert ends("2018-06-17") == d("2018-06-17"), "a Sunday stays one"
    assert ends("2018-08-01") == d("2018-07-02")
    pause = (Pause(d("2018-06-10"), d("2018-06-20")),)
    assert ends("2018-06-17", pauses=pause) == d("2018-06-17")
    assert ends("2018-07-05", pauses=pause, extension=27) == d("2018-07-05")
    assert (
        schedule(MONTH, noon("2018-06-01"), DAYS, superior=d("2018-06-01")).colour(noon("2018-06-01")) is Colour.ORANGE
    )


def test_what_is_late_from_its_first_instant_is_urged_at_once_and_the_rest_counts_from_there() -> None:
    plan = schedule(MONTH, noon("2018-06-01"), DAYS, superior=d("2018-03-01"))
    assert plan.colour(noon("2018-06-01")) is Colour.RED
    assert ladder(plan)[:3] == [("red", "06-01 12:00"), ("urge", "06-01 12:00"), ("supervision", "06-06 00:00")]


def test_paused_days_do_not_count_in_any_unit() -> None:
    pause = (Pause(d("2018-06-11"), d("2018-06-15")),)  # Monday to Friday
    for number, unit, plain, paused in (
        (10, Unit.WORKING_DAYS, "2018-06-15", "2018-06-25"),
        (20, Unit.NATURAL_DAYS, "2018-06-21", "2018-06-26"),
        (1, Unit.MONTHS, "2018-07-02", "2018-07-06"),
    ):
        one = limit(number, unit)
        assert schedule(one, noon("2018-06-01"), DAYS).due.on == d(plain)
        assert schedule(one, noon("2018-06-01"), DAYS, pauses=pause).due.on == d(paused)


def test_in_a_pause_the_colour_stands_still() -> None:
    pause = Pause(d("2018-06-11"), d("2018-06-29"))
    plan = schedule(MONTH, noon("2018-06-01"), DAYS, pauses=(pause,))
    assert {plan.colour(noon(pause.first + timedelta(days=n))) for n in range(19)} == {Colour.GREEN}
    assert plan.next_at(noon("2018-06-11")) == start_of(d("2018-07-05")), "half of thirty days that count"


def test_a_pause_can_be_cut_short_or_undone() -> None:
    first, last = Pause(d("2018-06-04"), d("2018-06-05")), Pause(d("2018-06-11"), d("2018-06-15"))
    assert cut_short((first, last), d("2018-06-13")) == (first, Pause(d("2018-06-11"), d("2018-06-12")))
    assert cut_short((first, last), d("2018-06-11")) == (first,)
    assert cut_short((first, last), d("2018-07-01")) == (first, last)
    with pytest.raises(ValueError, match="before it begins"):
        Pause(d("2018-06-05"), d("2018-06-04"))


@pytest.mark.rule("D08")
def test_an_extension_is_counted_from_the_end_once_and_in_time() -> None:
    plan = schedule(MONTH, noon("2018-06-01"), DAYS)
    assert schedule(MONTH, noon("2018-06-01"), DAYS, extension=27).due.on == d("2018-07-30"), "07-29 is a Sunday"
    most = PROFILE["D08a"]
    check_extension(plan, 27, most=most, extended=False, now=noon("2018-07-02"))
    with pytest.raises(NotAllowed, match="once"):
        check_extension(plan, 1, most=most, extended=True, now=noon("2018-07-02"))
    with pytest.raises(NotAllowed, match="ended"):
        check_extension(plan, 1, most=most, extended=False, now=plan.due_at)
    for days in (0, 28):
        with pytest.raises(Invalid, match="1 to 27"):
            check_extension(plan, days, most=most, extended=False, now=noon("2018-07-02"))
    check_extension(plan, 30, most=PROFILE["D08"], extended=False, now=noon("2018-07-02"))


def test_a_limit_that_rests_on_a_year_without_notice_is_provisional() -> None:
    plan = schedule(MONTH, noon("2050-12-10"), DAYS)
    assert plan.due.provisional
    both = [Notice(2050, {}), Notice(2051, {}), Notice(2052, {})]
    assert not schedule(MONTH, noon("2050-12-10"), Calendar(both)).due.provisional


UNITS = st.sampled_from([unit for unit in Unit if unit is not Unit.HOURS])
STARTS = st.datetimes(datetime(2015, 1, 1), datetime(2025, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
LIMITS = st.builds(limit, st.integers(1, 90), st.sampled_from(list(Unit))).filter(
    lambda one: one.unit is not Unit.MONTHS or one.number <= 12
)


@st.composite
def pauses(draw: st.DrawFn, start: datetime) -> Pauses:
    found, day = [], start.date()
    for _ in range(draw(st.integers(0, 3))):
        first = day + timedelta(days=draw(st.integers(0, 30)))
        last = first + timedelta(days=draw(st.integers(0, 40)))
        found.append(Pause(first, last))
        day = last + timedelta(days=1)
    return tuple(found)


@given(st.data(), LIMITS, STARTS, st.none() | st.integers(0, 60))
def test_a_pause_never_shortens_and_a_superiors_date_never_lengthens(
    data: st.DataObject, one: Limit, start: datetime, superior: int | None
) -> None:
    day = start.date() + timedelta(days=superior) if superior is not None else None
    plain = schedule(one, start, DAYS, superior=day)
    some = data.draw(pauses(start))
    paused = schedule(one, start, DAYS, superior=day, pauses=some)
    assert paused.due_at >= plain.due_at
    if some:
        fewer = cut_short(some, some[-1].first + timedelta(days=data.draw(st.integers(0, 40))))
        assert schedule(one, start, DAYS, superior=day, pauses=fewer).due_at <= paused.due_at
    assert plain.due_at <= schedule(one, start, DAYS).due_at


@given(st.data(), LIMITS, STARTS)
def test_the_ladder_is_in_order_and_a_colour_never_goes_back(data: st.DataObject, one: Limit, start: datetime) -> None:
    plan = schedule(one, start, DAYS, pauses=data.draw(pauses(start)))
    instants = [due.at for due in plan.ladder]
    assert instants == sorted(instants)
    assert start <= plan.yellow_at <= plan.orange_at <= plan.due_at
    order = list(Colour)
    seen = [order.index(plan.colour(at)) for at in (start, *instants)]
    assert seen == sorted(seen)
    for due in plan.ladder:
        if isinstance(due.what, Colour):
            assert plan.colour(due.at) is due.what
            assert plan.colour(due.at - timedelta(microseconds=1)) is not due.what or due.at == start
    whats = [due.what for due in plan.ladder]
    assert len(set(whats)) == len(whats)


@given(LIMITS, STARTS, st.integers(0, 60), st.integers(0, 30))
def test_what_starts_later_or_is_longer_ends_no_earlier(one: Limit, start: datetime, later: int, more: int) -> None:
    assert schedule(one, start + timedelta(days=later), DAYS).due_at >= schedule(one, start, DAYS).due_at
    assert schedule(limit(one.number + more, one.unit), start, DAYS).due_at >= schedule(one, start, DAYS).due_at


@given(STARTS, st.lists(st.integers(0, 4_000), min_size=1, max_size=12))
def test_whenever_one_looks_each_thing_has_passed_once(start: datetime, hours: list[int]) -> None:
    plan = schedule(MONTH, start, DAYS)
    seen: list[str] = []
    for now in sorted(start + timedelta(hours=hour) for hour in hours):
        passed = [due.what.value for due in plan.passed(now)]
        assert passed[: len(seen)] == seen
        seen = passed
        following = plan.next_at(now)
        assert (following is None) == (len(passed) == len(plan.ladder))
        assert following is None or following > now
