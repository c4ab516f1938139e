"""Who may call a route. Every route says so; one that does not fails a test and the start of the app."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.auth import Keys, Principal
from shared.errors import Forbidden, Unauthenticated

_bearer = HTTPBearer(auto_error=False, description="OIDC access token; locally: make token AS=ofd")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class _Requirement:
    """A dependency that lets in the given roles (any signed-in caller when none is given)."""

    def __init__(self, roles: Iterable[str]) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, request: Request, bearer: Bearer) -> Principal:
        if bearer is None:
            raise Unauthenticated("an access token is needed: Authorization: Bearer …")
        keys: Keys = request.app.state.keys
        principal = await keys.verify(bearer.credentials, audience=request.app.state.service)
        if self.roles and not self.roles & principal.roles:
            raise Forbidden(f"this needs one of the roles {', '.join(sorted(self.roles))}")
        request.state.principal = principal
        return principal


class _Everyone:
    """A dependency that says: no token is needed here, on purpose."""

    async def __call__(self) -> None:
        return None


def require(*roles: str) -> Any:
    """`by: Annotated[Principal, require("ofd")]`: the caller has one of these roles; without arguments: is signed in."""
    return Depends(_Requirement(roles))


def public() -> Any:
    """`Annotated[None, public()]`: everyone may call this route."""
    return Depends(_Everyone())


def _declares(dependant: Dependant) -> bool:
    return any(isinstance(d.call, _Requirement | _Everyone) or _declares(d) for d in dependant.dependencies)


def undeclared_routes(app: FastAPI) -> list[str]:
    """Routes that do not say who may call them."""
    return [f"{sorted(r.methods or ())} {r.path}" for r in api_routes(app) if not _declares(r.dependant)]


def api_routes(app: FastAPI) -> list[RouteContext]:
    """The service's own routes, also those of included routers; the framework's documentation pages are not among them."""
    return [
        route
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute) and not route.endpoint.__module__.startswith("fastapi")
    ]
