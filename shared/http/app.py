"""The app factory: one service's HTTP app, and the health page of a worker."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from shared import identity
from shared.auth import Keys
from shared.db import Database
from shared.errors import NeedsOperator, Refused
from shared.http import problems
from shared.http.callers import undeclared_routes
from shared.settings import ServiceSettings
from shared.worker import Worker

log = structlog.get_logger(__name__)

BODY_LIMIT = 12 * 1024 * 1024
"""Largest body, in bytes; a ledger of 10 MB with its form around it."""
Check = Callable[[], Awaitable[None]]


def create_app(
    service: str, *, settings: ServiceSettings, database: Database, keys: Keys, routers: Sequence[APIRouter]
) -> FastAPI:
    """The service's app under /<service>/v1, with its OpenAPI page (no foreign content), liveness and readiness."""
    root = f"/{service}"

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await database.close()

    app = FastAPIOffline(
        title=f"线索管理平台 {service}",
        version="1",
        openapi_url=f"{root}/v1/openapi.json",
        docs_url=f"{root}/v1/docs",
        redoc_url=None,
        static_url=f"{root}/v1/static",
        swagger_ui_oauth2_redirect_url=f"{root}/v1/docs/oauth2",
        responses=problems.RESPONSES,
        lifespan=lifespan,
        redirect_slashes=False,
        max_body_size=BODY_LIMIT,
    )
    identity.guard(database)
    app.state.service, app.state.environment = service, settings.environment
    app.state.database, app.state.keys, app.state.digest = database, keys, settings.digest()
    app.state.region = settings.region
    for router in routers:
        app.include_router(router, prefix=f"{root}/v1")
    if missing := undeclared_routes(app):
        raise RuntimeError(f"routes that do not say who may call them: {missing}")
    problems.install(app)
    for route in _health(root, {"database": lambda: identity.check(database), "issuer": keys.ready}):
        app.router.routes.append(route)
    return app


def worker_app(service: str, worker: Worker) -> Starlette:
    """The worker's tasks in the lifespan of its health page."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with worker.running():
            yield

    async def tasks() -> None:
        if found := await worker.problems():
            raise NeedsOperator("; ".join(f"{name}: {state}" for name, state in found.items()))

    return Starlette(routes=_health(f"/{service}", {"tasks": tasks}), lifespan=lifespan)


def _health(root: str, checks: Mapping[str, Check]) -> list[Route]:
    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def ready(_: Request) -> JSONResponse:
        states = {name: await _state(check) for name, check in checks.items()}
        fine = all(state == "ready" for state in states.values())
        return JSONResponse({"status": "ready" if fine else "not ready", "parts": states}, 200 if fine else 503)

    return [Route(f"{root}/healthz", live), Route(f"{root}/readyz", ready)]


async def _state(check: Check) -> str:
    try:
        await check()
    except (NeedsOperator, Refused) as fault:
        return str(fault)
    except Exception as fault:  # noqa: BLE001 - whatever a check meets, readiness says no and names it
        return f"not ready ({type(fault).__name__})"
    return "ready"
