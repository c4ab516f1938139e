"""The parts of `make proof` that need no servers: its schedule and its ledger. The kills of test_kills.py are its short cut."""

from random import Random

import pytest

from tests.faults.kinds import LANES, schedule
from tests.faults.ledger import Balance


def test_the_schedule_comes_from_the_seed_alone() -> None:
    assert schedule(7, 100) == schedule(7, 100)
    assert schedule(7, 100) != schedule(8, 100)


def test_a_long_schedule_plays_every_kind_of_fault() -> None:
    plan = schedule(Random(1).randrange(1000), len(LANES) * max(len(kinds) for kinds in LANES.values()))
    assert {(fault.lane, fault.kind) for fault in plan} == {
        (lane, kind) for lane, kinds in LANES.items() for kind in kinds
    }


@pytest.mark.parametrize("kind", ["lost", "doubled", "reordered", "stuck"])
def test_the_ledger_does_not_balance_with_anything_in_it(kind: str) -> None:
    found = Balance()
    assert found.fine
    getattr(found, kind).append("a lead")
    assert not found.fine
