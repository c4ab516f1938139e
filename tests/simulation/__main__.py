"""`python -m tests.simulation SEED [-v]`: one seed alone, with its journal."""

import sys

from tests.simulation.faults import run
from tests.simulation.world import simulate

outcome = simulate(int(sys.argv[1]), run)
if "-v" in sys.argv or outcome.violations:
    print("\n".join(outcome.lines))
print(
    f"seed {outcome.seed}: {outcome.events} events, {outcome.faults} faults, {outcome.violations or 'nothing violated'}"
)
print(outcome.digest)
sys.exit(bool(outcome.violations))
