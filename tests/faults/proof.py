"""`python -m tests.faults.proof`: leads from outside while everything is killed, paused, cut, filled and forged; then the ledger.

The schedule of faults comes from the seed alone. Three lanes of faults run side by side: intake's processes, the other services', and
servers with what lies between.
Exit 0 only when the ledger balances, every fault acted, and nothing was stuck.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

from tests.faults import drills
from tests.faults.clients import start_load
from tests.faults.kinds import LANES, Fault, schedule
from tests.faults.ledger import Balance, accepted, balance
from tests.faults.rig import Rig
from tests.faults.seen import Seen

STUCK = 30.0
"""Seconds after the last fault within which everything has to be applied everywhere."""
LAST_WAIT = 120.0
KINDS = ("lost", "doubled", "reordered", "stuck")


@dataclass
class Outcome:
    """What one platform's run came to."""

    faults: int
    seconds: float
    balance: Balance
    failures: list[str]
    answers: dict[str, int]
    acted: Counter[str]
    """Lane and kind of the faults that did what they should, and how often."""


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.proof")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 31))
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--rate", type=float, default=80.0, help="leads a second that the clients ask for")
    parser.add_argument(
        "--nodes", type=int, nargs="+", default=[1, 3], help="Kafka nodes; each has its share of the run"
    )
    parser.add_argument("--slow", type=float, default=1.0, help="how much longer all may take; 1 on a quiet machine")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs")
    parser.add_argument("--drills", action="store_true", help="then the rolling restart and the restores")
    arguments = parser.parse_args()
    share = len(arguments.nodes)
    again = " ".join(sys.argv[1:]) if "--seed" in sys.argv else " ".join([*sys.argv[1:], f"--seed {arguments.seed}"])
    _say(f"seed {arguments.seed}   (again: python -m tests.faults.proof {again})")
    outcomes = []
    for number, nodes in enumerate(arguments.nodes):
        _say(f"== {nodes} Kafka node{'s' if nodes > 1 else ''} ==")
        leads, faults = arguments.leads // share, arguments.faults // share
        outcomes.append(run(arguments.seed + number, leads, faults, arguments.rate, nodes, arguments))
    wrong = _play_drills() if arguments.drills else []
    return _sum_up(arguments.seed, outcomes, wrong)


def _play_drills() -> list[str]:
    """What was wrong in them. One that breaks off must not take the outcome of the faults with it."""
    try:
        return drills.play()
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is shown and the run is not fine
        traceback.print_exc()
        return [f"broke off: {type(fault).__name__}"]


def run(seed: int, leads: int, faults: int, rate: float, nodes: int, options: argparse.Namespace) -> Outcome:
    """One platform: load and faults side by side, then quiet, then the ledger."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="xiansuo-proof-"))
    folder.chmod(0o711)
    rig = Rig(folder / "platform", nodes=nodes, slow=options.slow)
    rig.rigged.crash_in_migration = Random(seed).randint(2, 9)
    failures: list[str] = []
    seen, over = Seen(), threading.Event()
    try:
        rig.start()
        if not rig.can_fill_disks():
            _say("   no limited disk can be mounted here (that needs root): disk full is not shown")
        plan = schedule(seed, faults, disks=rig.can_fill_disks())
        _say(f"   ready after {time.monotonic() - began:.0f} s; migrations died in the middle and were run again")
        load = start_load(rig, folder, leads, rate)
        try:
            lanes = [
                _Lane(rig, [fault for fault in plan if fault.lane == lane], seen, failures, over) for lane in LANES
            ]
            for lane in lanes:
                lane.start()
            for lane in lanes:
                lane.done.wait()
            (folder / "stop").touch()
            quiet = time.monotonic()
            if code := load.wait(leads / rate * 3 + 600 * options.slow):
                failures.append(f"the load ended with {code}")
            # leads that came after the last fault have their own moment to arrive
            quiet = max(quiet, time.monotonic() - 1)
        finally:
            if load.poll() is None:
                load.kill()
                load.wait()
        _settle(rig, quiet, failures)
        found = asyncio.run(balance(rig, accepted(folder / "told"), seen.forged))
        _say(f"   {', '.join(f'{name} {count}' for name, count in found.counted.items())}")
        _say(f"   {', '.join(f'{name} {len(getattr(found, name))}' for name in KINDS)}")
        if seen.fenced:
            _say(f"   relays fenced by their epoch: {seen.fenced}; forged records skipped: {seen.skipped}")
        return Outcome(
            len(plan),
            time.monotonic() - began,
            found,
            failures,
            json.loads((folder / "answers").read_text()),
            sum((lane.acted for lane in lanes), Counter()),
        )
    finally:
        rig.stop()
        over.set()
        if options.keep or failures:
            _say(f"   logs: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


class _Lane(threading.Thread):
    """One lane, fault after fault; what a fault did not achieve is a failure of the run, and the lane goes on.

    It stays until all is over: the kernel ends what a thread has started when that *thread* is gone (`dying_with_parent`).
    """

    def __init__(self, rig: Rig, plan: list[Fault], seen: Seen, failures: list[str], over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.rig, self.plan, self.seen, self.failures, self.over = rig, plan, seen, failures, over
        self.done = threading.Event()
        self.acted: Counter[str] = Counter()

    def run(self) -> None:
        for fault in self.plan:
            self._strike(fault)
            time.sleep(fault.pause)
        self.done.set()
        self.over.wait()

    def _strike(self, fault: Fault) -> None:
        began = time.monotonic()
        kind, _ = LANES[fault.lane][fault.kind]
        try:
            with self.rig.alone if fault.lane == "servers" else nullcontext():
                where = kind(self.rig, Random(fault.dice), self.seen)
            self.acted[f"{fault.lane}: {fault.kind}"] += 1
        except Exception as fault_of_ours:  # noqa: BLE001 - whatever it is, it is shown and the run is not fine
            where = f"FAILED: {type(fault_of_ours).__name__}: {fault_of_ours}"
            self.failures.append(f"{fault.kind}: {where}")
        took = time.monotonic() - began
        clock = time.strftime("%H:%M:%S")
        _say(f"{clock} {fault.lane:7} {fault.number:4} {fault.kind:34} {where}; healthy after {took:.1f} s")


def _settle(rig: Rig, quiet: float, failures: list[str]) -> None:
    """All healthy and all applied everywhere; how long that took after the last fault."""
    try:
        rig.healthy(rig.names())
        asyncio.run(rig.settled(LAST_WAIT * rig.slow))
    except (TimeoutError, AssertionError) as fault:
        failures.append(f"never settled: {fault}")
    took = time.monotonic() - quiet
    _say(f"   all applied everywhere {took:.1f} s after the last fault and the last lead")
    if took > STUCK * rig.slow:
        failures.append(f"it took {took:.0f} s until all was applied, more than {STUCK * rig.slow:.0f}")


def _sum_up(seed: int, outcomes: list[Outcome], drilled: list[str]) -> int:
    totals = {name: sum(len(getattr(outcome.balance, name)) for outcome in outcomes) for name in KINDS}
    for outcome in outcomes:
        for name in totals:
            for sentence in getattr(outcome.balance, name)[:10]:
                _say(f"   {name}: {sentence}")
        for failure in outcome.failures:
            _say(f"   failed: {failure}")
    answers: Counter[str] = sum((Counter(outcome.answers) for outcome in outcomes), Counter())
    acted = sum((outcome.acted for outcome in outcomes), Counter[str]())
    kinds = [f"{lane}: {kind}" for lane, kinds in LANES.items() for kind in kinds]
    _say(f"kinds of fault that acted: {sum(kind in acted for kind in kinds)} of {len(kinds)}")
    if missing := [kind for kind in kinds if kind not in acted]:
        _say(f"   not in this run: {', '.join(missing)}")
    told = sum(outcome.balance.counted["accepted"] for outcome in outcomes)
    _say(f"seed {seed}: {told} leads accepted, {sum(o.faults for o in outcomes)} faults, answers {dict(answers)}")
    wrong = [status for status in answers if status.isdigit() and int(status) >= 500 and status != "503"]
    if wrong:
        _say(f"   failed: clients were answered {', '.join(wrong)}")
    for sentence in drilled:
        _say(f"   drill: {sentence}")
    _say(f"{sum(o.seconds for o in outcomes):.0f} s; {', '.join(f'{name} {count}' for name, count in totals.items())}")
    return 0 if not wrong and not drilled and all(o.balance.fine and not o.failures for o in outcomes) else 1


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
