"""The deadline profile: data with dates of force, each lead by the version it started with."""

from datetime import date

import pytest

from shared.deadlines import PROFILE, Unit, in_force, profile_of
from shared.deadlines.profile import BadProfile, profiles_of

TWO = """
[[version]]
number = 1
from = 2018-01-01
[version.limits]
D02 = { number = 3, unit = "WD", basis = "old" }
D04 = { number = 1, unit = "WD", basis = "old" }
D05 = { number = 2, unit = "WD", basis = "old" }

[[version]]
number = 2
from = 2019-05-28
ends = ["D05"]
[version.limits]
D04 = { number = 5, unit = "WD", basis = "new" }
"""


@pytest.mark.rule("D02", "D03", "D04", "D07")
def test_the_default_profile_says_what_the_specification_says() -> None:
    said = {key: (one.number, one.unit.value) for key, one in PROFILE.items()}
    assert {key: said[key] for key in ("D01", "D02", "D02u", "D03", "D04", "D04u", "D04h")} == {
        "D01": (1, "WD"),
        "D02": (3, "WD"),
        "D02u": (4, "H"),
        "D03": (1, "WD"),
        "D04": (1, "WD"),
        "D04u": (4, "H"),
        "D04h": (5, "WD"),
    }
    assert [said[key] for key in ("D07a", "D07b", "D07c", "D07d")] == [(30, "ND"), (60, "ND"), (90, "ND"), (15, "ND")]
    assert (said["D08a"], said["D08"], said["D31r"], said["D25"]) == ((27, "ND"), (30, "ND"), (6, "M"), (48, "H"))
    assert {key for key, one in PROFILE.items() if one.custody} == {"D27", "D27h", "D27r"}
    assert all(one.basis for one in PROFILE.values())
    assert {one.unit for one in PROFILE.values()} == set(Unit)


def test_a_version_names_what_differs_and_is_in_force_from_its_day() -> None:
    versions = profiles_of(TWO)
    old, new = versions["district-default-1"], versions["district-default-2"]
    assert (old["D04"].number, new["D04"].number, new["D02"].number) == (1, 5, 3)
    assert set(new.limits) == {"D02", "D04"}
    with pytest.raises(BadProfile, match="no limit D05"):
        new["D05"]
    for day, version in (("2017-01-01", old), ("2019-05-27", old), ("2019-05-28", new), ("2030-01-01", new)):
        assert in_force(date.fromisoformat(day), versions) is version
    assert in_force(date(2018, 6, 1)) is profile_of("district-default-1")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "version = []",
        "[[version]]\nnumber = 1",
        TWO.replace("2019-05-28", "2017-05-28"),
        TWO.replace("number = 2\nfrom", "number = 1\nfrom"),
        TWO.replace('unit = "WD"', 'unit = "WEEKS"'),
        TWO.replace("number = 3,", "number = 0,"),
        TWO.replace('basis = "new"', 'basis = "new", moved = true'),
    ],
)
def test_data_that_do_not_fit_together_are_refused(content: str) -> None:
    with pytest.raises(BadProfile):
        profiles_of(content)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(BadProfile, match="no profile"):
        profile_of("district-default-99")
