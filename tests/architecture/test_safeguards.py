"""Safeguards that are about what is *not* there: no quotas, no scores, no traits, no typed-in totals (G17, G18, A5, G6)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.check import ROOT
from shared.contracts.catalogue import EVENT_CLASSES
from shared.contracts.topics import SERVICES
from shared.http.callers import api_routes
from tests.conftest import NewApi
from tests.support.api import Api

QUOTAS = re.compile(r"(^|_)(targets?|quotas?|rank(ing)?s?|rates?|goals?|league|kpi)(_|$)|指标|排名|任务数")
SCORES = re.compile(
    r"(^|_)(scores?|points|risk|credit|coefficient|religion|ethnic(ity)?|nationality|petition(s|er)?|face|biometrics?|gps|latitude"
    r"|longitude|location|track(ing)?|watch_?list|black_?list|heat_?map)(_|$)|评分|积分|民族|宗教|信访|人脸|轨迹"
)
TRACES = re.compile(
    r"(^|_)(ip|ip_address|remote_addr|user_agent|openid|open_id|device|device_id|imei|fingerprint_js|referer|cookie)(_|$)"
)
FUSION = re.compile(
    r"opencv|dlib|face|torch|tensorflow|scikit|sklearn|xgboost|geopy|geopandas|shapely|mediapipe", re.IGNORECASE
)


def names_in(part: Any) -> Iterator[str]:
    """Names of properties and parameters anywhere in a schema or an OpenAPI document."""
    if isinstance(part, dict):
        yield from part.get("properties", {}) if isinstance(part.get("properties"), dict) else ()
        if "in" in part and isinstance(part.get("name"), str):
            yield part["name"]
        for value in part.values():
            yield from names_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from names_in(value)


async def names(api: Api) -> set[str]:
    """Everything that has a name: columns, tables, properties, parameters, routes, settings, event fields."""
    columns = await api.rows(
        "select table_name, column_name from information_schema.columns where table_schema in ('public', 'vault')"
    )
    found = {name for row in columns for name in row}
    found |= set(names_in(api.app.openapi()))
    found |= {word for route in api_routes(api.app) for word in re.split(r"[/{}-]", route.path or "")}
    found |= {field for event in EVENT_CLASSES for field in event.model_fields}
    return found


@pytest.mark.rule("G17", "G18", "G6")
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "banned", [QUOTAS, SCORES, TRACES], ids=["quotas", "scores and traits", "traces of a reporter"]
)
async def test_nothing_has_such_a_name(new_api: NewApi, service: str, banned: re.Pattern[str]) -> None:
    found = await names(await new_api(service))
    assert {"lead_id", "outbox", "v1"} <= found, "the search must see columns, tables and routes"
    assert sorted(name for name in found if banned.search(name)) == []


@pytest.mark.parametrize(
    ("banned", "name"),
    [
        (QUOTAS, "conviction_rate"),
        (QUOTAS, "monthly_target"),
        (SCORES, "risk_score"),
        (SCORES, "religion"),
        (TRACES, "openid"),
    ],
)
def test_the_search_would_find_one(banned: re.Pattern[str], name: str) -> None:
    assert banned.search(name)


@pytest.mark.rule("G18")
def test_nothing_that_fuses_or_recognises_is_installed() -> None:
    pins = [
        line.split("==")[0] for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines() if "==" in line
    ]
    assert len(pins) > 20
    assert [pin for pin in pins if FUSION.search(pin)] == []


@pytest.mark.rule("A5")
async def test_no_route_of_publicity_takes_a_number_and_no_table_holds_a_total(new_api: NewApi) -> None:
    api = await new_api("publicity")
    methods = {method for route in api_routes(api.app) for method in route.methods or ()}
    assert methods <= {"GET", "HEAD"}
    for route in api_routes(api.app):
        path = (route.path or "").replace("{code}", "N07")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for account in ("ldr", "ofd", "edt", "pr1"):
                answer = await api.client.request(method, path, headers=api.as_(account), json={"value": 99})
                assert answer.status_code == 405, (method, path, account)
    tables = await api.rows("select tablename from pg_tables where schemaname = 'public' and tablename !~ '^outbox_p'")
    engine = {
        *("outbox", "outbox_sequences", "outbox_sealed", "relay", "relay_offsets", "relay_logs"),
        *("inbox", "inbox_logs", "held", "parked"),
        *("audit_chain", "audit_sealer", "audit_checkpoints", "audit_witnesses"),
        *("database_identity", "audit_log", "idempotency_keys", "alembic_version", "staff_accounts", "read_alerts"),
    }
    # dated rows all of them: what happened, and who was where from when to when
    assert {table for (table,) in tables} - engine == {"facts", "units", "staff", "placements"}
