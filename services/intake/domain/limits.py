"""Token buckets: how much a public door takes, counted for all together and for single things (a challenge, a lead number), never for an
address. The clock is a value passed in."""

from collections import OrderedDict
from dataclasses import dataclass

from shared.errors import Refused


class TooMany(Refused):
    """More than the door takes now; trying again later is right."""

    status, code, zh, en = 429, "too-many", "请求过多,请稍后重试", "Too many requests, try again later"


@dataclass(slots=True)
class Bucket:
    """`most` at once, refilled within `seconds`."""

    most: float
    seconds: float
    left: float = -1.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Take one; False when none is left."""
        self._fill(now)
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def free(self, now: float) -> float:
        """The part that is free, 0 to 1."""
        self._fill(now)
        return self.left / self.most

    def _fill(self, now: float) -> None:
        passed = max(0.0, now - self.at)
        self.left = self.most if self.left < 0 else min(self.most, self.left + passed * self.most / self.seconds)
        self.at = now


class Buckets:
    """One bucket a key; at most `keep` of them, the longest unused goes first (it is full again or nearly so)."""

    def __init__(self, most: float, seconds: float, *, keep: int) -> None:
        self.most, self.seconds, self.keep = most, seconds, keep
        self._buckets: OrderedDict[bytes, Bucket] = OrderedDict()

    def take(self, key: bytes, now: float) -> bool:
        """Take one of this key's; False when none is left."""
        bucket = self._buckets.setdefault(key, Bucket(self.most, self.seconds))
        self._buckets.move_to_end(key)
        while len(self._buckets) > self.keep:
            self._buckets.popitem(last=False)
        return bucket.take(now)
