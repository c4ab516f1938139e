"""Proof of work 工作量证明: a flood of reports costs whoever sends it, and nobody's address has to be known for that.

A challenge is signed and carries its own expiry and difficulty, so that nothing is kept for it: `v1.<expires>.<bits>.<random>.<mac>`. A
number solves it that gives SHA-256("<challenge>:<number>") so many leading zero bits. That each is used once is a row in the transaction
that uses it.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from shared.errors import Conflict

RANDOM_BYTES = 16
MOST_BITS = 32
_FORM = re.compile(r"^(v1\.(\d{10,11})\.(\d{1,2})\.[A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43}):(\d{1,20})$", re.ASCII)


class NotSolved(ValueError):
    """What was sent is no solution; the text says why: unreadable, not ours, expired, too little work."""


class Spent(Conflict):
    """It stood for something that was done already: another challenge is solved for the next."""

    code, zh, en = "proof-of-work-spent", "工作量证明已使用", "Proof of work used before"


@dataclass(frozen=True, slots=True)
class Solved:
    """A solved challenge: what marks it as spent, and until when that has to be remembered (seconds of the epoch)."""

    mark: bytes
    expires: int


def new_challenge(key: bytes, *, random: bytes, bits: int, expires: int) -> str:
    """A signed challenge."""
    body = f"v1.{expires}.{bits}.{_text(random)}"
    return f"{body}.{_mac(key, body)}"


def check_solution(key: bytes, solution: str, *, now: float) -> Solved:
    """`solution` is `<challenge>:<number>`. Raises `NotSolved`."""
    found = _FORM.match(solution)
    if not found:
        raise NotSolved("unreadable")
    body, expires, bits, mac = found[1], int(found[2]), int(found[3]), found[4]
    if not hmac.compare_digest(mac, _mac(key, body)):
        raise NotSolved("not ours")
    if expires <= now:
        raise NotSolved("expired")
    if zero_bits(solution) < bits:
        raise NotSolved("too little work")
    return Solved(hashlib.sha256(body.encode()).digest(), expires)


def zero_bits(solution: str) -> int:
    """Leading zero bits of its hash."""
    return 256 - int.from_bytes(hashlib.sha256(solution.encode()).digest(), "big").bit_length()


def bits_for(least: int, most: int, *, free: float) -> int:
    """The difficulty while this part (0 to 1) of what the door can take is free: the least while more than half is."""
    return least if free >= 0.5 else least + round((most - least) * (1 - 2 * free))


def _mac(key: bytes, body: str) -> str:
    return _text(hmac.digest(key, b"xiansuo.challenge.v1\0" + body.encode(), "sha256"))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
