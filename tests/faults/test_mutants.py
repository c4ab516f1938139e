"""Breaks on purpose are caught; all of them with `python -m tests.faults.mutants`, here those that few seeds catch."""

import pytest

from tests.faults.mutants import MUTANTS, QUICK, Mutant, broken, catch
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
    for it in MUTANTS:
        with broken(it):
            pass
    for one in SQL_MUTANTS:
        with reworded(one):
            pass
