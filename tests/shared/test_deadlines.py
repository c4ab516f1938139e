"""Working days: every vector of the specification, and what must hold for any day."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.deadlines import PROFILE, BadNotice, Calendar, Deadline, Notice, china_date

DAYS = Calendar()
d = date.fromisoformat


@pytest.mark.rule("A9")
@pytest.mark.parametrize(
    ("start", "add", "due"),
    [
        ("2018-09-20", 5, "2018-09-28"),
        ("2018-09-18", 15, "2018-10-15"),
        ("2018-09-28", 3, "2018-10-08"),
        ("2018-04-27", 3, "2018-05-03"),
        ("2018-02-13", 5, "2018-02-26"),
        ("2018-12-28", 3, "2019-01-03"),
    ],
)
def test_working_days_follow_the_notices(start: str, add: int, due: str) -> None:
    assert DAYS.working_days(d(start), add) == Deadline(d(due), provisional=False)


@pytest.mark.rule("A9")
@pytest.mark.parametrize(
    ("start", "add", "due"),
    [("2018-08-25", 30, "2018-09-25"), ("2018-09-01", 30, "2018-10-08"), ("2018-06-01", 15, "2018-06-19")],
)
def test_natural_days_move_to_a_working_day(start: str, add: int, due: str) -> None:
    assert DAYS.natural_days(d(start), add).on == d(due)


@pytest.mark.rule("A9")
@pytest.mark.parametrize(("start", "add", "due"), [("2018-11-30", 3, "2019-02-28"), ("2018-07-01", 3, "2018-10-08")])
def test_months_are_clipped_and_moved(start: str, add: int, due: str) -> None:
    assert DAYS.months(d(start), add).on == d(due)


@pytest.mark.rule("A9")
def test_custody_never_moves() -> None:
    assert DAYS.natural_days(d("2018-09-30"), 37, custody=True).on == d("2018-11-06")
    assert DAYS.natural_days(d("2018-09-01"), 30, custody=True).on == d("2018-10-01")


def test_without_the_next_years_notice_a_december_deadline_is_another_day_and_provisional() -> None:
    notice_2030 = Notice.of({"year": 2030, "days": [{"date": "2030-01-01", "isOffDay": True}]})
    alone = Calendar([notice_2030]).working_days(d("2030-12-27"), 1)
    assert alone == Deadline(d("2030-12-30"), provisional=True)
    worked_saturday = Notice.of({"year": 2031, "days": [{"date": "2030-12-28", "isOffDay": False}]})
    both = Calendar([notice_2030, worked_saturday]).working_days(d("2030-12-27"), 1)
    assert both == Deadline(d("2030-12-28"), provisional=False)


def test_a_year_is_official_with_a_notice_or_when_the_library_knows_its_make_up_days() -> None:
    assert DAYS.is_official(2018)
    assert not DAYS.is_official(2050)
    assert DAYS.working_days(d("2050-03-01"), 3).provisional
    assert not Calendar([Notice(2050, {})]).working_days(d("2050-03-01"), 3).provisional


def test_an_imported_notice_wins_over_the_library() -> None:
    assert DAYS.is_working_day(d("2018-09-29"))
    changed = Calendar([Notice.of({"year": 2018, "days": [{"date": "2018-09-29", "isOffDay": True}]})])
    assert not changed.is_working_day(d("2018-09-29"))


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"year": 2018},
        {"year": "x", "days": []},
        {"year": 2018, "days": [{"date": "2018-13-01", "isOffDay": True}]},
        {"year": 2018, "days": [{"date": "2018-01-01", "isOffDay": "yes"}]},
        {"year": 2018, "days": [{"date": "2012-01-01", "isOffDay": True}]},
    ],
)
def test_a_notice_in_another_form_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(BadNotice):
        Notice.of(content)


@given(st.dates(d("2002-01-01"), d("2080-12-31")), st.integers(0, 400))
def test_a_deadline_is_a_working_day_and_never_before_its_start(start: date, number: int) -> None:
    for deadline in (
        DAYS.working_days(start, max(1, number)),
        DAYS.natural_days(start, number),
        DAYS.months(start, number % 36),
    ):
        assert DAYS.is_working_day(deadline.on)
        assert deadline.on >= start


@given(st.dates(d("2002-01-01"), d("2060-12-31")), st.integers(0, 200))
def test_one_working_day_more_is_later(start: date, number: int) -> None:
    assert DAYS.working_days(start, number + 1).on > DAYS.working_days(start, number).on


@pytest.mark.parametrize("number", [-1, 10_001])
def test_a_limit_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="between"):
        DAYS.working_days(d("2018-01-01"), number)


def test_days_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(ValueError, match="only days"):
        DAYS.natural_days(d("2100-12-01"), 60)


def test_the_day_is_that_of_china() -> None:
    assert china_date(datetime(2018, 6, 1, 16, 0, tzinfo=UTC)) == d("2018-06-02")
    with pytest.raises(ValueError, match="zone"):
        china_date(datetime(2018, 6, 1))  # noqa: DTZ001 - the point of the test


def test_the_profile_counts_as_the_specification_says() -> None:
    assert PROFILE["D04"].after(d("2018-09-21"), DAYS).on == d("2018-09-25")
    assert PROFILE["D07c"].after(d("2018-06-01"), DAYS).on == d("2018-08-30")
