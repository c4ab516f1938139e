"""What is kept for how long is a limit of the profile: one id one meaning, each lead by the version that it started with (G24)."""

from datetime import date, timedelta

import pytest

from services.discipline.domain import retention as past_office
from services.intake.domain.call_back_draw import CALLS, DRAW, calls_by, drawn_by
from services.intake.domain.retention import LIMITS, Record, limit_of, over_on, surely_kept
from shared.deadlines import PROFILE, profile
from tests.support.builders import DAYS

LATER = """
[[version]]
number = 1
from = 2018-01-01
[version.limits]
R1 = { number = 60, unit = "ND", basis = "old" }
R7 = { number = 24, unit = "M", basis = "old" }

[[version]]
number = 2
from = 2020-01-01
[version.limits]
R1 = { number = 30, unit = "ND", basis = "new" }
"""


@pytest.mark.rule("G24")
def test_each_record_has_a_limit_of_its_own_in_the_profile() -> None:
    assert set(LIMITS) == set(Record)
    ids = [*LIMITS.values(), *(past_office.limit_of(each, date(2018, 6, 1)).id for each in past_office.Record)]
    assert len(ids) == len(set(ids))
    assert set(ids) | {DRAW, CALLS} <= set(PROFILE)


@pytest.mark.rule("G24")
def test_a_lead_keeps_the_version_it_started_with_and_all_else_that_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = profile.profiles_of(LATER)
    monkeypatch.setattr(profile, "_shipped", lambda: versions)
    profile._shipped_in_force.cache_clear()
    day = date(2021, 3, 1)
    try:
        assert limit_of(Record.UNFOUNDED, day, version="district-default-1").number == 60
        assert limit_of(Record.UNFOUNDED, day).number == 30
        assert over_on(Record.UNFOUNDED, day, DAYS) < over_on(Record.UNFOUNDED, day, DAYS, version="district-default-1")
        assert (surely_kept(Record.UNFOUNDED), surely_kept(Record.SUBJECTS)) == (timedelta(30), timedelta(672))
        with pytest.raises(profile.BadProfile, match="R2"):
            surely_kept(Record.SEALED)
    finally:
        profile._shipped_in_force.cache_clear()


@pytest.mark.rule("D38")
@pytest.mark.parametrize(
    ("month", "last"), [("2018-05-01", "2018-06-07"), ("2018-09-01", "2018-10-12"), ("2018-12-01", "2019-01-08")]
)
def test_a_months_draw_is_in_time_until_the_fifth_working_day_of_the_next(month: str, last: str) -> None:
    assert drawn_by(date.fromisoformat(month), DAYS) == date.fromisoformat(last)
    assert calls_by(date(2018, 6, 4), DAYS) == date(2018, 6, 19)
