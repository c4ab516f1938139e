"""The door that everyone may come through: what a body may weigh, how much is taken from all together, and proof of work.

Nothing here knows an address, a browser or a session: a limit counts all callers together or one challenge (docs/decisions/0028).
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute

from services.intake.domain import proof_of_work
from services.intake.domain.limits import Rate, TooMany
from services.intake.domain.proof_of_work import NotSolved, Solved
from services.intake.usecases.share_limits import SharedLimits
from shared.errors import Invalid, TooLarge
from shared.http import callers, is_key, key_form, problems, public
from shared.http.edge import IdempotencyKey, claim_of, now
from shared.idempotency import Claim

MOST_BYTES = 512 * 1024
EXTRA_BITS = 6
TRIES = 20
"""Requests with one challenge: room for a form that is corrected, none for a machine that tries out."""
OWN_CODE_TRIES, OWN_CODE_SECONDS = 5, 3600
"""Guesses at one lead number's own code, right or wrong, in all processes together."""
SHORTEST_KEY = 22
"""Symbols of a key that opens an answer: 128 bits in base 64."""
_WHY = {
    "unreadable": "格式应为“挑战:数字” / must be <challenge>:<number>",
    "not ours": "不是本系统签发的 / not issued here",
    "expired": "已过期,请重新获取 / expired, ask for a new challenge",
    "too little work": "未达到要求的难度 / not enough leading zero bits",
}
KEY = Header(
    alias="Idempotency-Key",
    description="随机标识,至少22个字符,重发时不变;它也是重发时读取回答的钥匙 / at least 22 random characters, the same when sent"
    " again; it also opens the answer that is kept for a retry",
    json_schema_extra={"pattern": key_form(SHORTEST_KEY)},
)
Key = Annotated[str, is_key(SHORTEST_KEY), KEY]
TOO_MANY = problems.responses({429: "请求过多 / Too many"})


class Door:
    """The limits, which all processes share, and the challenges."""

    def __init__(self, digest: bytes, limits: SharedLimits, *, bits: int, seconds: int, a_minute: int) -> None:
        self._key, self.limits, self._bits, self._seconds = digest, limits, bits, seconds
        self._all, self._tries = Rate(a_minute, 60), Rate(TRIES, seconds)
        self._guesses = Rate(OWN_CODE_TRIES, OWN_CODE_SECONDS)

    async def enter(self, door: str) -> None:
        """Come in by this door (a route's pattern). Raises `TooMany`."""
        if not await self.limits.enter(door, self._all):
            raise TooMany("请稍后重试,已填写的内容请保留 / try again in a while and keep what you typed")

    def challenge(self, door: str, at: datetime) -> tuple[str, int, int]:
        """A new challenge, its difficulty, and the seconds that it is good for: the busier the door, the harder."""
        free = self.limits.free(door, self._all)
        bits = proof_of_work.bits_for(self._bits, self._bits + EXTRA_BITS, free=free)
        random = secrets.token_bytes(proof_of_work.RANDOM_BYTES)
        expires = int(at.timestamp()) + self._seconds
        return proof_of_work.new_challenge(self._key, random=random, bits=bits, expires=expires), bits, self._seconds

    async def solved(self, solution: str, at: datetime) -> Solved:
        """The solved challenge. Raises `Invalid`, `TooMany`."""
        try:
            solved = proof_of_work.check_solution(self._key, solution, now=at.timestamp())
        except NotSolved as why:
            reason = _WHY[str(why)]
            raise Invalid(f"工作量证明无效:{reason}", fields=[("Proof-Of-Work", reason)]) from None
        if not await self.limits.try_with(solved.mark, self._tries):
            raise TooMany(
                "该工作量证明尝试次数过多,请重新获取 / too many tries with this proof of work, ask for a new challenge"
            )
        return solved

    async def guess(self, lead_no: str) -> None:
        """One more guess at the own code of this lead number, whether there is such a lead or not. Raises `TooMany`."""
        if not await self.limits.guess(lead_no, self._guesses):
            raise TooMany(
                "该编号查询次数过多,请一小时后再试,或使用查询码 / too many tries at this number, wait an hour or use the query code"
            )


async def weigh(request: Request) -> None:
    """What is larger could not be sent on in one event once it is sealed. Raises `TooLarge`."""
    length = request.headers.get("content-length", "")
    if (length.isdecimal() and int(length) > MOST_BYTES) or len(await request.body()) > MOST_BYTES:
        raise TooLarge("举报内容超过512KB / the report is larger than 512 KB")


class PublicRoute(APIRoute):
    """A route for everyone: its limits come before its body is read, its unknown questions before its headers."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override] # Coroutine is one
        """The framework's handler behind the limits."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            door: Door = request.app.state.door
            await weigh(request)
            await door.enter(self.path_format)
            callers.know_the_query(request)
            return await inner(request)

        return handle


@dataclass(frozen=True, slots=True)
class Sent:
    """What comes with whatever is sent in without signing in."""

    at: datetime
    solved: Solved
    claim: Claim

    @property
    def key(self) -> str:
        """The Idempotency-Key as it was sent."""
        return self.claim.key


_Solution = Annotated[
    str,
    Header(
        alias="Proof-Of-Work",
        max_length=300,
        description="形如`<challenge>:<number>`,见POST /reports/challenges / see there",
    ),
]


class _Sending(callers.Everyone):
    """Everyone may send something in here, once, with a proof of work. One dependency for all of it: each is solved apart."""

    async def __call__(self, request: Request, solution: _Solution, key: IdempotencyKey) -> Sent:  # type: ignore[override]
        at = await now(request)
        door: Door = request.app.state.door
        return Sent(at, await door.solved(solution, at), await claim_of(request, key))


class _SendingSealed(_Sending):
    """The same where the key also opens the answer."""

    async def __call__(self, request: Request, solution: _Solution, key: Key) -> Sent:  # type: ignore[override]
        return await super().__call__(request, solution, key)


Everyone = Annotated[None, public()]
Sending = Annotated[Sent, Depends(_Sending())]
SendingSealed = Annotated[Sent, Depends(_SendingSealed())]
