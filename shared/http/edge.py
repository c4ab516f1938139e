"""What a route asks for beside its body: the transaction, the time, and to be done once.

`Tx` is the one transaction of the request. Its scope is "function": FastAPI otherwise runs the code after `yield` when the reply is
already sent, so that a failing commit would answer 2xx. A plain `Depends(transaction)` beside it would open a second one.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

from shared import idempotency
from shared.db import Transaction
from shared.errors import Malformed
from shared.idempotency import Claim

CLOCK_HEADER = "X-Local-Clock"
_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")


async def transaction(request: Request) -> AsyncIterator[Transaction]:
    """Begin with the request, commit before the reply, roll back on any error."""
    async with request.app.state.database.transaction() as tx:
        yield tx


Tx = Annotated[Transaction, Depends(transaction, scope="function")]


async def now(request: Request) -> datetime:
    """The instant (UTC). Only the one-machine demonstration lets a request set it; elsewhere such a request is refused."""
    given = request.headers.get(CLOCK_HEADER)
    if given is None:
        return datetime.now(UTC)
    if request.app.state.environment != "local":
        raise Malformed(f"{CLOCK_HEADER} is not accepted here", fields=[(CLOCK_HEADER, "not accepted")])
    try:
        instant = datetime.fromisoformat(given)
    except ValueError:
        raise Malformed(f"{CLOCK_HEADER} is not an instant", fields=[(CLOCK_HEADER, "not ISO 8601")]) from None
    if instant.tzinfo is None:
        raise Malformed(f"{CLOCK_HEADER} needs an offset", fields=[(CLOCK_HEADER, "no offset")])
    return instant.astimezone(UTC)


Now = Annotated[datetime, Depends(now)]


@dataclass(frozen=True, slots=True)
class Doing:
    """One use of an Idempotency-Key, in the request's transaction."""

    tx: Transaction
    claim: Claim

    async def reply(self, status: int, produce: Callable[[], Awaitable[Any]]) -> JSONResponse:
        """Do it and answer; or, when it was done before, give the same answer again (`Idempotency-Replayed: true`)."""
        earlier = await idempotency.take(self.tx, self.claim)
        if earlier is not None:
            return replayed(earlier)
        # in a thread: the answer to a large file takes a second to encode, which the other requests need not wait for
        body = await asyncio.to_thread(jsonable_encoder, await produce())
        await idempotency.keep(self.tx, self.claim, idempotency.Answer(status, body))
        return JSONResponse(body, status)


def replayed(answer: idempotency.Answer) -> JSONResponse:
    """The first answer, given again."""
    return JSONResponse(answer.body, answer.status, {"Idempotency-Replayed": "true"})


async def _claim(
    request: Request,
    at: Now,
    key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description="1-255 visible ASCII characters, new for each thing to create"),
    ] = None,
) -> Claim:
    if key is None or not _KEY.match(key):
        raise Malformed(
            "an Idempotency-Key of 1 to 255 visible ASCII characters is needed",
            fields=[("Idempotency-Key", "missing or not readable")],
        )
    principal = getattr(request.state, "principal", None)
    mark = idempotency.fingerprint(
        request.app.state.digest, request.method.encode(), request.url.path.encode(), *await _content(request)
    )
    return Claim(principal.sub if principal else "public", key, mark, at)


Claimed = Annotated[Claim, Depends(_claim)]
"""The Idempotency-Key of a request that shares its transaction with others (groupcommit)."""


async def _once(tx: Tx, claim: Claimed) -> Doing:
    return Doing(tx, claim)


async def _content(request: Request) -> list[bytes]:
    """The body as bytes; of a form its fields and files, because the boundary differs between two sendings of the same form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
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
