"""All kinds of fault with their weights, and the schedule that follows from a seed."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from shared.contracts.topics import SERVICES
from tests.faults import process_kinds, server_kinds
from tests.faults.rig import Rig
from tests.faults.seen import Seen

Kind = Callable[[Rig, Random, Seen], str]


@dataclass(frozen=True)
class Fault:
    """One line of the schedule; `dice` is what the kind may still choose by, so that the seed alone decides."""

    number: int
    lane: str
    kind: str
    dice: int
    pause: float


INTAKE, OTHERS = ("intake",), tuple(service for service in SERVICES if service != "intake")


def _processes(services: tuple[str, ...]) -> dict[str, tuple[Kind, int]]:
    """Kinds that strike the processes of these."""
    found: dict[str, tuple[Kind, int]] = {
        "SIGKILL api": (partial(process_kinds.end, services, "api", signal.SIGKILL), 3),
        "SIGKILL worker": (partial(process_kinds.end, services, "worker", signal.SIGKILL), 3),
        "SIGTERM api": (partial(process_kinds.end, services, "api", signal.SIGTERM), 1),
        "SIGTERM worker": (partial(process_kinds.end, services, "worker", signal.SIGTERM), 2),
        "SIGSTOP api": (partial(process_kinds.pause, services, "api"), 2),
        "SIGSTOP worker": (partial(process_kinds.pause, services, "worker"), 2),
        "rebalance storm": (partial(process_kinds.rebalance_storm, services), 1),
        "clock jump": (partial(process_kinds.clock_jump, services), 1),
    }
    for where, point in process_kinds.CRASHES:
        if where.split()[0] in services:
            found[f"crash of {where} {point}"] = (partial(process_kinds.crash_point, where, point), 1)
    return found


SERVERS: dict[str, tuple[Kind, int]] = {
    "SIGKILL broker and controller": (server_kinds.kill_broker, 3),
    "SIGTERM broker, leader change": (server_kinds.stop_broker, 2),
    "SIGSTOP broker": (server_kinds.pause_broker, 2),
    "SIGKILL PostgreSQL": (server_kinds.kill_postgres, 3),
    "restart of PostgreSQL": (server_kinds.restart_postgres, 2),
    "SIGSTOP PostgreSQL": (server_kinds.pause_postgres, 2),
    "pg_terminate_backend": (server_kinds.terminate_backends, 5),
    **{f"network {mode}": (partial(server_kinds.network, mode), 2) for mode in server_kinds.NETWORK},
    **{f"disk full of {what}": (partial(server_kinds.disk_full, what), 1) for what in server_kinds.DISKS},
    **{f"record from outside, {what}": (partial(server_kinds.poison, what), 1) for what in server_kinds.POISONS},
}
LANES: dict[str, dict[str, tuple[Kind, int]]] = {
    "intake": {**_processes(INTAKE), "revived relay": (process_kinds.revived_relay, 2)},
    "others": _processes(OTHERS),
    "servers": SERVERS,
}
"""What is struck side by side."""


def schedule(seed: int, faults: int, *, disks: bool = True) -> list[Fault]:
    """All faults, from the seed alone. Each lane first plays every kind once, in an order of its own, then by weight."""
    dice = Random(seed)
    found = []
    for place, (lane, kinds) in enumerate(LANES.items()):
        usable = {kind: weight for kind, (_, weight) in kinds.items() if disks or not kind.startswith("disk full")}
        first = dice.sample(list(usable), len(usable))
        share = (faults + place) // len(LANES)
        chosen = [*first, *dice.choices(list(usable), list(usable.values()), k=max(0, share - len(first)))][:share]
        found += [
            Fault(number, lane, kind, dice.getrandbits(32), dice.uniform(0.1, 1.0))
            for number, kind in enumerate(chosen, 1)
        ]
    return found
