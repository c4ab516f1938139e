"""What a report by the public costs beside a clerk's registration: its reporter sealed, its receipt signed, its code and mailbox made, its
proof of work checked and spent, while the worker carries events and looks for repeats."""

import asyncio
import http.client
import json
from statistics import median
from typing import Any

from services.intake.domain.proof_of_work import zero_bits
from tests.load.rig import Rig, bodies, spent

DOOR = "/intake/v1/reports"
TURNS = 5
"""Of each; single pairs of turns differ by a sixth."""
LIMITS = {"INTAKE_CHALLENGE_BITS": "1", "INTAKE_PUBLIC_A_MINUTE": "10000000"}
"""The door as it is, but for all that come at once; what a proof costs falls on who solves it, before the clock starts."""


def submission(rig: Rig, reports: int) -> dict[str, Any]:
    """Reports a second by the public door and leads a second by the clerk's, the same number in turns; each turn begins when all that came
    before is carried everywhere."""
    _open_wide(rig)
    public: list[float] = []
    clerk: list[float] = []
    cost: list[dict[str, float]] = []
    cost_clerk: list[dict[str, float]] = []
    _turn(rig, reports // 8, public=True)
    for _ in range(TURNS):
        for turns, costs, door in ((clerk, cost_clerk, False), (public, cost, True)):
            took, us = _turn(rig, reports, public=door)
            turns.append(reports / took)
            costs.append(us)
    [sealed] = asyncio.run(rig.rows("intake", "select count(*) as n from vault.reporters"))
    [filed] = asyncio.run(rig.rows("intake", "select count(*) as n from reports"))
    assert sealed["n"] >= filed["n"] >= TURNS * reports, (sealed["n"], filed["n"])
    [waiting] = asyncio.run(rig.rows("intake", "select count(*) as n from repeat_pending"))
    return {
        "per_s": median(public),
        "registrations_per_s": median(clerk),
        "ratio": median(public) / median(clerk),
        "ratios": [round(mine / theirs, 2) for mine, theirs in zip(public, clerk, strict=True)],
        "cpu_us": cost[TURNS // 2],
        "registrations_cpu_us": cost_clerk[TURNS // 2],
        "not_looked_at_for_repeats": waiting["n"],
    }


def forms() -> list[str]:
    """The same leads as people report them by themselves, each with its reporter."""
    made = []
    for number, body in enumerate(map(json.loads, bodies())):
        facts = {name: body[name] for name in ("summary", "street", "area_codes", "manifestation_codes")}
        form = {
            "naming": "named",
            "reporter": {
                "name": "示例人",
                "phone": f"1390000{number:04d}",
                "address": f"示例区{body['street']}{number}号",
            },
            "facts": {**facts, "allegations": [{"act": each} for each in body["allegations"]]},
        }
        made.append(json.dumps(form, ensure_ascii=False))
    return made


def proofs(port: int, count: int) -> list[str]:
    """Solved challenges of the door."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    found = []
    for _ in range(count):
        connection.request("POST", f"{DOOR}/challenges")
        asked = json.loads(connection.getresponse().read())
        tries = (f"{asked['challenge']}:{number}" for number in range(10**9))
        found.append(next(each for each in tries if zero_bits(each) >= asked["leading_zero_bits"]))
    connection.close()
    return found


def _turn(rig: Rig, count: int, *, public: bool) -> tuple[float, dict[str, float]]:
    """Seconds until so many were taken, and processor microseconds of each until all was carried, by part."""
    plan: dict[str, Any] = {}
    if public:
        solved = proofs(rig.platform.ports["intake", "api"], count)
        plan = {"path": DOOR, "bodies": forms(), "proofs": solved}
    _settle(rig)
    before = rig.processor_seconds()
    seen = rig.load(count=count, **plan)
    assert not seen.refused, seen.refused
    _settle(rig)
    return seen.seconds, spent(before, rig.processor_seconds(), count)


def _open_wide(rig: Rig) -> None:
    api = rig.platform.children["intake api"]
    api.stop()
    api.environment |= LIMITS
    api.start()
    rig.platform.wait_ready(60)


def _settle(rig: Rig) -> None:
    [said] = asyncio.run(rig.rows("intake", "select count(*) as n from outbox_sequences where topic = 'intake.leads'"))
    asyncio.run(rig.settled(said["n"]))
