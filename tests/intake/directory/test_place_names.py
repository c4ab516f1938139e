"""A place is named in words (G2): units too near to whom the lead is about are found by name and short name, others may be met at."""

import pytest

from services.intake.domain.conflict import Subject
from services.intake.domain.place_names import KINDS, names_of, near_in_place, near_in_text
from tests.intake.directory.test_conflict import BY_ACCOUNT, DEMO, check

STATION = check(Subject(unit="PCS01"))
NAME = DEMO.units["PCS01"].name
OTHER = next(one.name for one in DEMO.units.values() if one.code == "PCS02")


@pytest.mark.rule("G2")
@pytest.mark.parametrize(
    ("place", "unit"),
    [
        (NAME, "PCS01"),
        (f"示例区{NAME}二楼", "PCS01"),
        ("临江街 派 出 所", "PCS01"),
        ("臨江街派出所", "PCS01"),
        ("临江派出所对面", "PCS01"),
        ("临江街所", "PCS01"),
        ("临江所门口", "PCS01"),
        ("派出所旁边的茶馆", "PCS01"),
        ("公安分局接待室", "GA"),
        ("分局门口", "GA"),
        ("区公安局", "GA"),
        ("区政府", "QZF"),
        # neither of them, nor anything above it
        ("邻区公安分局", None),
        (OTHER, None),
        (OTHER.replace("街派出所", "派出所"), None),
        (f"{OTHER}对面,不在{NAME}", "PCS01"),
        ("区建设局", None),
        ("临江所在的河边", None),
        ("临江街18号茶馆", None),
        ("政务中心三楼", None),
        ("", None),
    ],
)
def test_a_station_is_found_by_every_name_and_no_other_place_is_taken_for_it(place: str, unit: str | None) -> None:
    near = near_in_place(STATION, place)
    assert (near and near.code) == unit


@pytest.mark.rule("G2")
def test_a_letter_may_speak_of_stations_but_not_name_one_that_is_near() -> None:
    assert near_in_text(STATION, "您反映的派出所民警的情况") is None
    assert near_in_text(STATION, f"请到{OTHER}来") is None
    near = near_in_text(STATION, f"请到{NAME}来")
    assert near is not None
    assert near.code == "PCS01"


@pytest.mark.rule("G2", "G3")
def test_where_nobody_is_near_all_may_be_named_and_where_the_chief_is_none_of_the_district() -> None:
    assert [near_in_place(check(), one.name) for one in DEMO.units.values()] == [None] * len(DEMO.units)
    chain = check(Subject(staff=BY_ACCOUNT["p6"]))
    for one in DEMO.units.values():
        near = near_in_place(chain, one.name)
        assert (near is None) is not bool(chain.of(one).obstacles), one.name


def test_each_name_is_long_enough_to_mean_something() -> None:
    assert min(len(name) for one in DEMO.units.values() for name in names_of(one)) >= 2
    assert {"建设局", "区建设局"} == names_of(DEMO.units["JS"])
    assert all(words for words in KINDS.values())
