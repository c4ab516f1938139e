"""The real relay, inbox and consuming side under seeded faults: nothing lost, doubled, reordered or stuck. `SEEDS=` runs more; CI 2,000."""

import os
import subprocess
import sys

from deploy.check import ROOT
from tests.simulation.faults import run
from tests.simulation.world import simulate

SEEDS = int(os.environ.get("SEEDS", "250"))


def test_nothing_is_lost_doubled_reordered_or_stuck_whatever_fails() -> None:
    events = faults = 0
    for seed in range(SEEDS):
        outcome = simulate(seed, run)
        events, faults = events + outcome.events, faults + outcome.faults
        assert not outcome.violations, (
            f"seed {seed}: {outcome.violations[:5]}; alone: python -m tests.simulation {seed} -v"
        )
    assert events > 10 * SEEDS, "runs without events prove nothing"
    assert faults > 2 * SEEDS, "runs without faults prove nothing"


def test_a_seed_is_the_same_run_every_time() -> None:
    digests = set()
    for hashes in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "7"],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout.splitlines()[-1])
    assert digests == {simulate(7, run).digest}
    assert simulate(8, run).digest not in digests
