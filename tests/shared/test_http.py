"""The HTTP edge: commit before reply, done once, problems instead of internals, who may call."""

import asyncio
import importlib
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from joserfc import jws, jwt
from joserfc.jwk import ECKey
from pydantic import BaseModel
from sqlalchemy import text

from shared.auth import Principal
from shared.contracts.topics import SERVICES
from shared.errors import Unauthenticated
from shared.http import Now, Once, Paging, Tx, public, require, undeclared_routes
from shared.http.callers import api_routes
from shared.http.edge import transaction
from tests.conftest import NewApi
from tests.support.api import ISSUER, Api

router = APIRouter(prefix="/probe")
Anyone = Annotated[None, public()]


class Number(BaseModel):
    number: int


@router.post("/insert")
async def insert(order: Number, _: Anyone, tx: Tx) -> Number:
    await tx.execute(text("insert into probe values (:n, null)"), {"n": order.number})
    return order


@router.post("/then-fail")
async def then_fail(order: Number, _: Anyone, tx: Tx) -> Number:
    await tx.execute(text("insert into probe values (:n, null)"), {"n": order.number})
    raise RuntimeError("the secret of 张三")


@router.post("/commit-fails")
async def commit_fails(order: Number, _: Anyone, tx: Tx) -> Number:
    """The deferred constraint speaks at COMMIT, when the route has long returned."""
    await tx.execute(text("insert into probe values (:n, 404)"), {"n": order.number})
    return order


@router.post("/dies-before-commit")
async def dies_before_commit(order: Number, _: Anyone, tx: Tx) -> Number:
    await tx.execute(text("insert into probe values (:n, null)"), {"n": order.number})
    await tx.execute(text("select pg_terminate_backend(pg_backend_pid())"))
    return order


@router.post("/once")
async def once(order: Number, by: Annotated[Principal, require()], tx: Tx, once: Once) -> Any:
    async def do() -> dict[str, int]:
        await tx.execute(text("insert into probe values (:n, null)"), {"n": order.number})
        await asyncio.sleep(0.05)
        if order.number < 0:
            raise RuntimeError
        return {"number": order.number, "b": 1, "aa": 2}

    return await once.reply(201, do)


@router.get("/now")
async def tell_now(at: Now, _: Anyone) -> datetime:
    return at


@router.get("/texts")
async def texts(q: str, _: Anyone, tx: Tx) -> str:
    return str((await tx.execute(text("select cast(:q as text)"), {"q": q})).scalar_one())


@router.get("/paged")
async def paged(paging: Paging, _: Anyone) -> Any:
    return paging.after(int)


async def probe(new_api: NewApi, **settings: str) -> Api:
    api = await new_api("discipline", **settings)
    await api.copy.server.run_async(
        "set role discipline_owner",
        "create table probe (id int primary key, parent int references probe deferrable initially deferred)",
        database=api.copy.name,
    )
    await api.copy.server.run_async("grant all on probe to discipline", database=api.copy.name)
    api.app.include_router(router, prefix="/discipline/v1")
    return api


P = "/discipline/v1/probe"


async def count(api: Api) -> int:
    return int((await api.rows("select count(*) from probe"))[0][0])


async def test_a_2xx_means_that_it_is_committed(new_api: NewApi) -> None:
    api = await probe(new_api)
    answer = await api.client.post(f"{P}/insert", json={"number": 1})
    assert (answer.status_code, await count(api)) == (200, 1)


@pytest.mark.parametrize(("route", "status"), [("then-fail", 500), ("commit-fails", 500), ("dies-before-commit", 503)])
async def test_a_rollback_or_failing_commit_never_answers_2xx_and_keeps_nothing(
    new_api: NewApi, route: str, status: int
) -> None:
    api = await probe(new_api)
    answer = await api.client.post(f"{P}/{route}", json={"number": 1})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert "张三" not in answer.text
    assert "probe" not in answer.text
    assert await count(api) == 0
    # the pool is whole afterwards
    assert (await api.client.post(f"{P}/insert", json={"number": 2})).status_code == 200


async def test_twins_of_one_request_do_it_once_and_get_the_same_answer(new_api: NewApi) -> None:
    api = await probe(new_api)
    answers = await asyncio.gather(*(api.post(f"{P}/once", {"number": 5}, by="icl", key="k") for _ in range(6)))
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert await count(api) == 1
    assert (await api.post(f"{P}/once", {"number": 6}, by="icl", key="k")).status_code == 422
    # another caller's key is another key
    assert (await api.post(f"{P}/once", {"number": 7}, by="ofd", key="k")).status_code == 201


async def test_what_failed_under_a_key_can_be_sent_again(new_api: NewApi) -> None:
    api = await probe(new_api)
    assert (await api.post(f"{P}/once", {"number": -1}, by="icl", key="k")).status_code == 500
    assert (await api.post(f"{P}/once", {"number": 1}, by="icl", key="k")).status_code == 201


@pytest.mark.parametrize("key", [None, "", " ", "a b", "x" * 256, "é"])
async def test_a_key_is_needed_and_readable(new_api: NewApi, key: str | None) -> None:
    api = await probe(new_api)
    headers = [(name.encode(), value.encode()) for name, value in api.as_("icl").items()]
    headers += [] if key is None else [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = await api.client.post(f"{P}/once", json={"number": 1}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Idempotency-Key")
    if key is not None:
        assert "需1至255个可见ASCII字符" in answer.json()["errors"][0]["reason"]


async def test_only_the_local_mode_lets_a_request_set_the_clock(new_api: NewApi) -> None:
    clock = {"X-Local-Clock": "2018-06-01T09:00:00+08:00"}
    local = await probe(new_api)
    assert (await local.client.get(f"{P}/now", headers=clock)).json() == "2018-06-01T01:00:00Z"
    ends = ("0001-01-01T00:00:00+08:00", "1999-12-31T23:59:59Z", "9999-12-31T23:59:59-08:00", "9999-12-31T23:59:59Z")
    for wrong in ("yesterday", "2018-06-01T09:00:00", "", *ends):
        answer = await local.client.get(f"{P}/now", headers={"X-Local-Clock": wrong})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "X-Local-Clock"), wrong
    production = await probe(new_api, ENVIRONMENT="production")
    refused = await production.client.get(f"{P}/now", headers=clock)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "X-Local-Clock")
    shown = datetime.fromisoformat((await production.client.get(f"{P}/now")).json())
    assert abs((datetime.now(UTC) - shown).total_seconds()) < 60


@pytest.mark.parametrize(
    ("request_", "status", "field"),
    [
        (
            {"method": "POST", "url": f"{P}/insert", "content": b"{", "headers": {"content-type": "application/json"}},
            400,
            None,
        ),
        ({"method": "POST", "url": f"{P}/insert", "json": {"number": "x"}}, 422, "number"),
        ({"method": "POST", "url": f"{P}/insert", "json": {"number": 2**40}}, 422, None),
        ({"method": "POST", "url": f"{P}/insert", "json": []}, 422, "body"),
        ({"method": "GET", "url": f"{P}/texts?q=a%00b"}, 422, None),
        ({"method": "GET", "url": f"{P}/paged?after=zzz"}, 422, "after"),
        ({"method": "GET", "url": f"{P}/paged?limit=0"}, 422, "limit"),
        ({"method": "GET", "url": f"{P}/paged?limit=201"}, 422, "limit"),
        ({"method": "PUT", "url": f"{P}/insert"}, 405, None),
        ({"method": "GET", "url": f"{P}/none"}, 404, None),
    ],
)
async def test_bad_input_is_a_problem_that_names_the_field(
    new_api: NewApi, request_: dict[str, Any], status: int, field: str | None
) -> None:
    api = await probe(new_api)
    answer = await api.client.request(**request_)
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), body
    assert body["status"] == status
    assert " / " in body["title"]
    if field:
        assert body["errors"][0]["field"] == field


async def test_a_body_over_the_limit_is_refused_while_it_streams(new_api: NewApi) -> None:
    api = await probe(new_api)
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 40:
            sent += 1
            yield b"x" * 1_000_000

    answer = await api.client.post(f"{P}/insert", content=endless(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert sent < 20
    form = await api.client.post(f"{P}/insert", files={"file": b"x" * 13_000_000})
    assert (form.status_code, form.headers["content-type"]) == (413, "application/problem+json")
    assert form.json()["code"] == "too-large"


def forged(api: Api, **claims: Any) -> str:
    key = claims.pop("key", api.keys.signing_key())
    now = int(time.time())
    whole = {
        "iss": ISSUER,
        "sub": "icl",
        "aud": ["discipline"],
        "exp": now + 600,
        "roles": ["icl"],
        "unit": "SB",
    } | claims
    header = {"alg": "ES256", "kid": api.keys.signing_key().kid}
    return jwt.encode(header, {k: v for k, v in whole.items() if v is not None}, key, algorithms=["ES256"])


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["intake"]},
        {"iss": "http://other.test"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": 10**400},
        {"sub": None},
        {"roles": "icl"},
        {"roles": [1]},
        {"unit": 7},
        {"sub": "x" * 200},
        {"key": ECKey.generate_key("P-256")},
    ],
)
async def test_a_token_that_is_not_in_order_is_refused(new_api: NewApi, claims: dict[str, Any]) -> None:
    api = await probe(new_api)
    fine = await api.client.post(
        f"{P}/once", json={"number": 1}, headers={"Authorization": f"Bearer {forged(api)}", "Idempotency-Key": "a"}
    )
    assert fine.status_code == 201, fine.text
    headers = {"Authorization": f"Bearer {forged(api, **claims)}", "Idempotency-Key": "b"}
    answer = await api.client.post(f"{P}/once", json={"number": 2}, headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_a_token_that_was_let_in_is_refused_once_it_has_expired(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = await probe(new_api)
    headers = {"Authorization": f"Bearer {forged(api)}", "Idempotency-Key": "a"}
    assert (await api.client.post(f"{P}/once", json={"number": 1}, headers=headers)).status_code == 201
    real, monotonic = time.time, time.monotonic
    monkeypatch.setattr(time, "time", lambda: real() + 700)
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + 700)
    assert (await api.client.post(f"{P}/once", json={"number": 1}, headers=headers)).status_code == 401


async def test_a_token_for_one_service_opens_no_other(new_api: NewApi) -> None:
    api = await probe(new_api)
    keys = api.app.state.keys
    assert (await keys.verify(forged(api), audience="discipline")).sub == "icl"
    with pytest.raises(Unauthenticated):
        await keys.verify(forged(api), audience="intake")


async def test_an_unsigned_token_is_refused(new_api: NewApi) -> None:
    api = await probe(new_api)
    head, body, _ = forged(api).split(".")
    for token in ("", "x", f"{head}.{body}.", "eyJhbGciOiJub25lIn0." + body + "."):
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "b"}
        assert (await api.client.post(f"{P}/once", json={"number": 2}, headers=headers)).status_code == 401


async def test_a_signed_token_that_is_too_deep_is_refused(new_api: NewApi) -> None:
    api = await probe(new_api)
    key = api.keys.signing_key()
    deep = b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}"
    token = jws.serialize_compact({"alg": "ES256", "kid": key.kid}, deep, key)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "b"}
    assert (await api.client.post(f"{P}/once", json={"number": 2}, headers=headers)).status_code == 401


async def test_without_the_issuer_nobody_comes_in_and_readiness_says_so(new_api: NewApi) -> None:
    api = await probe(new_api)

    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    token = api.as_("icl", **{"Idempotency-Key": "k"})
    api.app.state.keys.transport = httpx.MockTransport(away)
    answer = await api.client.post(f"{P}/once", json={"number": 2}, headers=token)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


async def test_health_tells_the_parts(new_api: NewApi) -> None:
    api = await new_api("publicity")
    assert (await api.client.get("/publicity/healthz")).json() == {"status": "live"}
    ready = await api.client.get("/publicity/readyz")
    assert (ready.status_code, ready.json()["parts"]) == (200, {"database": "ready", "issuer": "ready"})
    await api.copy.server.run_async("update database_identity set timeline = 99", database=api.copy.name)
    ready = await api.client.get("/publicity/readyz")
    assert ready.status_code == 503
    assert "accept-restore" in ready.json()["parts"]["database"]


def test_a_route_that_does_not_say_who_may_call_it_is_found() -> None:
    from fastapi import FastAPI

    app, open_door = FastAPI(), APIRouter()

    @open_door.get("/open")
    async def open_() -> None:
        return None

    @open_door.get("/asks-too-late")
    async def asks_too_late(tx: Tx, _: Anyone) -> None:
        return None

    app.include_router(router)
    assert undeclared_routes(app) == []
    app.include_router(open_door, prefix="/deep")
    assert undeclared_routes(app) == ["['GET'] /deep/open", "['GET'] /deep/asks-too-late"]


def uses_plain_transaction(dependant: Dependant) -> bool:
    """FastAPI would end such a transaction after the reply, so that a failing commit had already said 2xx."""
    return any(
        (inner.call is transaction and inner.scope != "function") or uses_plain_transaction(inner)
        for inner in dependant.dependencies
    )


def test_a_plain_transaction_dependency_would_be_found() -> None:
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/wrong")
    async def wrong(tx: Annotated[Any, Depends(transaction)]) -> None:
        return None

    [route] = api_routes(app)
    assert uses_plain_transaction(route.dependant)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_of_every_service_says_who_and_commits_before_its_reply(
    new_api: NewApi, service: str
) -> None:
    api = await new_api(service)
    routes = api_routes(api.app)
    assert len(routes) >= 2
    assert undeclared_routes(api.app) == []
    assert [route.path for route in routes if uses_plain_transaction(route.dependant)] == []
    page = await api.client.get(f"/{service}/v1/docs")
    assert page.status_code == 200
    assert "//cdn" not in page.text
    document = (await api.client.get(f"/{service}/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.")
    assert importlib.import_module(f"services.{service}").__doc__
