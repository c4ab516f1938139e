"""Who may call a route. Every route says so, before it asks for a transaction; one that does not fails the start of the app.

Here too, because every route passes here once its caller is let in: a query parameter that the route does not know is refused.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.security import HTTPBearer
from fastapi.security.base import SecurityBase

from shared.audit import PURPOSE_HEADER, Purpose
from shared.auth import Keys, Principal
from shared.departures import Departures
from shared.errors import Forbidden, Invalid, Unauthenticated
from shared.http import words
from shared.http.edge import transaction
from shared.http.problems import signed_in
from shared.reads import purpose_needed

_bearer = HTTPBearer(
    auto_error=False,
    description="OIDC访问令牌 / access token; make token AS=ofd",
)


class _Requirement(SecurityBase):
    """A dependency that lets in the given roles (any signed-in caller when none is given). It is the security scheme of the API page
    itself: as a dependency of this one that would be solved apart, for each request."""

    model, scheme_name = _bearer.model, _bearer.scheme_name

    def __init__(self, roles: Iterable[str]) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, request: Request) -> Principal:
        bearer = await _bearer(request)
        if bearer is None:
            raise Unauthenticated("需要访问令牌 / an access token is needed: Authorization: Bearer …")
        keys: Keys = request.app.state.keys
        principal = await keys.verify(bearer.credentials, audience=request.app.state.service)
        departures: Departures = request.app.state.departures
        await departures.refuse(principal.sub)
        if others := departures.others_of(principal.sub):
            principal = replace(principal, others=others)
        if self.roles and not self.roles & principal.roles:
            raise Forbidden(f"需要以下角色之一 / one of these roles is needed: {', '.join(sorted(self.roles))}")
        request.state.principal = principal
        know_the_query(request)
        return principal


class _Reader(_Requirement):
    """The same at a door to restricted data: the caller also says what for."""

    def __init__(self, roles: Iterable[str], *, always: bool) -> None:
        super().__init__(roles)
        self.always = always

    async def __call__(
        self,
        request: Request,
        purpose: Annotated[
            str | None,
            Header(
                alias=PURPOSE_HEADER,
                description="查阅目的 / what for: " + "; ".join(f"{p.value} {p.zh} / {p.en}" for p in Purpose),
                json_schema_extra={"enum": [p.value for p in Purpose]},
            ),
        ] = None,
    ) -> Principal:
        principal = await super().__call__(request)
        if purpose is None and not self.always:
            return principal
        if purpose not in list(Purpose):
            raise purpose_needed()
        return replace(principal, purpose=purpose)


class Everyone:
    """A dependency that says: no token is needed here, on purpose."""

    async def __call__(self, request: Request) -> None:
        know_the_query(request)


def require(*roles: str) -> Any:
    """`by: Annotated[Principal, require("ofd")]`: the caller has one of these roles; without arguments: is signed in."""
    return Depends(_Requirement(roles))


def reader(*roles: str, always: bool = True) -> Any:
    """Like `require`, at a door to restricted data: with a purpose (header `Access-Purpose`). Not `always`: where only some questions read
    such data, and the use case asks."""
    return Depends(_Reader(roles, always=always))


def public() -> Any:
    """`Annotated[None, public()]`: everyone may call this route."""
    return Depends(Everyone())


def know_the_query(request: Request) -> None:
    """A misspelt filter would otherwise answer with everything. Raises `Invalid`, by name where it may be repeated."""
    if request.scope["query_string"]:
        known = _query_names(request.scope["route"].dependant)
        if unknown := [name for name in request.query_params if name not in known]:
            known_by = signed_in(request)
            named = dict.fromkeys(n if words.may_be_named(n, signed_in=known_by) else "query" for n in unknown[:50])
            raise Invalid(
                "有未知的查询参数 / there is an unknown query parameter",
                fields=[(name, "未知参数 / unknown parameter") for name in named],
            )


def _query_names(dependant: Dependant) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*map(_query_names, dependant.dependencies))


def _calls(dependant: Dependant) -> Iterator[Any]:
    """What is called for a route, in order."""
    for inner in dependant.dependencies:
        yield from _calls(inner)
        yield inner.call


def _requirement(dependant: Dependant) -> _Requirement | Everyone | None:
    """What is asked of the caller, unless a transaction is begun before."""
    calls = _calls(dependant)
    first = next((c for c in calls if c is transaction or isinstance(c, _Requirement | Everyone)), None)
    return first if isinstance(first, _Requirement | Everyone) else None


def callers_of(dependant: Dependant) -> str:
    """In words: who may call."""
    asked = _requirement(dependant)
    if isinstance(asked, _Requirement):
        roles = ", ".join(sorted(asked.roles)) or "所有已登录账号 / every signed-in account"
        return f"可调用的角色 / may be called by: {roles}"
    return "无需登录 / without signing in"


def undeclared_routes(app: FastAPI) -> list[str]:
    """Routes that do not say who may call them, or begin a transaction before they know who does."""
    return [f"{sorted(r.methods or ())} {r.path}" for r in api_routes(app) if _requirement(r.dependant) is None]


def api_routes(app: FastAPI) -> list[RouteContext]:
    """The service's own routes, also those of included routers; the framework's documentation pages are not among them."""
    return [
        route
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute) and not route.endpoint.__module__.startswith("fastapi")
    ]
