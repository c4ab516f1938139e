"""Counts requests: route, method, status and time. The route is its pattern, so that no id and no address that was guessed is a label."""

import time
from functools import cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import metrics


@cache
def _of(route: str, method: str, status: str) -> tuple[metrics.Counter, metrics.Histogram]:
    """Looking labels up takes longer than counting; there are as many as routes × methods × statuses."""
    return metrics.requests.labels(route, method, status), metrics.request_seconds.labels(route, method)


class Counted:
    """Outermost middleware of the app, for all that a client sees as an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), "500"

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path_format", "none")
            method = scope["method"] if scope["method"] in metrics.METHODS else "other"
            count, seconds = _of(route, method, status)
            count.inc()
            seconds.observe(time.perf_counter() - began)
