"""The conflict check without I/O (G-CONF, G2-G4): which unit is too near to whom the lead is about, and who decides on a recusal."""

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.demo.directory import sheets
from services.intake.domain.conflict import (
    Ground,
    Interest,
    InterestStatus,
    Neutrality,
    Obstacle,
    Subject,
    decider_of,
    may_verify,
    named,
)
from services.intake.domain.directory import Directory, Placement
from services.intake.domain.directory_codes import PlacementKind, Post
from services.intake.domain.directory_file import COLUMNS, NAMES, BadEntry, read_directory
from shared.errors import Forbidden, NotAllowed
from tests.support.builders import NOON, person

DAY = date(2018, 9, 18)


def demo() -> Directory:
    found = Directory()
    tables = (
        (NAMES[kind], iter([[usual for usual, *_ in COLUMNS[kind].values()], *rows])) for kind, rows in sheets().items()
    )
    for row in read_directory(tables):
        assert not isinstance(row, BadEntry), row
        found.admit(row[2], today=DAY)
    return found


DEMO = demo()
BY_ACCOUNT = {one.account: one.staff for one in DEMO.staff.values() if one.account}


def interest(account: str, **changes: Any) -> Interest:
    values: dict[str, Any] = {"id": uuid4(), "lead_id": uuid4(), "staff": BY_ACCOUNT[account], "ground": Ground.STAKE}
    values |= {"declared": True, "decider": "ofd", "reason": "认识", "stated_by": account, "stated_at": NOON}
    return Interest(**(values | changes))


def check(*subjects: Subject, interests: tuple[Interest, ...] = (), directory: Directory = DEMO) -> Neutrality:
    return Neutrality(directory, subjects, interests, DAY)


def obstacles(found: Neutrality, unit: str) -> set[str]:
    return {one.value for one in found.of(found.directory.units[unit]).obstacles}


@pytest.mark.rule("G2")
@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("PCS01", {"own"}),
        ("GA", {"above"}),
        ("PCS02", set()),
        ("GAZB", set()),
        ("ZF", set()),
        ("JD01", set()),
        ("SGA", set()),
    ],
)
def test_a_lead_about_a_station_goes_neither_to_it_nor_to_its_superior(unit: str, expected: set[str]) -> None:
    assert obstacles(check(Subject(unit="PCS01")), unit) == expected
    # of one of its officers the same
    assert obstacles(check(Subject(staff=BY_ACCOUNT["p1"])), unit) == expected


@pytest.mark.rule("G2")
def test_neighbours_in_the_building_and_those_below_a_subject_are_not_neutral() -> None:
    assert obstacles(check(Subject(unit="CG")), "JS") == {"neighbour"}
    below = check(Subject(unit="GA"))
    assert {unit: obstacles(below, unit) for unit in ("GA", "GAXZ", "GAZB", "PCS07", "JS")} == {
        "GA": {"own"},
        "GAXZ": {"superior", "neighbour"},
        "GAZB": {"superior", "neighbour"},
        "PCS07": {"superior"},
        "JS": set(),
    }


@pytest.mark.rule("G3")
@pytest.mark.parametrize("account", ["p4", "p5", "p6"])
def test_of_a_signer_of_the_district_no_local_unit_remains(account: str) -> None:
    found = check(Subject(staff=BY_ACCOUNT[account]))
    local = [unit for unit in DEMO.units.values() if may_verify(unit, DAY) and not unit.kind.outside]
    assert len(local) > 30
    assert all(Obstacle.CHAIN in found.of(unit).obstacles for unit in local)
    assert [unit.code for unit in found.free(may_verify)] == ["LQGA", "PJW", "PSHB", "SGA", "SJW", "SSHB", "ZYSHB"]


@pytest.mark.rule("G3")
@pytest.mark.parametrize("account", ["p1", "p2", "p3"])
def test_of_a_signer_of_a_station_the_other_units_remain(account: str) -> None:
    free = {unit.code for unit in check(Subject(staff=BY_ACCOUNT[account])).free(may_verify)}
    assert {"PCS02", "ZF", "JS"} <= free
    assert not free & {"PCS01", "GA"}


def test_where_a_subject_is_seconded_counts_and_where_they_were_once_does_not() -> None:
    seconded = check(Subject(staff="GA-105"))
    assert {unit: bool(obstacles(seconded, unit)) for unit in ("GAZB", "GA", "ZF")} == {
        "GAZB": True,
        "GA": True,
        "ZF": False,
    }
    moved = demo()
    old = next(one for one in moved.placements.values() if one.staff == BY_ACCOUNT["p3"])
    moved.placements[old.key] = replace(old, to_on=date(2018, 9, 1))
    staff = moved.staff[BY_ACCOUNT["p3"]]
    moved.staff[staff.staff] = replace(staff, home_unit="PCS02")
    again = check(Subject(staff=staff.staff), directory=moved)
    assert (obstacles(again, "PCS01"), obstacles(again, "PCS02")) == (set(), {"own"})


@pytest.mark.rule("G4")
def test_an_interest_keeps_a_person_away_and_the_unit_too_when_they_head_it() -> None:
    for account, unit, refused in (
        ("unl", "GA", True),
        ("p3", "PCS01", True),
        ("unh", "GA", False),
        ("unl", "PCS01", True),
    ):
        found = check(interests=(interest(account),))
        assert (Obstacle.INTEREST in found.of(DEMO.units[unit]).obstacles) is refused, account
        assert found.excluded == (BY_ACCOUNT[account],)
    gone = check(interests=(interest("unl", status=InterestStatus.DISMISSED),))
    assert (obstacles(gone, "GA"), gone.excluded) == (set(), ())


@pytest.mark.rule("G4")
def test_a_relative_among_the_subjects_is_told_whoever_of_the_two_declared_it() -> None:
    for one, other in (("GA-100", "QT-024"), ("QT-024", "GA-100")):
        directory = demo()
        directory.staff[one] = replace(directory.staff[one], relatives=(other,))
        found = check(Subject(staff="QT-024"), directory=directory)
        assert found.of(directory.units["GAZB"]).relatives == ("GA-100",)
        assert found.of(directory.units["ZF"]).relatives == ()


def test_names_in_a_report_point_at_staff_until_somebody_says_who_is_meant() -> None:
    content = {
        "persons": [{"name": " 虚构 人员QT-001 "}, {"name": None}, {}],
        "umbrella": {"officials": [{"name": "虛構人員QT-004"}, {"name": "某人"}]},
    }
    assert named(DEMO, content) == (Subject(staff="QT-001"), Subject(staff="QT-004")), "in traditional characters, too"
    assert named(DEMO, None) == named(DEMO, {"facts": {}}) == ()


@pytest.mark.rule("G4")
@pytest.mark.parametrize(
    ("account", "decider"),
    [("p6", "pro"), ("ofd", "ldr"), ("dpo", "ldr"), ("ldr", "ldr"), ("p5", "ofd"), ("ana", "ofd")],
)
def test_the_next_level_decides(account: str, decider: str) -> None:
    assert decider_of(DEMO, DEMO.staff[BY_ACCOUNT[account]], DAY) == decider


@pytest.mark.rule("G4")
def test_a_decision_is_made_once_by_the_next_level_and_never_by_those_concerned() -> None:
    one = interest("unl")
    allowed: dict[str, Any] = {"by": person("ofd", "ofd"), "own_staff": "SB-001"}
    for status, upheld in product(InterestStatus, (True, False)):
        given = replace(one, status=status)
        if status is InterestStatus.OPEN:
            done = given.decide(upheld=upheld, reason="理由", at=NOON, **allowed)
            assert done.stands is upheld
        else:
            with pytest.raises(NotAllowed):
                given.decide(upheld=upheld, reason="理由", at=NOON, **allowed)
    for wrong in (
        {"by": person("ofd", "ldr", "unl")},
        {"by": person("unl", "ofd")},
        {"by": person("ofd", "ofd", others=("unl",))},
        {"own_staff": one.staff},
    ):
        with pytest.raises(Forbidden):
            one.decide(upheld=False, reason="理由", at=NOON, **{**allowed, **wrong})


def test_who_is_on_leave_or_a_mere_member_stays_near() -> None:
    directory = demo()
    away = Placement(
        staff=BY_ACCOUNT["p1"], unit="PCS01", post=Post.OFFICER, kind=PlacementKind.LEAVE, from_on=date(2018, 9, 1)
    )
    directory.admit(away, today=DAY)
    assert obstacles(check(Subject(staff=BY_ACCOUNT["p1"]), directory=directory), "PCS01") == {"own"}
    assert obstacles(check(Subject(staff=BY_ACCOUNT["tfm"])), "ZF") == {"own"}
