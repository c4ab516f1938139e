"""How much a public door takes, counted for all together and for single things (a challenge, a lead number), never for an address.

A bucket is one instant, the one at which it is full again; all processes share it (docs/decisions/0063). The clock is a value passed in.
"""

from collections import OrderedDict
from dataclasses import dataclass

from shared.errors import Refused


class TooMany(Refused):
    """More than the door takes now; trying again later is right."""

    status, code, zh, en = 429, "too-many", "请求过多,请稍后重试", "Too many requests, try again later"


class TooManyGuesses(TooMany):
    """At one lead number's own code."""

    wait = 3600


@dataclass(frozen=True, slots=True)
class Rate:
    """`most` at once, refilled within `seconds`."""

    most: int
    seconds: float

    def worth(self, number: int) -> float:
        """In how many seconds so many are refilled."""
        return number * self.seconds / self.most

    def free(self, full_at: float, now: float) -> float:
        """The part that is free, 0 to 1, of a bucket that is full again at `full_at`."""
        return min(1.0, max(0.0, 1 - (full_at - now) / self.seconds))


@dataclass(slots=True)
class Lease:
    """What one process took of a shared bucket at once, to give out by itself; it is good for as long as the bucket takes to fill."""

    left: int = 0
    ends_at: float = 0.0
    full_at: float = 0.0
    closed_until: float = 0.0
    """Nothing was left: it is not asked again before."""

    def give(self, now: float) -> bool:
        """One of what was taken; False when none is left."""
        if self.left < 1 or now >= self.ends_at:
            return False
        self.left -= 1
        return True

    def filled(self, number: int, full_at: float | None, rate: Rate, now: float) -> None:
        """The shared bucket gave so many, or (None) nothing."""
        if full_at is None:
            self.closed_until = now + min(1.0, rate.worth(number))
        else:
            self.left, self.ends_at, self.full_at = number, now + rate.seconds, full_at


class Seen:
    """How often this process has seen things; at most `keep` of them, the longest unseen goes first."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    def times(self, thing: bytes) -> int:
        """How often it was seen, with now."""
        times = self._seen[thing] = self._seen.get(thing, 0) + 1
        self._seen.move_to_end(thing)
        while len(self._seen) > self.keep:
            self._seen.popitem(last=False)
        return times
