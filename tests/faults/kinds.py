"""All kinds of fault with their weights, and the schedule that follows from a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

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


PROCESSES: dict[str, tuple[Kind, int]] = {
    "SIGKILL api": (process_kinds.kill_api, 3),
    "SIGKILL worker": (process_kinds.kill_worker, 5),
    "SIGKILL intake's api": (process_kinds.kill_intake_api, 3),
    "SIGTERM api": (process_kinds.stop_api, 2),
    "SIGTERM worker": (process_kinds.stop_worker, 3),
    "SIGSTOP api": (process_kinds.pause_api, 3),
    "SIGSTOP worker": (process_kinds.pause_worker, 3),
    "rebalance storm": (process_kinds.rebalance_storm, 1),
    "revived relay": (process_kinds.revived_relay, 2),
    "clock jump": (process_kinds.clock_jump, 2),
    **{
        f"crash of {where} {point}": (partial(process_kinds.crash_point, where, point), 1)
        for where, point in process_kinds.CRASHES
    },
}
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
LANES = {"processes": PROCESSES, "servers": SERVERS}


def schedule(seed: int, faults: int, *, disks: bool = True) -> list[Fault]:
    """All faults, from the seed alone. Each lane first plays every kind once, in an order of its own, then by weight."""
    dice = Random(seed)
    found = []
    for lane, kinds in LANES.items():
        usable = {kind: weight for kind, (_, weight) in kinds.items() if disks or not kind.startswith("disk full")}
        first = dice.sample(list(usable), len(usable))
        share = faults // 2 + (faults % 2 if lane == "processes" else 0)
        chosen = [*first, *dice.choices(list(usable), list(usable.values()), k=max(0, share - len(first)))][:share]
        found += [
            Fault(number, lane, kind, dice.getrandbits(32), dice.uniform(0.1, 1.0))
            for number, kind in enumerate(chosen, 1)
        ]
    return found
