"""Which routers a request need try. The framework tries a service's routers one after the other, each with all of its paths: with some
thirty of them the last doors took longer to be found than to answer. Only those with a path that begins as the request's are tried, in the
same order, so that what answers stays the same."""

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send


class Narrowed:
    """In the place of the router's own handling. `root`: what the paths of all doors begin with; what comes next tells them apart."""

    def __init__(self, router: APIRouter, root: str) -> None:
        self._whole, self._root = router, f"{root}/"
        begins = [(route, {self._head(path) for path in _paths(route)}) for route in router.routes]
        known = {head for _, heads in begins for head in heads if head and "{" not in head}
        self._some = {head: APIRouter(redirect_slashes=False) for head in known}
        for head, some in self._some.items():
            some.routes += [route for route, heads in begins if any(each == head or "{" in each for each in heads)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        router = self.router_for(scope["path"]) if scope["type"] == "http" else self._whole
        await router.app(scope, receive, send)

    def router_for(self, path: str) -> APIRouter:
        """Which has every route that this path can mean."""
        return self._some.get(self._head(path), self._whole)

    def _head(self, path: str) -> str:
        """What follows the root, up to the next slash; empty for other paths."""
        return path[len(self._root) :].partition("/")[0] if path.startswith(self._root) else ""


def _paths(route: BaseRoute) -> Sequence[str]:
    return [str(getattr(each, "path", "")) for each in iter_route_contexts([route])]
