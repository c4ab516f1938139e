"""Breaks on purpose are caught; all of them with `python -m tests.faults.mutants`, here those that few seeds catch."""

import pytest

from tests.conftest import NewDatabase
from tests.faults.breaking import Mutant, broken
from tests.faults.mutants import MUTANTS, QUICK, catch
from tests.faults.rule_mutants import RULE_MUTANTS, catch_rule
from tests.faults.sql_mutants import SQL_MUTANTS, reworded

QUICKLY = {
    "offsets committed before the inbox",
    "no dedupe",
    "parked without durability",
    "later events of a parked subject go on",
    "what comes before a bad one is dropped",
    "what comes after a bad one is dropped",
    "NotYet dropped",
    "same number with another id accepted",
    "no fence",
    "position saved before acks",
    "producer kept after a failed batch",
    "replay starts past the beginning",
    "records that are published again say no new log",
    "a record of a day bears its minute",
}


@pytest.mark.parametrize("it", [it for it in MUTANTS if it.name in QUICKLY], ids=lambda it: it.name)
def test_a_break_is_caught(it: Mutant) -> None:
    assert catch(it, seeds=60), "nothing caught it"


@pytest.mark.parametrize("name", QUICK)
def test_what_catches_a_break_holds_without_it(name: str) -> None:
    assert QUICK[name]()


def test_every_break_has_its_place() -> None:
    assert {it.name for it in MUTANTS} >= QUICKLY
    assert len(MUTANTS) >= 15
    for it in (*MUTANTS, *RULE_MUTANTS):
        with broken(it):
            pass
    for one in SQL_MUTANTS:
        with reworded(one):
            pass


@pytest.mark.rule("G22", "G24")
async def test_a_broken_rule_is_caught_and_a_whole_one_is_not(new_database: NewDatabase) -> None:
    assert await catch_rule(new_database) is None
    for it in RULE_MUTANTS:
        with broken(it):
            assert await catch_rule(new_database), it.name
