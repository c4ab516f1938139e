"""The course of a run: a while with writers and faults, then peace, in which everything must come to its end."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from tests.simulation.world import World

NAMES = ("relay-1", "relay-2", "consumer-1", "consumer-2")
PEACE = 300
"""Simulated seconds within which nothing may be left undone."""


async def kill(world: World) -> None:
    name = world.chance.choice(NAMES)
    world.kill(name)
    killed = world.processes[name]
    await asyncio.sleep(world.chance.random() * 2)
    if world.processes[name] is killed:
        world.launch(name)


async def kill_a_relay(world: World) -> None:
    for name in NAMES[:2]:
        world.kill(name)
        world.launch(name)


async def freeze(world: World) -> None:
    """Stopped and continued; while it stands the servers may give it up: an old relay, an old member come back."""
    process = world.processes[world.chance.choice(NAMES)]
    process.awake.clear()
    await asyncio.sleep(world.chance.random() * 4)
    given_up = world.chance.happens(0.6)
    if given_up:
        for connection in [c for c in world.outbox.connections if c.process is process]:
            connection.terminate()
        for member in [m for m in world.cluster.members if m.process is process]:
            world.cluster.members.remove(member)
            world.cluster.rebalance()
        for tx in [tx for tx in world.inbox.transactions if tx.process is process]:
            tx.end()
        await asyncio.sleep(world.chance.random() * 6)
    process.awake.set()


async def lose_the_lock(world: World) -> None:
    """The lock is gone while the connection lives (a pooler, a failover): only the epoch stops the old relay."""
    world.outbox.holder = None


async def restart_outbox(world: World) -> None:
    world.outbox.restart()


async def restart_inbox(world: World) -> None:
    world.inbox.restart()


async def errors_on_inbox(world: World) -> None:
    world.inbox.fault = world.chance.choice((0.02, 0.1))
    await asyncio.sleep(world.chance.random() * 5)
    world.inbox.fault = 0.0


async def broker_away(world: World) -> None:
    world.cluster.up = False
    await asyncio.sleep(world.chance.random() * 6)
    world.cluster.up = True


async def bad_network(world: World) -> None:
    """Batches late (expired and stored all the same), lost, or stored without an acknowledgement; commits without an answer."""
    cluster, chance = world.cluster, world.chance
    cluster.slow, cluster.lose = chance.choice((0.1, 0.5)), chance.choice((0.0, 0.3))
    cluster.lose_ack, cluster.refuse_commit = chance.choice((0.0, 0.3)), chance.choice((0.0, 0.5))
    await asyncio.sleep(chance.random() * 8)
    cluster.slow = cluster.lose = cluster.lose_ack = cluster.refuse_commit = 0.0


async def rebalance(world: World) -> None:
    world.cluster.rebalance()


async def stray_record(world: World) -> None:
    """Somebody writes what nobody can read. Not where records were lost: it would hide the loss from the relay, which is why nobody but
    the owner may write on a topic."""
    targets = [target for target in world.cluster.all_targets() if target not in world.cluster.wiped]
    if not targets:
        return
    target = world.chance.choice(targets)
    world.cluster.append(target, b"\xff junk %d" % world.faults)


async def remake_topic(world: World) -> None:
    topic = world.chance.choice(world.cluster.all_targets()).topic
    for target in world.cluster.all_targets():
        if target.topic == topic:
            world.cluster.cut_back(target, 0)


async def lose_the_end(world: World) -> None:
    """The broker came back without its last records."""
    target = world.chance.choice(world.cluster.all_targets())
    end = len(world.cluster.log(target))
    world.cluster.cut_back(target, max(0, end - world.chance.randint(1, 5)))


async def lose_the_fullest_end(world: World) -> None:
    """The same, where most records are."""
    target = max(world.cluster.all_targets(), key=lambda target: len(world.cluster.log(target)))
    world.cluster.cut_back(target, max(0, len(world.cluster.log(target)) - world.chance.randint(1, 3)))


async def another_broker(world: World) -> None:
    world.cluster.replace(f"cluster-{world.faults + 2}")


Fault = Callable[[World], Coroutine[Any, Any, None]]


def with_all_connections(loss: Fault) -> Fault:
    """A loss at which every client loses its connection and begins anew."""

    async def lose(world: World) -> None:
        for name in NAMES:
            world.kill(name)
        await loss(world)
        for name in NAMES:
            world.launch(name)

    lose.__name__ = f"{loss.__name__}_with_all_connections"
    return lose


COMMON: tuple[Fault, ...] = (
    *(kill, kill, freeze, freeze, lose_the_lock, restart_outbox, restart_inbox, errors_on_inbox),
    *(broker_away, bad_network, bad_network, rebalance, stray_record),
)
LOSSES: tuple[Fault, ...] = (
    *(remake_topic, lose_the_end, another_broker),
    *(with_all_connections(loss) for loss in (remake_topic, lose_the_end, another_broker)),
)
"""Behind the clients' backs, and so that each begins anew."""


async def run(world: World) -> None:
    """The whole course."""
    chance = world.chance
    menu = [chance.choice(COMMON) for _ in range(4)] + ([chance.choice(LOSSES)] if chance.happens(0.4) else [])
    await play(world, menu)


async def lose_once(world: World) -> None:
    """A course on which the fullest partition loses its end late, once, under running clients; nothing after it hides it.

    Batches are on their way then, or processes stand still; and who has seen the loss may be killed."""
    before: list[Fault] = world.chance.choice(([bad_network], [freeze, freeze, freeze]))
    after: list[Fault] = world.chance.choice(([], [kill_a_relay] * 6))
    await play(world, [bad_network, bad_network, kill], last=[*before, lose_the_fullest_end, *after])


async def play(world: World, menu: list[Fault], *, last: Sequence[Fault] = ()) -> None:
    """Writers, faults of this menu, those that come `last`, then peace and judgement."""
    chance = world.chance
    for name in NAMES:
        world.launch(name)
    until = 5 + chance.random() * 12
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[None]] = []
    next_operator = 6.0
    while loop.time() < until:
        tasks.append(loop.create_task(world.write()))
        if chance.happens(0.35):
            fault = chance.choice(menu)
            world.faults += 1
            world.journal.note(f"fault {fault.__name__}")
            tasks.append(loop.create_task(fault(world)))
        if loop.time() > next_operator:
            next_operator += 4
            await world.operate()
        await asyncio.sleep(chance.random() * 0.8)
    for fault in last:
        tasks.append(loop.create_task(fault(world)))
        tasks += [loop.create_task(world.write()) for _ in range(4)]
        await asyncio.sleep(0.5)
    for task in tasks:
        await task
    await settle(world)
    world.judge()


async def settle(world: World) -> None:
    """Peace: nothing fails any more, and an operator mends what is parked."""
    loop = asyncio.get_running_loop()
    world.cut = world.inbox.fault = 0.0
    deadline = loop.time() + PEACE
    while loop.time() < deadline:
        await asyncio.sleep(1)
        if world.inbox.parked:
            await world.operate(heal=True)
        if not world.missing():
            world.journal.note("settled")
            return
    for left in world.missing():
        world.journal.violated(f"stuck: {left}")
