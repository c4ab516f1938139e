"""The monthly draw of reporters who are called back 抽查回访 (D38): random, and recomputed by anyone from what is published. Pure.

Before the month the seed is committed to; after it the list of those who can be drawn is fixed; then the first checkpoints that two other
services sign after that instant are added. Who knows the seed cannot foresee their signatures, and who makes the signatures does not
know the seed: nobody can choose who is drawn by choosing who is on the list, nor by choosing when.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from shared.deadlines import Calendar, in_force, month_after
from shared.deadlines.calendar import next_day

SHARE, LEAST = 10, 5
"""Per cent of the list that is drawn, and how many at least [DESIGN]."""
DRAW, CALLS = "D38", "D38r"
"""Limits of the profile: the working day of the next month by which it is drawn, and the working days for the calls."""


@dataclass(frozen=True, slots=True, order=True)
class Beacon:
    """A checkpoint that another service signed after the list was fixed."""

    chain: str
    number: int
    hash: str
    signature: str


def commitment(seed: bytes) -> str:
    """What is published before the month."""
    return hashlib.sha256(b"xiansuo.call-back.seed.v1\n" + seed).hexdigest()


def token(seed: bytes, lead_id: str) -> str:
    """The name of one entry on the published list; it tells nothing of the lead to who has not the seed, and with it only to who knows the
    lead already."""
    return hashlib.sha256(b"xiansuo.call-back.token.v1\n" + seed + lead_id.encode()).hexdigest()[:32]


def list_digest(tokens: Iterable[str]) -> str:
    """The fixed list in one number."""
    return hashlib.sha256("\n".join(sorted(tokens)).encode()).hexdigest()


def drawn_of(number: int) -> int:
    """How many are drawn from a list of this length."""
    return min(number, max(LEAST, -(-number * SHARE // 100)))


def draw(seed: bytes, tokens: Sequence[str], beacons: Iterable[Beacon]) -> list[str]:
    """Those who are drawn, in order."""
    said = "\n".join(f"{b.chain} {b.number} {b.hash} {b.signature}" for b in sorted(beacons))
    key = hashlib.sha256(b"\n".join((b"xiansuo.call-back.draw.v1", seed, list_digest(tokens).encode(), said.encode())))
    ranked = sorted(tokens, key=lambda each: (hashlib.sha256(key.digest() + each.encode()).digest(), each))
    return ranked[: drawn_of(len(tokens))]


def faults(published: Mapping[str, Any]) -> list[str]:
    """What is wrong with a published draw; nothing when it is right. Raises ValueError, KeyError, TypeError for what is none."""
    seed, tokens = bytes.fromhex(published["seed"]), list(published["entries"])
    beacons = [Beacon(**{name: beacon[name] for name in asdict(_NONE)}) for beacon in published["beacons"]]
    found = []
    if commitment(seed) != published["commitment"]:
        found.append("种子与事先公布的承诺不符 / the seed is not the one that was committed to")
    if len(set(tokens)) != len(tokens) or list_digest(tokens) != published["list_digest"]:
        found.append("名单与固定的名单不符 / the list is not the one that was fixed")
    if len({beacon.chain for beacon in beacons}) != len(beacons) or not beacons:
        found.append("外部随机值缺失或重复 / a beacon is missing or doubled")
    if draw(seed, tokens, beacons) != list(published["drawn"]):
        found.append("抽取结果不符 / others would have been drawn")
    return found


_NONE = Beacon("", 0, "", "")


def fixed_on(month: date, days: Calendar) -> date:
    """The day on which the month's list is fixed: the first working day after it."""
    day = month_after(month)
    while not days.is_working_day(day):
        day = next_day(day)
    return day


def drawn_by(month: date, days: Calendar) -> date:
    """The last day on which the month's draw is in time: so many working days into the next month (D38)."""
    following = month_after(month)
    return in_force(following)[DRAW].after(following - timedelta(days=1), days).on


def calls_by(drawn_on: date, days: Calendar) -> date:
    """The day by which those who were drawn are called (D38)."""
    return in_force(drawn_on)[CALLS].after(drawn_on, days).on
