"""Faults of the services' processes: ended, paused, crashed at named points, fenced, with clocks that jump.

Each takes the services that its lane may strike, so that two lanes never hold the same process.
"""

import signal
import time
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.faults.launch import CRASHED
from tests.faults.rig import Rig
from tests.faults.seen import Seen

SESSION = 9.0
"""The consumers' session timeout: a member that is silent for longer is expelled."""
REACHED = 150.0
"""Seconds that an armed process has to come by its crash point: meanwhile servers fall, and a group waits for members that are gone."""


def _named(rig: Rig, dice: Random, services: Sequence[str], role: str) -> str:
    return dice.choice([name for name in rig.names() if name.startswith(tuple(f"{each} {role}" for each in services))])


def end(services: Sequence[str], role: str, number: signal.Signals, rig: Rig, dice: Random, _: Seen) -> str:
    """SIGKILL or SIGTERM, and started again."""
    name = _named(rig, dice, services, role)
    child = rig.platform.children[name]
    with rig.in_hand(name):
        (child.kill if number is signal.SIGKILL else child.stop)()
        rig.launch(name)
        rig.healthy([name])
    return name


def pause(services: Sequence[str], role: str, rig: Rig, dice: Random, _: Seen) -> str:
    """SIGSTOP; a worker for longer than the session timeout."""
    name = _named(rig, dice, services, role)
    seconds = dice.uniform(1, 4) if role == "api" else SESSION + dice.uniform(1, 3)
    child = rig.platform.children[name]
    with rig.in_hand(name):
        child.signal(signal.SIGSTOP)
        time.sleep(seconds)
        child.signal(signal.SIGCONT)
        rig.healthy([name])
    return f"{name} for {seconds:.1f} s"


def rebalance_storm(services: Sequence[str], rig: Rig, dice: Random, _: Seen) -> str:
    """A worker that comes and goes."""
    name = f"{dice.choice(services)} worker 2"
    with rig.in_hand(name):
        for _round in range(3):
            rig.platform.children[name].stop()
            time.sleep(dice.uniform(0.2, 1.5))
            rig.launch(name)
            time.sleep(dice.uniform(1.0, 3.0))
        rig.healthy([name])
    return f"{name} leaves and joins 3 times"


def revived_relay(rig: Rig, dice: Random, seen: Seen) -> str:
    """The active relay is stopped in the middle, another takes over without the lock, the old one goes on: its save must be refused."""
    old, new = "intake worker 1", "intake worker 2"
    with rig.alone, rig.in_hand(old, new):
        return _revive(rig, old, new, seen)


def _revive(rig: Rig, old: str, new: str, seen: Seen) -> str:
    service = "intake"
    rig.platform.children[new].stop()
    rig.healthy([old])
    before = rig.platform.children[old].log.read_text("utf-8", "replace").count('"Fenced"')
    epoch = _epoch(rig, service)
    rig.platform.children[old].signal(signal.SIGSTOP)
    rig.launch(new, {"lock": "ignored"})
    deadline = rig.soon(40)
    while _epoch(rig, service) == epoch and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(1)
    rig.platform.children[old].signal(signal.SIGCONT)
    fenced, fenced_by = 0, rig.soon(40)
    while not fenced and time.monotonic() < fenced_by:
        time.sleep(0.3)
        fenced = rig.platform.children[old].log.read_text("utf-8", "replace").count('"Fenced"') - before
    rig.platform.children[new].stop()
    rig.launch(new)
    rig.healthy([old, new])
    if fenced < 1:
        raise AssertionError(f"{old} was never fenced")
    seen.fenced += fenced
    return f"{old}, fenced by its epoch"


def _epoch(rig: Rig, service: str) -> int:
    return int(rig.rows_now(service, "select coalesce(max(epoch), 0) from relay")[0][0])


CRASHES = (
    ("intake api", "before commit"),
    ("intake api", "after commit before reply"),
    ("intake worker", "before publish"),
    ("intake worker", "after handing over a batch"),
    ("intake worker", "after publish before save"),
    ("verification worker", "before commit"),
    ("publicity worker", "before commit"),
    ("publicity worker", "after inbox commit before offset commit"),
    ("verification worker", "after inbox commit before offset commit"),
    ("publicity worker", "after offset commit"),
)
"""Whose processes die, and where in their work."""


def crash_point(where: str, point: str, rig: Rig, dice: Random, _: Seen) -> str:
    names = [where] if where.endswith("api") else [f"{where} 1", f"{where} 2"]
    # offsets are committed twice a second at most, also where little comes
    spec = {"crash": point, "pass": dice.randint(1, 5) if "offset commit" in point else dice.randint(3, 30)}
    with rig.in_hand(*names):
        return _crash(rig, names, spec)


def _crash(rig: Rig, names: list[str], spec: dict[str, Any]) -> str:
    for name in names:
        rig.platform.children[name].stop()
    for name in names:
        rig.launch(name, spec)
    deadline = rig.soon(REACHED)
    crashed: list[str] = []
    while not crashed and time.monotonic() < deadline:
        time.sleep(0.1)
        for name in names:
            process = rig.platform.children[name].process
            if process is not None and process.poll() == CRASHED:
                crashed.append(name)
    for name in names:
        rig.platform.children[name].kill()
        rig.launch(name)
    rig.healthy(names)
    if not crashed:
        raise AssertionError(f"{', '.join(names)} never came there")
    return f"{crashed[0]}, pass {spec['pass']}"


def clock_jump(services: Sequence[str], rig: Rig, dice: Random, _: Seen) -> str:
    """Far ahead, far back, and right again."""
    worker = dice.random() < 0.7
    name = _named(rig, dice, services, "worker" if worker else "api")
    far = 30 * 86_400.0 if worker else 3_600.0
    offsets = [dice.uniform(0, far), dice.uniform(-far, 0) if worker else 0.0, 0.0]
    with rig.in_hand(name):
        rig.platform.children[name].stop()
        rig.launch(name, {"clock": offsets})
        rig.healthy([name])
        time.sleep(9)
        rig.platform.children[name].stop()
        rig.launch(name)
        rig.healthy([name])
    return f"{name} by {', '.join(f'{offset / 3600:+.1f} h' for offset in offsets[:2])}"
