"""The app factory: one service's HTTP app."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import identity, tracing
from shared.auth import Keys
from shared.db import Database
from shared.departures import Departures
from shared.errors import TooLarge
from shared.gauges import Gauges
from shared.health import Check, pages
from shared.http import document, problems
from shared.http.callers import undeclared_routes
from shared.http.counted import Counted
from shared.http.edge import First
from shared.http.narrowing import Narrowed
from shared.settings import ServerSettings

BODY_LIMIT = 12 * 1024 * 1024
"""Largest body, in bytes; a ledger of 10 MB with its form around it."""


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
    parts: Mapping[str, Check] | None = None,
    first: First | None = None,
) -> FastAPI:
    """The service's app under /<service>/v1, with its OpenAPI page (no foreign content), liveness and readiness. `part`: the app serves
    only what lies under that name there. `events`: it may look at outbox and inbox, for its metrics. `beside` runs while it serves.
    `parts`: what only a few of its doors need, by name; it is shown and does not make the app unready. `first`: asked in each request's
    transaction before its door."""
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
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=tracing.fastapi(root),
    )
    app.add_middleware(_Weighed)
    app.add_middleware(Counted)
    identity.guard(database)
    app.state.service, app.state.environment = service, settings.environment
    app.state.database, app.state.keys, app.state.digest = database, keys, settings.digest()
    app.state.region, app.state.departures, app.state.first = settings.region, Departures(database), first
    app.router.routes.extend(_routes(path, routers))
    if missing := undeclared_routes(app):
        raise RuntimeError(f"routes that do not say who may call them: {missing}")
    problems.install(app)
    document.install(app)
    needed = {"database": lambda: identity.check(database), "issuer": keys.ready}
    for route in pages(root, needed, Gauges(database, events=events, parts=parts), parts):
        app.router.routes.append(route)
    app.router.middleware_stack = Narrowed(app.router, path)
    return app


_ROUTES: dict[tuple[str, tuple[int, ...]], list[BaseRoute]] = {}


def _routes(path: str, routers: Sequence[APIRouter]) -> list[BaseRoute]:
    """The service's routes under `path`. They hold nothing of an app, so the apps of one process share them: building them is most of an
    app's start. They keep their routers, so identity names them."""
    key = (path, tuple(map(id, routers)))
    if key not in _ROUTES:
        shell = APIRouter(responses=problems.RESPONSES)
        for router in routers:
            shell.include_router(router, prefix=path)
        _ROUTES[key] = shell.routes
    return _ROUTES[key]


class _Weighed:
    """Refuses a body that says it is too large, as a problem; the framework weighs only one that does not say its size: the server lets no
    other be larger than it says."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.unsaid = app, RequestBodyLimitMiddleware(app, max_body_size=BODY_LIMIT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self.app
        if scope["type"] == "http":
            length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
            if not length.isdigit():
                app = self.unsaid
            elif int(length) > BODY_LIMIT:
                limit = f"{BODY_LIMIT // 1024 // 1024} MB"
                app = problems.answer(TooLarge(f"请求超过{limit} / the request is larger than {limit}"))
        await app(scope, receive, send)
