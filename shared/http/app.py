"""The app factory: one service's HTTP app, and the health page of a worker."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import identity, metrics, tracing
from shared.auth import Keys
from shared.db import Database
from shared.departures import Departures
from shared.errors import NeedsOperator, Refused, TooLarge
from shared.gauges import Gauges
from shared.http import problems
from shared.http.callers import api_routes, callers_of, undeclared_routes
from shared.http.counted import Counted
from shared.settings import ServerSettings
from shared.worker import Worker

log = structlog.get_logger(__name__)

BODY_LIMIT = 12 * 1024 * 1024
"""Largest body, in bytes; a ledger of 10 MB with its form around it."""
Check = Callable[[], Awaitable[None]]


def create_app(
    service: str,
    *,
    settings: ServerSettings,
    database: Database,
    keys: Keys,
    routers: Sequence[APIRouter],
    part: str = "",
    events: bool = True,
    beside: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
) -> FastAPI:
    """The service's app under /<service>/v1, with its OpenAPI page (no foreign content), liveness and readiness. `part`: the app serves
    only what lies under that name there. `events`: it may look at outbox and inbox, for its metrics. `beside` runs while it serves."""
    root = f"/{service}"
    path = f"{root}/v1/{part}" if part else f"{root}/v1"

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with beside():
            yield
        await database.close()
        await asyncio.to_thread(tracing.close)

    app = FastAPIOffline(
        title=f"线索管理平台 {service} {part}".rstrip(),
        version="1",
        openapi_url=f"{path}/openapi.json",
        docs_url=f"{path}/docs",
        redoc_url=None,
        static_url=f"{path}/static",
        swagger_ui_oauth2_redirect_url=f"{path}/docs/oauth2",
        responses=problems.RESPONSES,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=tracing.fastapi(root),
    )
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=BODY_LIMIT)
    app.add_middleware(_DeclaredSize)
    app.add_middleware(Counted)
    identity.guard(database)
    app.state.service, app.state.environment = service, settings.environment
    app.state.database, app.state.keys, app.state.digest = database, keys, settings.digest()
    app.state.region, app.state.departures = settings.region, Departures(database)
    for router in routers:
        app.include_router(router, prefix=path)
    if missing := undeclared_routes(app):
        raise RuntimeError(f"routes that do not say who may call them: {missing}")
    problems.install(app)
    _document(app)
    checks = {"database": lambda: identity.check(database), "issuer": keys.ready}
    for route in _health(root, checks, Gauges(database, events=events)):
        app.router.routes.append(route)
    return app


def _document(app: FastAPI) -> None:
    """The API page says of each operation what it does (from "What it does. 中文" in the route's docstring) and who may call it."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for route in api_routes(app):
                english, _, chinese = (inspect.getdoc(route.endpoint) or "").rpartition(". ")
                for method in route.methods or ():
                    operation = document["paths"][route.path_format][method.lower()]
                    operation["summary"] = f"{chinese} / {re.split('[.;]', english)[0]}"
                    operation["description"] += f"\n\n{callers_of(route.dependant)}"
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


class _DeclaredSize:
    """Refuses a body that says it is too large as a problem, before the framework does it in plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self.app
        if scope["type"] == "http":
            length = Headers(scope=scope).get("content-length", "")
            if length.isdecimal() and int(length) > BODY_LIMIT:
                limit = f"{BODY_LIMIT // 1024 // 1024} MB"
                app = problems.answer(TooLarge(f"请求超过{limit} / the request is larger than {limit}"))
        await app(scope, receive, send)


def worker_app(service: str, worker: Worker) -> Starlette:
    """The worker's tasks in the lifespan of its health page."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with worker.running():
            yield
        await asyncio.to_thread(tracing.close)

    async def tasks() -> None:
        if found := await worker.problems():
            raise NeedsOperator("; ".join(f"{name}: {state}" for name, state in found.items()))

    gauges = Gauges(worker.database, worker)
    return Starlette(routes=_health(f"/{service}", {"tasks": tasks}, gauges), lifespan=lifespan)


def _health(root: str, checks: Mapping[str, Check], gauges: Gauges) -> list[Route]:
    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def ready(_: Request) -> JSONResponse:
        states = {name: await _state(check) for name, check in checks.items()}
        fine = all(state == "ready" for state in states.values())
        return JSONResponse({"status": "ready" if fine else "not ready", "parts": states}, 200 if fine else 503)

    async def shown(_: Request) -> Response:
        await gauges.refresh()
        return Response(metrics.page(), media_type=metrics.TYPE)

    # not under the service's path: what a gateway passes on to the world, an operator's page is not
    return [Route(f"{root}/healthz", live), Route(f"{root}/readyz", ready), Route("/metrics", shown)]


async def _state(check: Check) -> str:
    try:
        await check()
    except (NeedsOperator, Refused) as fault:
        return str(fault)
    except Exception as fault:  # noqa: BLE001 - whatever a check meets, readiness says no and names it
        return f"not ready ({type(fault).__name__})"
    return "ready"
