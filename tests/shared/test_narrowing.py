"""Trying fewer routers changes no answer: each path of each service finds the route that the framework alone would find."""

import importlib
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.routing import Match

from shared.http.narrowing import Narrowed

ROOT = "/house/v1"


def _saying(name: str) -> Any:
    async def say(request: Request) -> str:
        return " ".join([name, *request.path_params.values()])

    return say


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = FastAPI(redirect_slashes=False)
    whole = app.router
    for name in ("one", "two"):
        inner = APIRouter()
        inner.add_api_route(f"/leads/{{x}}/{name}", _saying(name))
        inner.add_api_route(f"/{name}", _saying(name))
        whole.include_router(inner, prefix=ROOT)
    any_head = APIRouter()
    any_head.add_api_route("/{kind}/two", _saying("any"))
    whole.include_router(any_head, prefix=ROOT)
    whole.add_api_route("/house/healthz", _saying("well"))
    whole.middleware_stack = Narrowed(whole, ROOT)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/leads/7/one", 200, "one 7"),
        ("/leads/7/two", 200, "two 7"),
        ("/one", 200, "one"),
        ("/one/two", 200, "any one"),
        ("/leads/two", 200, "any leads"),
        ("/three/two", 200, "any three"),
        ("/leads", 404, None),
        ("/one/", 404, None),
        ("", 404, None),
    ],
)
async def test_the_same_route_answers(client: httpx.AsyncClient, path: str, status: int, body: str | None) -> None:
    answer = await client.get(ROOT + path)
    assert answer.status_code == status, answer.text
    if body:
        assert answer.json() == body


async def test_what_lies_outside_the_root_and_a_wrong_method_are_answered_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/house/healthz")).json() == "well"
    assert (await client.post(f"{ROOT}/one")).status_code == 405


@pytest.mark.parametrize("service", ["intake", "verification", "discipline", "publicity"])
def test_no_service_has_a_path_whose_first_part_is_left_open(service: str) -> None:
    """Such a path would be tried for every request."""
    routers = importlib.import_module(f"services.{service}.app").ROUTERS
    whole = APIRouter()
    for router in routers:
        whole.include_router(router, prefix=ROOT)
    paths = [str(context.path) for context in iter_route_contexts(whole.routes)]
    assert paths
    assert not [path for path in paths if path.removeprefix(f"{ROOT}/").startswith("{")]


def test_each_path_of_intake_is_found_by_fewer_routers() -> None:
    routers = importlib.import_module("services.intake.app").ROUTERS
    whole = APIRouter()
    for router in routers:
        whole.include_router(router, prefix=ROOT)
    narrowed = Narrowed(whole, ROOT)
    for context in iter_route_contexts(whole.routes):
        [method, *_] = context.methods or {"GET"}
        scope: dict[str, Any] = {"type": "http", "path": context.path, "method": method, "headers": [], "root_path": ""}
        some = narrowed.router_for(str(context.path))
        assert len(some.routes) < len(whole.routes)
        first = [next(r for r in of.routes if r.matches(dict(scope))[0] is Match.FULL) for of in (whole, some)]
        assert first[0] is first[1], context.path
