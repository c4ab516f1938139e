"""Requests made from a service's own OpenAPI, right and wrong ones, to every operation with tokens of every role:
`python -m tests.load.schemathesis [intake|vault|verification|discipline|publicity …]`, intake's unless told otherwise.

schemathesis makes the requests; they go to the app in this process, on a database of its own. What no document can tell is put in: ids and
query codes that exist, work that was done. Each of intake's doors, and some of others, is also sent what it should take (`reaching`), whole
and with something wrong in it, so that the code behind them is tried and not only their refusals. Counted are answers of 5xx, and answers
that the document does not tell of: a status that the operation does not name, a content type or a body that it does not describe. Either
makes the run fail, and so do fewer operations that did what was asked than `LEAST`.
"""

import argparse
import asyncio
import random
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response

from deploy.local import issuer
from deploy.local.postgres import Postgres
from shared.deadlines import china_date
from tests.load.answered import Found
from tests.load.reaching import OF, Fit, Fitting, World
from tests.load.standing import STANDING, ids
from tests.support.api import Api, start_api
from tests.support.postgres import Copy, Server, Templates
from tests.support.reporting import work
from tests.support.vault import VaultApi

ACCOUNTS = sorted(issuer.accounts())
LEAST = {"intake": 170, "vault": 12, "verification": 8, "discipline": 17, "publicity": 3}
"""Of a service's operations so many must do what is asked at least once."""
NEARLY, ONE_WRONG, LOSS = 0.6, 0.4, 0.15
"""How many of the other requests are nearly what the door should take; of those with one value wrong; how much the others leave out."""
SPENT = (409, 410)
"""Answers to what is not in the state that was asked for, or not any more."""
_CALLERS = re.compile(r"may be called by: ([a-z0-9, ]+)")
_NAMED, _DAY = re.compile(r"{(\w+)}"), re.compile(r"^\d{4}-\d{2}-\d{2}$")
_WORDS: dict[str, list[Any]] = {
    "unit": ["GA", "JS", "SB"],
    "area_codes": [["market"], ["site", "other"]],
    "manifestation_codes": [["06"], []],
    "Access-Purpose": ["handle", "review"],
}
"""Codes that are data and stand in no document."""


# a text of lines, or the offset of an upload, is sent as it was made
schemathesis.serializer.alias(
    ["application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/offset+octet-stream"],
    "application/octet-stream",
)


def made(operation: Any, number: int, *, at: int) -> list[tuple[Case[Any], bool]]:
    """This many requests for an operation, two of three as the document asks, the others not (True)."""
    cases: list[tuple[Case[Any], bool]] = []
    for mode, share in ((GenerationMode.POSITIVE, number - number // 3), (GenerationMode.NEGATIVE, number // 3)):
        some: list[Case[Any]] = []
        if share:
            _make(operation.as_strategy(generation_mode=mode), share, some, at=at)
        cases += [(case, mode is GenerationMode.NEGATIVE) for case in some]
    return cases


def _make(strategy: Any, number: int, cases: list[Case[Any]], *, at: int) -> None:
    @seed(at)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def keep(case: Case[Any]) -> None:
        cases.append(case)

    with suppress(Unsatisfiable):  # an operation that takes nothing cannot be asked wrongly
        keep()


class Knocking:
    """Sends what was made, with ids that exist where one is asked for, as accounts that may call and as others; where a world is given also
    what its doors should take, whole or with something wrong in it."""

    def __init__(self, api: Api, codes: Sequence[str], *, at: int, world: Any = None) -> None:
        self.api, self.codes, self.random = api, codes, random.Random(at)
        self.ids: dict[str, list[str]] = {}
        self.found = Found()
        # the vault is a part of intake and has its own doors
        fits = OF.get("vault" if isinstance(api, VaultApi) else api.app.state.service, {})
        self.fitting = Fitting(api, self.random, world, fits, self.found)

    async def knock(self, case: Case[Any], *, wrong: bool) -> None:
        """One request, and what is wrong with its answer."""
        door = f"{case.method} {case.operation.path}"
        fit = await self.fitting.fit(door, _callers(case))
        if fit is not None and not wrong and self.fitting.is_sent_whole(door):
            request = await self.fitting.request(case, fit, loss=0)
        elif fit is not None and self.random.random() < NEARLY:
            request = await self._nearly(case, fit, wrong=wrong)
        else:
            await self._fill_in(case)
            request = self._request(case, self._account(case))
        try:
            answer = await self.api.client.request(**request)
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError, TypeError):
            return  # not a request that a client can send
        self.found.saw(door, answer.status_code)
        self._judge(door, case, answer)
        if answer.is_success or answer.status_code in SPENT:
            self.fitting.spent(door)

    async def _nearly(self, case: Case[Any], fit: Fit, *, wrong: bool) -> dict[str, Any]:
        """What the door should take, with some of it left out, other than it should be, or more than that."""
        if fit.body and self.random.random() < ONE_WRONG:
            return await self.fitting.one_wrong(case, fit)
        no_json = not wrong and fit.body is not None and not isinstance(case.body, dict | list)
        if fit.content or fit.file or no_json:
            return await self.fitting.request(case, fit, loss=LOSS)
        await self._fill_in(case)
        await self.fitting.put_into(case, fit, body=not wrong)
        return self._request(case, fit.by if self.random.random() > LOSS else self._account(case))

    def _request(self, case: Case[Any], account: str | None) -> dict[str, Any]:
        request = case.as_transport_kwargs(base_url="http://test")
        wanted = request.get("headers") or {}
        headers = {name: value for name, value in wanted.items() if name.lower() != "authorization"}
        kept = {
            name: request[name]
            for name in ("method", "url", "params", "json", "data", "files")
            if request.get(name) is not None
        }
        if isinstance(kept.get("data"), bytes | str):
            kept["content"] = kept.pop("data")
        if account is not None:
            headers |= self.api.as_(account)
        return {**kept, "headers": _plain(headers)}

    async def _fill_in(self, case: Case[Any]) -> None:
        """In half of the places where something that exists is asked for, something that exists."""
        places: list[tuple[Any, str]] = [(case.path_parameters, name) for name in _NAMED.findall(case.path)]
        places += [*_places(case.body), *_places(case.headers), *_places(case.query)]
        for part, name in places:
            if self.random.random() < 0.5 and (given := await self._existing(name, part.get(name))) is not None:
                part[name] = given

    async def _existing(self, name: str, made_up: Any) -> Any:
        """An id of that kind of thing (or of any, where none is called so), a small number, a day near today, a code, a piece of work;
        None for others."""
        if name.endswith("_id"):
            kinds = [some for table, some in self.ids.items() if table.endswith(f"{name[:-3]}s")]
            known = [one for some in kinds or self.ids.values() for one in some]
            return self.random.choice(known) if known else None
        if name == "number":
            return self.random.randint(1, 3)
        if name == "day" or (isinstance(made_up, str) and _DAY.match(made_up)):
            return str(china_date(datetime.now(UTC)) + timedelta(days=self.random.randint(-3, 3)))
        if name.lower() in ("query_code", "query-code"):
            return self.random.choice(self.codes) if self.codes and made_up else None
        if name in _WORDS:
            return self.random.choice(_WORDS[name])
        return await work(self.api.client) if name.lower() == "proof-of-work" else None

    def _account(self, case: Case[Any]) -> str | None:
        callers, kind = _callers(case), self.random.random()
        if kind < 0.05:
            return None
        return self.random.choice(callers) if callers and kind < 0.85 else self.random.choice(ACCOUNTS)

    def _judge(self, where: str, case: Case[Any], answer: httpx.Response) -> None:
        found = self.found
        if answer.status_code >= 500:
            found.server_errors[f"{answer.status_code} {where}: {answer.text[:120]}"] += 1
            return
        told = case.operation.definition.raw["responses"].get(str(answer.status_code))
        kind = answer.headers.get("content-type", "").split(";")[0]
        if told is None:
            found.undocumented[f"status {answer.status_code} {where}"] += 1
        elif "content" in told and kind not in told["content"]:
            found.undocumented[f"type {kind} of {answer.status_code} {where}"] += 1
        elif not _described(case, answer):
            found.undocumented[f"body of {answer.status_code} {where}"] += 1


def _callers(case: Case[Any]) -> list[str]:
    """The accounts that may call; none at a door for everyone, and where every account may."""
    said = _CALLERS.search(str(case.operation.definition.raw.get("description", "")))
    return [name for name in said[1].replace(" ", "").split(",") if name in ACCOUNTS] if said else []


def _described(case: Case[Any], answer: httpx.Response) -> bool:
    """Whether the document describes this body. The request of an upload cannot be read again, so another stands for it."""
    bare = httpx.Response(
        answer.status_code,
        headers={"content-type": answer.headers.get("content-type", "")},
        content=answer.content,
        request=httpx.Request(case.method, "http://test"),
    )
    bare.elapsed = timedelta()
    return bool(case.operation.is_valid_response(Response.from_any(bare)))


def _plain(headers: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in headers.items() if str(value).isascii()}


def _places(part: Any) -> list[tuple[Any, str]]:
    """(Object, name) of all that is named in it, however deep."""
    if isinstance(part, Mapping):
        return [(part, name) for name in part] + [place for value in part.values() for place in _places(value)]
    return [place for value in part for place in _places(value)] if isinstance(part, list) else []


async def knocked(
    api: Api,
    number: int,
    *,
    at: int,
    codes: Sequence[str] = (),
    document: dict[str, Any] | None = None,
    world: Any = None,
) -> Found:
    """At least this many requests, spread over all operations; judged by the app's own document unless another is given."""
    schema = schemathesis.openapi.from_dict(document or api.app.openapi())
    operations = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    knocking = Knocking(api, codes, at=at, world=world)
    while (left := number - knocking.found.requests) > 0:  # some of those made could not be sent, or were made before
        for place, operation in enumerate(operations):
            if place % 10 == 0:
                knocking.ids = await ids(api)  # also of what came meanwhile
            for case, wrong in await asyncio.to_thread(made, operation, -(-left // len(operations)), at=at):
                await knocking.knock(case, wrong=wrong)
        at += 1
    return knocking.found


async def _run(service: str, templates: Templates, folder: Path, number: int, at: int) -> Found:
    opened: list[Api] = []

    async def new(name: str) -> Api:
        changes = {"LOG_LEVEL": "ERROR"}
        changes |= {"CHALLENGE_BITS": "1", "PUBLIC_A_MINUTE": "1000000"} if name == "intake" else {}
        copy = Copy(templates.server, await templates.copy(name), name)
        opened.append(start_api(name, copy, folder / "keys", settings=changes))
        return opened[-1]

    try:
        api, codes = await STANDING[service](new, folder)
        opened += [api] if api not in opened else []
        world: Any = World(opened[0], api) if isinstance(api, VaultApi) else api
        if service == "intake":
            world = await World.begin(api, folder)
            opened.append(world.vault)
        return await knocked(api, number, at=at, codes=codes, world=world)
    finally:
        for one in reversed(opened):
            await one.close()


def main() -> int:
    """Print what was found; 1 when anything was wrong, or too little was reached."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("services", nargs="*", default=["intake"], help=", ".join(STANDING))
    arguments.add_argument("--requests", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    wrong = False
    with tempfile.TemporaryDirectory(prefix="xiansuo-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        postgres = Postgres(folder / "postgres", settings={"fsync": "off"})
        postgres.start()
        try:
            templates = Templates(Server(postgres.dsn("postgres")))
            for service in asked.services:
                found = asyncio.run(_run(service, templates, folder, asked.requests, asked.seed))
                faults = found.faults(LEAST.get(service, 0))
                print(f"{service}:", *found.table(), *found.lines(), *faults, sep="\n", flush=True)
                wrong |= bool(faults)
        finally:
            postgres.stop()
    return int(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
