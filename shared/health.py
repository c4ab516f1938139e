"""The pages that an orchestrator and a monitor ask every process for, and the worker's app, which has no others.

Without FastAPI, which a worker never needs and which is a third of its start.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared import metrics, tracing
from shared.errors import NeedsOperator, Refused
from shared.gauges import Gauges
from shared.worker import Worker

Check = Callable[[], Awaitable[None]]


def worker_app(service: str, worker: Worker, parts: Mapping[str, Check] | None = None) -> Starlette:
    """The worker's tasks in the lifespan of its health page. `parts`: as of `pages`."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with worker.running():
            yield
        await asyncio.to_thread(tracing.close)

    async def tasks() -> None:
        if found := await worker.problems():
            raise NeedsOperator("; ".join(f"{name}: {state}" for name, state in found.items()))

    gauges = Gauges(worker.database, worker, parts=parts)
    return Starlette(routes=pages(f"/{service}", {"tasks": tasks}, gauges, parts), lifespan=lifespan)


def pages(
    root: str, checks: Mapping[str, Check], gauges: Gauges, parts: Mapping[str, Check] | None = None
) -> list[Route]:
    """Liveness, readiness (503 naming what is not ready) and metrics. `parts`: what a few doors need; while one is away, which is shown by
    its name, all other doors serve."""

    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def ready(_: Request) -> JSONResponse:
        states = {name: await _state(check) for name, check in checks.items()}
        fine = all(state == "ready" for state in states.values())
        states |= {name: await _state(check) for name, check in (parts or {}).items()}
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
