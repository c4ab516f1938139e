"""One origin for the one machine: passes /<service>/… on to that service, answers /healthz for all parts, holds the local issuer."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from deploy.local import issuer
from deploy.local.keys import Keyring
from shared.protocol import Protocol

HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "host",
    ]
)
_OURS_TOO = HOP_BY_HOP | {"date"}
"""Of an answer, what is not passed on: our own server dates it, and a second date is one too many."""
_DOTS = frozenset([".", ".."])
PATIENCE = 300
"""Seconds for an answer; a ledger of 100,000 rows is one request and takes most of a minute on a busy machine."""
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def create(apis: Mapping[str, str], checks: Mapping[str, str], issuer_app: Starlette | None = None) -> Starlette:
    """`apis`: first part of a path (a service, or service/v1/part for a process of its own) → base address, the more special one first.
    `checks`: part → readiness address, "tcp:port", or "disk:megabytes:folder" that must be free."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        async with httpx.AsyncClient(
            timeout=httpx.Timeout(PATIENCE, connect=3), limits=limits, trust_env=False
        ) as client:
            app.state.client = client
            yield

    async def passed_on(request: Request) -> Response:
        if _DOTS & set(request.scope["raw_path"].decode().split("/")):
            # the client would resolve them, and reach what stands beside the service's path: its metrics
            return await _nowhere(request, ValueError())
        service = next(prefix for prefix in apis if f"{request.url.path}/".startswith(f"/{prefix}/"))
        client: httpx.AsyncClient = request.app.state.client
        # blanks around a value are no part of it, and the client refuses to send them on
        headers = [(n, v.strip(b" \t")) for n, v in request.headers.raw if n.decode().lower() not in HOP_BY_HOP]
        target = httpx.URL(apis[service] + request.scope["raw_path"].decode(), query=request.scope["query_string"])
        sent = client.build_request(request.method, target, headers=headers, content=request.stream())
        try:
            answer = await client.send(sent, stream=True)
        except ClientDisconnect:
            return _problem(
                400, "请求格式有误 / Malformed request", "内容没有传完 / the body did not come whole", "malformed"
            )
        except (httpx.TransportError, AttributeError) as fault:
            # the latter: anyio asks a socket that was closed while it was made who is at its other end
            return _away(service, type(fault).__name__)
        kept = [(n, v) for n, v in answer.headers.raw if n.decode().lower() not in _OURS_TOO]
        response = StreamingResponse(answer.aiter_raw(), answer.status_code, background=_Closing(answer))
        response.raw_headers = kept
        return response

    async def healthz(request: Request) -> JSONResponse:
        client: httpx.AsyncClient = request.app.state.client
        states = dict(
            zip(checks, await asyncio.gather(*(_look(client, where) for where in checks.values())), strict=True)
        )
        fine = all(state == "ready" for state in states.values())
        body = {"status": "ready" if fine else "not ready", "not_ready": [n for n, s in states.items() if s != "ready"]}
        return JSONResponse({**body, "parts": states}, 200 if fine else 503)

    routes = [
        Route("/", _index(list(apis))),
        Route("/healthz", healthz),
        *(Route(f"/{service}/{{path:path}}", passed_on, methods=METHODS) for service in apis),
    ]
    if issuer_app is not None:
        for status, handler in PROBLEMS.items():
            issuer_app.add_exception_handler(status, handler)
        routes.append(Mount("/issuer", issuer_app))  # type: ignore[arg-type] # starlette takes both
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=PROBLEMS)


class _Closing(BackgroundTask):
    """Gives the connection back when the answer was passed on, or its reader went away."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.aclose)


def _problem(status: int, title: str, detail: str, code: str) -> JSONResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, "errors": []}
    headers = {"Retry-After": "2"} if status == 503 else {}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _away(service: str, why: str) -> JSONResponse:
    return _problem(
        503,
        "服务暂时不可用,请稍后重试 / Temporarily unavailable",
        f"{service} 没有应答 / {service} does not answer ({why})",
        "unavailable",
    )


async def _nowhere(_: Request, __: Exception) -> JSONResponse:
    return _problem(404, "未找到 / Not found", "此地址没有内容 / there is nothing at this address", "not-found")


async def _no_such_method(_: Request, fault: Exception) -> JSONResponse:
    answer = _problem(
        405,
        "请求无法办理 / Not possible",
        "该地址不支持此方法 / this address does not take that method",
        "method-not-allowed",
    )
    answer.headers.update(getattr(fault, "headers", None) or {})
    return answer


PROBLEMS = {404: _nowhere, 405: _no_such_method}
"""Also what the gateway itself refuses is a problem."""


async def _look(client: httpx.AsyncClient, where: str) -> str:
    try:
        if where.startswith("disk:"):
            _, needed, folder = where.split(":", 2)
            free = shutil.disk_usage(folder).free // 1024**2
            return "ready" if free >= int(needed) else f"full: {free} MB are free, {needed} are needed"
        if where.startswith("tcp:"):
            _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", int(where[4:])), 2)
            writer.close()
            return "ready"
        answer = await client.get(where, timeout=3)
        if answer.status_code == 200:
            return "ready"
        parts = answer.json().get("parts", {})
        return (
            "; ".join(f"{name}: {state}" for name, state in parts.items() if state != "ready")
            or f"HTTP {answer.status_code}"
        )
    except (OSError, TimeoutError, httpx.HTTPError, ValueError) as fault:
        return f"does not answer ({type(fault).__name__})"


def _index(services: list[str]) -> Any:
    names = {
        "intake/v1/vault": "举报人信息保管库 intake vault",
        "intake": "线索受理 intake",
        "verification": "线索核查 verification",
        "discipline": "纪委监委 discipline",
        "publicity": "宣传发动 publicity",
    }
    pages = {service: service if "/" in service else f"{service}/v1" for service in services}
    links = "".join(f'<li><a href="/{pages[service]}/docs">{names[service]}</a></li>' for service in services)
    page = (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>线索管理平台</title>'
        "<style>body{font-family:sans-serif;max-width:40rem;margin:3rem auto;line-height:1.6}</style>"
        "<h1>线索管理平台</h1><p>示例区(代码999999),全部数据均为虚构。<br>A demonstration district; all data are fictional.</p>"
        f'<h2>接口文档 / API pages</h2><ul>{links}</ul><p><a href="/healthz">运行状态 / health</a></p></html>'
    )

    async def index(_: Request) -> HTMLResponse:
        return HTMLResponse(page)

    return index


def main() -> None:
    """`python -m deploy.local.gateway CONFIG.json`: what the supervisor starts."""
    config = json.loads(Path(sys.argv[1]).read_text())
    app = create(config["apis"], config["checks"], issuer.app(Keyring(Path(config["keys"])), config["issuer"]))
    uvicorn.run(
        app,
        http=Protocol,
        host="127.0.0.1",
        port=config["port"],
        log_level="warning",
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
