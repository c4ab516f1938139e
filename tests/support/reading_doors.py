"""Walks through the doors of a service by its document: which show text of a lead or of persons, and whether they ask what for and put the
reading on record (G11). A door that is added later is noticed by whoever walks."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from fastapi.routing import RouteContext

from deploy.local.issuer import accounts
from shared.audit import PURPOSE_HEADER
from shared.http.callers import api_routes, callers_of
from tests.support.api import Api

CODES = {
    *("next", "lead_no", "upstream_no", "number", "receipt_no", "reply_no", "letter_no", "external_no", "limit_id"),
    *("street", "area_codes", "manifestation_codes", "source_l2", "unit", "earlier_unit", "regulator", "codes_version"),
    *(
        "conclusions",
        "conclusion",
        "basis_no",
        "rule_version",
        "profile_version",
        "version",
        "region",
        "key_id",
        "what",
    ),
    *("actor", "by", "asked_by", "decided_by", "proposed_by", "given_by", "set_by", "sent_by", "closed_by", "reader"),
    *("approved_by", "checked_by", "refused_by", "answered_by", "recorded_by", "corrected_by", "redacted_by", "token"),
    *("level", "staff", "ended_by", "released_by", "reviewed_by"),
    *("sha256", "original_sha256", "digest", "signature", "accepted_at", "media_type", "officers", "zh", "en", "rows"),
}
"""Texts that are codes of lists and of units, numbers of papers, accounts of staff, digests, and words of the platform's own."""
KEPT = "select count(*) from audit_log where purpose = 'handle' and (action like '%.read%' or action like '%.search')"


def caller(route: RouteContext) -> str | None:
    """A person's account that may call this route; None where nobody signs in."""
    told = callers_of(route.dependant).removeprefix("可调用的角色 / may be called by: ").split(", ")
    people = {row.get("role", name): name for name, row in accounts().items() if row.get("kind") != "machine"}
    if told[0].startswith("无需登录"):
        return None
    return next((people[role] for role in told if role in people), "ofd" if told[0].startswith("所有") else None)


def short(path: str | None) -> str:
    """Without the service and the version."""
    return re.sub(r"^/[a-z]+/v1", "", path or "")


def texts(part: Any, known: dict[str, Any], name: str = "", *, inside: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of fields that hold a text of no fixed form, or whatever."""
    if "$ref" in part:
        title = part["$ref"].rpartition("/")[2]
        if title not in inside:
            yield from texts(known[title], known, name, inside=(*inside, title))
    for inner in (*part.get("anyOf", ()), *part.get("allOf", ()), *part.get("oneOf", ()), *part.get("prefixItems", ())):
        yield from texts(inner, known, name, inside=inside)
    for field, inner in part.get("properties", {}).items():
        yield from texts(inner, known, field, inside=inside)
    if isinstance(part.get("items"), dict):
        yield from texts(part["items"], known, name, inside=inside)
    more = part.get("additionalProperties")
    if more is True:
        yield name
    elif isinstance(more, dict):
        yield from texts(more, known, name, inside=inside)
    if part.get("type") == "string" and not {"enum", "const", "format"} & part.keys():
        yield name


def operations(api: Api, method: str) -> Iterator[tuple[RouteContext, dict[str, Any], dict[str, Any]]]:
    """Route, operation and schemas of whatever somebody who is signed in may call."""
    document = api.app.openapi()
    for route in api_routes(api.app):
        if method in (route.methods or ()) and caller(route):
            yield route, document["paths"][route.path][method.lower()], document["components"]["schemas"]


def asks(operation: dict[str, Any]) -> bool:
    return any(told["name"] == PURPOSE_HEADER for told in operation.get("parameters", ()))


def answers(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation["responses"].get("200", {}).get("content", {})
    return found


def shown(*apis: Api) -> tuple[dict[str, set[str]], set[str]]:
    """→ doors that show texts and ask nothing, with the names of these texts; doors that ask."""
    silent, asking = dict[str, set[str]](), set[str]()
    for api in apis:
        for route, operation, known in operations(api, "GET"):
            names = {name for each in answers(operation).values() for name in texts(each.get("schema", {}), known)}
            if asks(operation):
                asking.add(short(route.path))
            elif names - CODES:
                silent[short(route.path)] = names - CODES
    return silent, asking


def given_out(*apis: Api) -> dict[str, str]:
    """What POST prints or gives out as a file → where it says what for: "header", "body" or "-"."""
    found = dict[str, str]()
    for api in apis:
        for route, operation, known in operations(api, "POST"):
            if answers(operation).keys() - {"application/json"}:
                body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
                fields = known.get(body.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
                says = "header" if asks(operation) else "body" if "purpose" in fields else "-"
                found[short(route.path)] = says
    return found


async def read_each(
    api: Api, ids: Mapping[str, Any], *, log: Api | None = None, optional: Collection[str] = ()
) -> set[str]:
    """Read by each door that asks: on record once with a purpose, refused and on no record without a good one; `optional` are doors that
    ask for some questions only, `log` has the audit log where that is another's. → doors that had nothing to show."""
    log, empty = log or api, set()
    for route, operation, _ in operations(api, "GET"):
        if not asks(operation):
            continue
        [(before,)] = await log.rows(KEPT)
        path = re.sub(r"\{(\w+)\}", lambda name: str(ids[name[1]]), route.path or "")
        by, may_be_silent = caller(route) or "", short(route.path) in optional
        answer = await api.client.get(path, headers=api.as_(by, **{PURPOSE_HEADER: "handle"}))
        [(after,)] = await log.rows(KEPT)
        if answer.status_code in (404, 409):
            empty.add(short(route.path))
        elif not may_be_silent:
            assert (answer.status_code, after - before) == (200, 1), (path, answer.text)
        wrong = await api.client.get(path, headers=api.as_(by, **{PURPOSE_HEADER: "curiosity"}))
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, PURPOSE_HEADER), path
        without = await api.client.get(path, headers=api.as_(by))
        assert without.status_code == (200 if may_be_silent else 400), path
        assert await log.rows(KEPT) == [(after,)], path
    return empty
