"""What a route asks for beside its body: the transaction, the time, and to be done once.

`Tx` is the one transaction of the request. Its scope is "function": FastAPI otherwise runs the code after `yield` when the reply is
already sent, so that a failing commit would answer 2xx. A plain `Depends(transaction)` beside it would open a second one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Header, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

from shared import idempotency
from shared.contracts.envelope import day_of
from shared.db import Transaction
from shared.errors import Malformed
from shared.http.fields import FIRST_YEAR, LAST_YEAR, is_key, key_form
from shared.idempotency import Claim

CLOCK_HEADER = "X-Local-Clock"
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


First: TypeAlias = Callable[[Request, Transaction], Awaitable[None]]
"""What a service asks of every request in its transaction, once it knows who calls, before the door itself (`create_app`)."""


async def transaction(request: Request) -> AsyncIterator[Transaction]:
    """Begin with the request, ask what the service asks first, commit before the reply, roll back on any error."""
    async with request.app.state.database.transaction() as tx:
        first: First | None = request.app.state.first
        if first is not None:
            await first(request, tx)
        yield tx


Tx = Annotated[Transaction, Depends(transaction, scope="function")]


async def now(request: Request) -> datetime:
    """The instant (UTC). Only the one-machine demonstration lets a request set it; elsewhere such a request is refused."""
    given = request.headers.get(CLOCK_HEADER)
    if given is None:
        return datetime.now(UTC)
    if request.app.state.environment != "local":
        raise _clock_refused("本环境不接受 / not accepted here")
    try:
        instant = datetime.fromisoformat(given)
    except ValueError:
        raise _clock_refused("应为时刻(如2018-06-01T09:00:00+08:00) / must be an instant (like that)") from None
    if instant.tzinfo is None:
        raise _clock_refused("缺少时区 / has no offset")
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        # deadlines cannot be counted outside the calendar, and the ends of time cannot be turned into UTC
        raise _clock_refused(f"年份应在{FIRST_YEAR}至{LAST_YEAR}之间 / the year must be {FIRST_YEAR} to {LAST_YEAR}")
    return instant.astimezone(UTC)


def _clock_refused(reason: str) -> Malformed:
    return Malformed(f"{CLOCK_HEADER}: {reason}", fields=[(CLOCK_HEADER, reason)])


Now = Annotated[datetime, Depends(now)]


@dataclass(frozen=True, slots=True)
class Doing:
    """One use of an Idempotency-Key, in the request's transaction."""

    tx: Transaction
    claim: Claim

    async def reply(self, status: int, produce: Callable[[], Awaitable[Any]]) -> Response:
        """Do it and answer; or, when it was done before, give the same answer again (`Idempotency-Replayed: true`)."""
        earlier = await idempotency.take(self.tx, self.claim)
        if earlier is not None:
            return answered(earlier, again=True)
        # in a thread: the answer to a large file takes a second to encode, which the other requests need not wait for
        answer = idempotency.Answer(status, await asyncio.to_thread(jsonable_encoder, await produce()))
        await idempotency.keep(self.tx, self.claim, answer)
        return answered(answer, again=False)


def answered(answer: idempotency.Answer, *, again: bool) -> Response:
    """The first answer, or the same given again."""
    headers = {"Idempotency-Replayed": "true"} if again else None
    if answer.status == HTTPStatus.NO_CONTENT:
        return Response(status_code=answer.status, headers=headers)
    return Response(answer.text, answer.status, headers, JSONResponse.media_type)


IdempotencyKey = Annotated[
    str,
    is_key(1),
    Header(
        alias="Idempotency-Key",
        description="每次新建使用新的标识,重发时不变 / new for each thing to create, the same when sent again",
        json_schema_extra={"pattern": key_form(1)},
    ),
]


async def claim_of(request: Request, key: IdempotencyKey) -> Claim:
    """The use of this key by who calls, with the instant of the request. What else a door needs it asks of no dependency of its own:
    each is solved apart, for each request."""
    return await claim_at(await now(request), request, key)


async def claim_at(at: datetime, request: Request, key: str) -> Claim:
    """The same where the instant is known."""
    principal = getattr(request.state, "principal", None)
    mark = idempotency.fingerprint(
        request.app.state.digest, request.method.encode(), request.scope["path"].encode(), *await _readable(request)
    )
    if principal is None:
        # the hour could tell who it was, also of what leaves no other trace: a report past the office, a letter, a claim
        return Claim("public", key, mark, day_of(at))
    return Claim(principal.sub, key, mark, at)


Claimed = Annotated[Claim, Depends(claim_of)]
"""The Idempotency-Key of a request that shares its transaction with others (groupcommit)."""


async def _once(tx: Tx, claim: Claimed) -> Doing:
    return Doing(tx, claim)


async def _readable(request: Request) -> list[bytes]:
    try:
        return await _content(request)
    except UnicodeError:
        # a form names its own charset: one that is none, or that gives what no text holds
        raise Malformed("表单的编码无法读取 / the charset of the form cannot be read") from None


async def _content(request: Request) -> list[bytes]:
    """The body as bytes; of a form its fields and files, because the boundary differs between two sendings of the same form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _FORMS:
        return [await request.body()]
    parts = []
    for name, value in sorted((await request.form()).multi_items(), key=lambda item: item[0]):
        parts.append(name.encode())
        if isinstance(value, str):
            parts.append(value.encode())
        else:
            parts.append(await value.read())
            await value.seek(0)
    return parts


Once = Annotated[Doing, Depends(_once, scope="function")]
