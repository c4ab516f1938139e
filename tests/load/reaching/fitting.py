"""The requests that doors should take, sent whole now and then, and put into what was made from the document otherwise."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
from schemathesis import Case

from tests.load.answered import Found
from tests.load.reaching.world import Fit, Fits
from tests.support.api import Api
from tests.support.reporting import work

ROOT = "/intake/v1"
MOST = 25
"""So often what stands before a door is brought about anew; after that the last one is sent again, a repeat."""
WHOLE = 0.1
STRANGE: tuple[Any, ...] = (
    *(
        "",
        " ",
        "\n",
        "\0",
        "甲\0乙",
        "\ud800",
        "\u202e",
        "\u2028",
        "İı",
        "【机密】",
        "'; --",
        "%_",
        "甲" * 5_000,
        "9" * 400,
    ),
    *(-1, 0, 1, 2**31, 2**63, 10**40, 0.5, 1e308, True, False, None, [], [None], [[]], {}, {"a": {}}, ["market"] * 50),
    *("0001-01-01", "1999-12-31", "2000-01-01", "2018-02-30", "2099-12-31", "9999-12-31", "2018-06-01T00:00:00Z"),
    *("00000000-0000-0000-0000-000000000000", "999999-S20180601-0000072"),
)
"""In place of one value of a body that is right otherwise."""


class Fitting:
    """Fits as they are needed: one for each door until it is taken, then another."""

    def __init__(self, api: Api, chance: random.Random, world: Any, fits: Fits, found: Found) -> None:
        self._api, self._random, self._world, self._fits, self._found = api, chance, world, fits, found
        self._ready: dict[str, Fit] = {}
        self._made: Counter[str] = Counter()
        self._whole: set[str] = set()

    async def fit(self, door: str, callers: Sequence[str]) -> Fit | None:
        """What this door should take now; None where nobody knows."""
        if self._world is None:
            return None
        make = self._fits.get(door.replace(f" {ROOT}", " "))
        if make is None:
            return Fit(by=callers[0] if callers else "ofd") if door.startswith("GET ") and "{" not in door else None
        if door not in self._ready and self._made[door] < MOST:
            self._made[door] += 1
            try:
                self._ready[door] = await make(self._world)
            except (AssertionError, LookupError, ValueError, httpx.HTTPError) as fault:
                self._found.unprepared[f"{door}: {type(fault).__name__} {str(fault)[:200]}"] += 1
        return self._ready.get(door)

    def is_sent_whole(self, door: str) -> bool:
        """Whether it is the turn of the request as it should be: at first, and now and then."""
        first = door not in self._whole
        self._whole.add(door)
        return first or self._random.random() < WHOLE

    def spent(self, door: str) -> None:
        """The door did what was asked, or no longer stands where it should: the next is made anew, as long as there is another."""
        if self._made[door] < MOST:
            self._ready.pop(door, None)

    async def one_wrong(self, case: Case[Any], fit: Fit) -> dict[str, Any]:
        """The fit with one value of its body, however deep, in another's place, as a client may write it that speaks any JSON."""
        request, body = await self.request(case, fit, loss=0), deepcopy(fit.body)
        part, place = self._random.choice(list(_spots(body)))
        part[place] = self._random.choice(STRANGE)
        request.pop("json")
        headers = {**request["headers"], "Content-Type": "application/json"}
        return {**request, "headers": headers, "content": json.dumps(body).encode()}

    async def request(self, case: Case[Any], fit: Fit, *, loss: float) -> dict[str, Any]:
        """The fit as a client sends it, without this share of its parts."""
        path = {name: quote(str(value), safe="") for name, value in fit.path.items()}
        headers = self._without(await self._headers(fit), loss)
        if fit.by is not None:
            headers |= self._api.as_(fit.by)
        found: dict[str, Any] = {
            "method": case.method,
            "url": case.operation.path.format(**path),
            "params": self._without(fit.query, loss),
            "headers": headers,
        }
        if fit.body is not None:
            found["json"] = self._without(fit.body, loss) if isinstance(fit.body, dict) else fit.body
        if fit.content is not None:
            found["content"] = self._spoilt(fit.content, loss)
        if fit.file is not None:
            name, content = fit.file
            found |= {"files": {"file": (name, self._spoilt(content, loss))}, "data": self._without(fit.form, loss)}
        return found

    async def put_into(self, case: Case[Any], fit: Fit, *, body: bool) -> None:
        """Most of the fit in place of what was made; its body only when that was to be right."""
        loss = self._random.choice((0.0, 0.0, 0.15))
        case.path_parameters.update(self._without({name: str(value) for name, value in fit.path.items()}, loss))
        case.headers.update(self._without(await self._headers(fit), loss))
        case.query.update(self._without(fit.query, loss))
        if body and isinstance(fit.body, list):
            case.body = [*fit.body, *(case.body if isinstance(case.body, list) else [])]
        elif body and isinstance(fit.body, dict) and isinstance(case.body, dict):
            case.body = self._mixed(case.body, fit.body)

    def _mixed(self, made: dict[str, Any], fit: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in made.items() if name in fit or self._random.random() < 0.3}
        if "query_code" in fit:
            kept = {name: value for name, value in kept.items() if name not in ("lead_no", "own_code")}
        return kept | self._without(fit, self._random.choice((0.0, 0.15, 0.3)))

    async def _headers(self, fit: Fit) -> dict[str, str]:
        found = {"Idempotency-Key": uuid4().hex, "Access-Purpose": "handle", **fit.headers}
        if fit.proof:
            clock = {name: value for name, value in fit.headers.items() if name == "X-Local-Clock"}
            found["Proof-Of-Work"] = await work(self._api.client, **clock)
        return found

    def _without(self, whole: Mapping[str, Any], loss: float) -> dict[str, Any]:
        return {name: value for name, value in whole.items() if self._random.random() >= loss}

    def _spoilt(self, content: bytes, loss: float) -> bytes:
        """The content as it is, or cut off, or something else of its length."""
        kind = self._random.random()
        if not loss or kind < 0.4:
            return content
        return content[: self._random.randrange(len(content))] if kind < 0.7 else self._random.randbytes(len(content))


def _spots(part: Any) -> Iterator[tuple[Any, Any]]:
    """(Object or list, name or index) of all values in it."""
    for place, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield part, place
        yield from _spots(value)
