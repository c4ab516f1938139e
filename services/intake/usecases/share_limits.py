"""What the public doors take is counted for all processes together, in the database, with few writes and nothing of who comes.

Of a door a process takes a twentieth of a minute's requests at once and gives them out by itself; a challenge is asked for from its second
use in a process on; each guess at a code of one's own is asked for (docs/decisions/0063).
"""

import asyncio
import hmac
import time

from services.intake.db import door_buckets
from services.intake.domain.limits import Lease, Rate, Seen
from shared.db import Database

PARTS = 20
"""Into how many leases a minute's requests are cut."""


class SharedLimits:
    """The limits as one process asks for them; `key`: the service's key of keyed hashes, which the database has not."""

    def __init__(self, database: Database, key: bytes, *, keep: int = 50_000) -> None:
        self._database, self._key = database, key
        self.clock = time.time
        """Real seconds, whatever clock a local request brings."""
        self._leases: dict[str, tuple[Lease, asyncio.Lock]] = {}
        self._seen = Seen(keep)

    async def enter(self, door: str, rate: Rate) -> bool:
        """One more request at this door; False when there are too many."""
        lease, turn = self._leases.setdefault(door, (Lease(), asyncio.Lock()))
        if lease.give(self.clock()):
            return True
        async with turn:
            # another request has filled it meanwhile, or found nothing
            if lease.give(self.clock()):
                return True
            if self.clock() < lease.closed_until:
                return False
            number = max(1, rate.most // PARTS)
            lease.filled(number, await self._take(b"door", door.encode(), rate, number), rate, self.clock())
            return lease.give(self.clock())

    def free(self, door: str, rate: Rate) -> float:
        """The part that is free at this door, 0 to 1, as this process saw it last."""
        lease, _ = self._leases.get(door, (Lease(), None))
        return rate.free(lease.full_at, self.clock())

    async def try_with(self, challenge: bytes, rate: Rate) -> bool:
        """One more request with this challenge; False when there are too many. Most are the first, which is counted with the second."""
        times = self._seen.times(challenge)
        if times == 1:
            return True
        return await self._take(b"challenge", challenge, rate, 2 if times == 2 else 1) is not None

    async def guess(self, lead_no: str, rate: Rate) -> bool:
        """One more guess at the own code of this lead number; False when there are too many."""
        return await self._take(b"own-code", lead_no.encode(), rate, 1) is not None

    async def guessed(self, lead_no: str, rate: Rate) -> None:
        """The guess that was just counted was right: it is given back."""
        await door_buckets.give_back(self._database, self._mark(b"own-code", lead_no.encode()), rate, 1)

    async def _take(self, kind: bytes, thing: bytes, rate: Rate, number: int) -> float | None:
        return await door_buckets.take(self._database, self._mark(kind, thing), rate, number, now=self.clock())

    def _mark(self, kind: bytes, thing: bytes) -> bytes:
        return hmac.digest(self._key, b"xiansuo.door.v1\0" + kind + b"\0" + thing, "sha256")
