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


DISTRICT_DEFAULT = {
    "D01": (1, "WD"), "D02": (3, "WD"), "D02u": (4, "H"), "D03": (1, "WD"),
    "D04": (1, "WD"), "D04u": (4, "H"), "D04h": (5, "WD"), "D05": (2, "WD"), "D05r": (2, "WD"),
    "D06": (7, "ND"), "D06h": (30, "ND"),
    "D07a": (30, "ND"), "D07b": (60, "ND"), "D07c": (90, "ND"), "D07d": (15, "ND"),
    "D07p": (15, "ND"), "D07f": (24, "H"), "D07w": (6, "M"), "D08a": (27, "ND"), "D08": (30, "ND"),
    "D09": (1, "WD"), "D09h": (6, "WD"), "D10": (2, "WD"), "D11": (5, "WD"), "D11h": (15, "WD"),
    "D12": (30, "ND"), "D12r": (30, "ND"), "D13": (5, "WD"), "D14": (5, "WD"), "D15": (3, "WD"), "D16": (1, "WD"),
    "D17": (5, "WD"), "D18": (15, "WD"), "D19": (15, "WD"), "D20": (1, "M"), "D21": (15, "WD"), "D21r": (1, "M"),
    "D23": (3, "ND"), "D23h": (30, "ND"), "D24": (3, "ND"), "D25": (48, "H"), "D26": (3, "ND"),
    "D27": (3, "ND"), "D27h": (30, "ND"), "D27r": (7, "ND"), "D28": (30, "ND"),
    "D29": (15, "ND"), "D29r": (60, "ND"), "D29x": (30, "ND"), "D30": (5, "WD"), "D31": (15, "WD"), "D31r": (6, "M"),
    "D32": (1, "WD"), "D32u": (2, "H"), "D33": (36, "M"), "D34": (6, "M"),
    "D35": (24, "H"), "D35r": (5, "WD"), "D36": (3, "WD"), "D37": (30, "ND"), "D38": (5, "WD"), "D38r": (10, "WD"),
}  # fmt: skip
"""Number and unit of each, as domain.md §2.2 has them (D07w: §2.4; D22 is a meeting each quarter, no limit)."""


@pytest.mark.rule("D02", "D03", "D04", "D07")
def test_the_default_profile_says_what_the_specification_says() -> None:
    said = {key: (one.number, one.unit.value) for key, one in PROFILE.items()}
    assert {key: value for key, value in said.items() if key.startswith("D")} == DISTRICT_DEFAULT
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
