"""The door that everyone may come through: what a body may weigh, how much is taken from all together, and proof of work.

Nothing here knows an address, a browser or a session: a limit counts all callers together or one challenge (docs/decisions/0028).
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, get_type_hints

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message, Receive, Scope, Send

from services.intake.domain import proof_of_work
from services.intake.domain.limits import Rate, TooMany, TooManyGuesses
from services.intake.domain.proof_of_work import NotSolved, Solved
from services.intake.usecases.share_limits import SharedLimits
from shared.errors import Invalid, TooLarge
from shared.http import Order, callers, is_key, key_form, problems, public
from shared.http.edge import IdempotencyKey, claim_at, now
from shared.idempotency import Claim

MOST_BYTES = 512 * 1024
EXTRA_BITS = 6
TRIES = 20
"""Requests with one challenge: room for a form that is corrected, none for a machine that tries out."""
OWN_CODE_TRIES, OWN_CODE_SECONDS = 5, 3600
"""Wrong guesses at one lead number's own code, in all processes together."""
LONGEST_SOLUTION = 300
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
            raise TooManyGuesses(
                "该编号的自选码输错次数过多,请一小时后再试,或使用查询码 / "
                "too many wrong tries at this number, wait an hour or use the query code"
            )

    async def guessed(self, lead_no: str) -> None:
        """It was the right one: who holds the code reads, writes and fetches as often as he needs."""
        await self.limits.guessed(lead_no, self._guesses)


async def weigh(request: Request) -> None:
    """What is larger could not be sent on in one event once it is sealed. Raises `TooLarge`."""
    length = request.headers.get("content-length", "")
    if (length.isdecimal() and int(length) > MOST_BYTES) or len(await request.body()) > MOST_BYTES:
        raise TooLarge("举报内容超过512KB / the report is larger than 512 KB")


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
        max_length=LONGEST_SOLUTION,
        description="形如`<challenge>:<number>`,见POST /reports/challenges / see there",
    ),
]


class _Sending(callers.Everyone):
    """Everyone may send something in here, once, with a proof of work. One dependency for all of it: each is solved apart."""

    key_form = re.compile(key_form(1))

    async def __call__(self, request: Request, solution: _Solution, key: IdempotencyKey) -> Sent:  # type: ignore[override]
        at = await now(request)
        door: Door = request.app.state.door
        return Sent(at, await door.solved(solution, at), await claim_at(at, request, key))


class _SendingSealed(_Sending):
    """The same where the key also opens the answer."""

    key_form = re.compile(key_form(SHORTEST_KEY))

    async def __call__(self, request: Request, solution: _Solution, key: Key) -> Sent:  # type: ignore[override]
        return await super().__call__(request, solution, key)


Everyone = Annotated[None, public()]
Sending = Annotated[Sent, Depends(_Sending())]
SendingSealed = Annotated[Sent, Depends(_SendingSealed())]


@dataclass(frozen=True, slots=True)
class _TakingIn:
    """What a door takes in: an order as JSON, with a proof of work and a key, in headers that are there once."""

    order: type[Order]
    sending: _Sending

    async def read(self, request: Request) -> tuple[Order, str, str] | None:
        """The order, the solution and the key; None if anything is missing, twice there, or not as it is asked for."""
        found: dict[bytes, bytes] = {}
        for name, value in request.scope["headers"]:
            if name in _READ:
                if name in found:
                    return None
                found[name] = value
        if len(found) < len(_READ) or found[b"content-type"] != _JSON:
            return None
        solution, key = found[b"proof-of-work"].decode("latin-1"), found[b"idempotency-key"].decode("latin-1")
        if len(solution) > LONGEST_SOLUTION or not self.sending.key_form.fullmatch(key):
            return None
        try:
            return self.order.model_validate(await request.json()), solution, key
        except (ValueError, RecursionError):  # no JSON, no text, or no such order
            return None


_JSON = b"application/json"
_READ = frozenset({b"content-type", b"proof-of-work", b"idempotency-key"})


def _taking_in(endpoint: Callable[..., Any]) -> _TakingIn | None:
    """How the function of a door takes in; None if it asks for anything else."""
    asked = get_type_hints(endpoint, include_extras=True)
    order = asked.get("order")
    if order is None or asked.keys() != {"order", "request", "sending", "return"} or asked["return"] is not Response:
        return None
    return _TakingIn(order, asked["sending"].__metadata__[0].dependency)


def _from_the_start(body: bytes, receive: Receive) -> Receive:
    """To be received again: the whole body, then what comes after it."""
    first = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Message:
        return next(first, None) or await receive()

    return again


class PublicRoute(APIRoute):
    """A route for everyone: its limits come before its body is read, its unknown questions before its headers.

    Where the function asks for no more than what is sent in, an ordinary request is answered by what its door needs, called one after the
    other; what is not ordinary in any way goes through the framework, which says what is wrong (docs/decisions/0093)."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        self.takes_in = _taking_in(endpoint)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The limits, then the short way or the framework's."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive)
        await weigh(request)
        door: Door = request.app.state.door
        await door.enter(self.path_format)
        callers.know_the_query(request)
        read = await self.takes_in.read(request) if self.takes_in else None
        if self.takes_in is None or read is None:
            await super().handle(scope, _from_the_start(await request.body(), receive), send)
            return
        order, solution, key = read
        sending = await self.takes_in.sending(request, solution, key)
        response: Response = await self.endpoint(order=order, request=request, sending=sending)
        await response(scope, receive, send)
