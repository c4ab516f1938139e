"""The short cut of `make proof`: the same rig, every kind of the most telling faults once, and the ledger has to balance."""

import subprocess
import sys
from random import Random

import pytest

from deploy.local.places import ROOT
from tests.faults.kinds import LANES, schedule
from tests.faults.ledger import Balance


def test_the_schedule_comes_from_the_seed_alone() -> None:
    assert schedule(7, 100) == schedule(7, 100)
    assert schedule(7, 100) != schedule(8, 100)


def test_a_long_schedule_plays_every_kind_of_fault() -> None:
    plan = schedule(Random(1).randrange(1000), 2 * max(len(kinds) for kinds in LANES.values()))
    assert {(fault.lane, fault.kind) for fault in plan} == {
        (lane, kind) for lane, kinds in LANES.items() for kind in kinds
    }


@pytest.mark.parametrize("kind", ["lost", "doubled", "reordered", "stuck"])
def test_the_ledger_does_not_balance_with_anything_in_it(kind: str) -> None:
    found = Balance()
    assert found.fine
    getattr(found, kind).append("a lead")
    assert not found.fine


def test_what_was_accepted_is_stored_and_applied_exactly_once_whatever_happens() -> None:
    command = [sys.executable, "-m", "tests.faults.proof", "--nodes", "1", "--leads", "2000", "--faults", "14"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    print(f"\n{done.stdout}")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.splitlines()[-1].endswith("lost 0, doubled 0, reordered 0, stuck 0")
