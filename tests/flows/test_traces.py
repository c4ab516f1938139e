"""What the operator sees of one lead across four services as processes: its trace, metrics, logs; and that nothing personal is there."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
from prometheus_client.parser import text_string_to_metric_families

from shared.contracts.topics import SERVICES
from shared.tracing_export import ALLOWED
from tests.support.collector import Collector, Seen
from tests.support.running import Running, until

MARK = "标记QX7781"
REPORTER = {
    "name": f"{MARK}张三",
    "phone": "13900007781",
    "id_number": "99999919700101778X",
    "address": f"示例区{MARK}路1号",
    "note": f"{MARK}备注",
}
TYPED = (MARK, "QX7781", "13900007781", "99999919700101778X", "vendor-secret")


async def carried(running: Running, **headers: str) -> str:
    """A lead with marked facts and reporter: registered, classified, assigned with both legs; and a few requests that are refused."""
    order = {
        "source": "M",
        "summary": f"{MARK}反映有人强收费用",
        "allegations": [f"{MARK}一", f"{MARK}二"],
        "reporter": REPORTER,
    }
    async with running.client() as client:

        async def post(path: str, body: Any, account: str, **more: str) -> httpx.Response:
            return await client.post(
                f"/intake/v1/leads{path}", json=body, headers=running.as_(account, **headers, **more)
            )

        created = await post("", order, "icl", **{"Idempotency-Key": str(uuid4()), "User-Agent": MARK.encode().hex()})
        assert created.status_code == 201, created.text
        lead = created.json()["id"]
        chosen = {"tier": "evil", "level": "general", "area_codes": ["other"]}
        assert (await post(f"/{lead}/classification", chosen, "ana")).status_code == 200
        wrong = {"unit": MARK, "discipline_grounds": [MARK]}
        assert (await post(f"/{lead}/assignment", wrong, "ofd")).status_code == 422
        assert (await post(f"/{MARK}/assignment", wrong, "ofd")).status_code == 422
        assert (await client.get(f"/intake/v1/leads?upstream_no={MARK}", headers=running.as_("ofd"))).status_code == 200
        assert (await client.get(f"/intake/v1/{MARK}?q={MARK}")).status_code == 404
        assigned = await post(f"/{lead}/assignment", {"unit": "GA", "discipline_grounds": ["umbrella"]}, "ofd")
        assert assigned.status_code == 200, assigned.text
    await running.settled()
    return str(lead)


def trace_of(collector: Collector) -> list[Seen]:
    """The spans of the last assignment that went through."""
    route = "POST /intake/v1/leads/{lead_id}/assignment"
    good = [s for s in collector.spans() if s.name == route and s.attributes["http.response.status_code"] == "200"]
    return [span for span in collector.spans() if good and span.trace == good[-1].trace]


async def test_one_leads_trace_shows_all_four_services(traced: tuple[Running, Collector]) -> None:
    running, collector = traced
    lead = await carried(running)
    wanted = {
        ("xiansuo-intake", "POST /intake/v1/leads/{lead_id}/assignment"),
        ("xiansuo-intake", "transaction"),
        ("xiansuo-intake", "publish intake.leads"),
        ("xiansuo-intake", "publish intake.dual-assignments"),
        ("xiansuo-verification", "apply intake.leads"),
        ("xiansuo-verification", "apply intake.sealed-verification"),
        ("xiansuo-discipline", "apply intake.dual-assignments"),
        ("xiansuo-discipline", "publish discipline.legs"),
        ("xiansuo-publicity", "apply intake.leads"),
        ("xiansuo-publicity", "apply discipline.legs"),
    }

    async def whole() -> bool:
        return wanted <= {(span.service, span.name) for span in trace_of(collector)}

    with suppress(AssertionError):
        await until(whole, 30, "not yet")
    spans = trace_of(collector)
    assert wanted - {(span.service, span.name) for span in spans} == set(), f"{len(collector.spans())} spans came"
    ids = {span.id for span in spans}
    assert {span.service for span in spans} == {f"xiansuo-{service}" for service in SERVICES}
    [root] = [span for span in spans if span.parent not in ids]
    assert root.name == "POST /intake/v1/leads/{lead_id}/assignment"
    assert collector.paths == {"/v1/traces"}
    kept = await running.rows(
        "intake", "select type, traceparent from outbox where partition_key = $1 order by position", lead
    )
    parents = {kind.split(".")[3]: parent for kind, parent in kept}
    assert parents["received"] is None, "the trace of a registration would tell its hour"
    assert parents["assigned"][3:35] == root.trace


async def test_spans_hold_names_of_ours_only(traced: tuple[Running, Collector]) -> None:
    _, collector = traced
    assert collector.spans()
    assert {name for span in collector.spans() for name in span.attributes} <= ALLOWED


async def test_nothing_that_was_typed_is_in_a_span_a_metric_or_a_log_line(traced: tuple[Running, Collector]) -> None:
    running, collector = traced
    before = len(collector.bodies)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    lead = await carried(running, traceparent=parent, tracestate="vendor=vendor-secret", baggage="who=vendor-secret")

    async def arrived() -> bool:
        return any(span.trace == parent[3:35] for span in collector.spans()) and len(collector.bodies) > before + 2

    await until(arrived, 30, "no spans came")
    await asyncio.sleep(2)
    seen = {"spans": collector.text(), "metrics": "", "logs": ""}
    async with httpx.AsyncClient(trust_env=False) as client:
        for port in running.platform.ports.values():
            seen["metrics"] += (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    for child in running.platform.children.values():
        seen["logs"] += child.log.read_text("utf-8")
    assert all(len(text) > 1000 for text in seen.values())
    for where, text in seen.items():
        assert [mark for mark in TYPED if mark in text] == [], where
        if where != "logs":
            assert lead not in text, where
    [(sealed,)] = await running.rows("intake", "select count(*) from leads where id::text = $1 and named", lead)
    assert sealed == 1


async def shown(running: Running) -> dict[tuple[str, str], dict[str, float]]:
    """Each process's metrics, its labels behind the name."""
    found = {}
    async with httpx.AsyncClient(trust_env=False) as client:
        for process, port in running.platform.ports.items():
            answer = await client.get(f"http://127.0.0.1:{port}/metrics")
            assert answer.status_code == 200
            found[process] = {
                sample.name + "".join(f",{value}" for _, value in sorted(sample.labels.items())): sample.value
                for family in text_string_to_metric_families(answer.text)
                for sample in family.samples
            }
    return found


async def test_every_process_shows_its_metrics_and_the_one_origin_shows_none(traced: tuple[Running, Collector]) -> None:
    running, _ = traced
    await running.settled()
    found = await shown(running)

    async def looked_again() -> bool:
        nonlocal found
        found = await shown(running)
        return not any(process.get("xiansuo_inbox_lag_records,intake.leads", 0) for process in found.values())

    # a worker looks at its lag now and then only
    await until(looked_again, 30, "a lag stays")
    intake = found["intake", "api"]
    assert intake["xiansuo_leads_accepted_total,M"] >= 1
    assert intake["xiansuo_http_requests_total,POST,/leads/{lead_id}/assignment,200"] >= 1
    assert intake["xiansuo_http_requests_total,GET,none,404"] >= 1
    assert intake["xiansuo_pool_wait_seconds_count"] >= 1
    for service in SERVICES:
        workers = [found[service, f"worker {number}"] for number in (1, 2)]
        for metrics in (*workers, found[service, "api"]):
            assert metrics["xiansuo_outbox_lag_rows"] == metrics["xiansuo_held"] == metrics["xiansuo_parked"] == 0
            assert metrics["xiansuo_probe_up,database"] == 1
        assert sum(worker["xiansuo_relay_state,active"] for worker in workers) == 1
        assert all(worker["xiansuo_probe_up,kafka"] == 1 for worker in workers)
        lags = [worker.get("xiansuo_inbox_lag_records,intake.leads", 0) for worker in workers]
        assert lags == [0, 0]
    heard = [found["verification", f"worker {number}"] for number in (1, 2)]
    assert sum(worker.get("xiansuo_events_applied_total,intake.leads", 0) for worker in heard) >= 3
    async with running.client() as client:
        for path in (
            "/metrics",
            "/intake/metrics",
            "/intake/../metrics",
            "/intake/%2e%2e/metrics",
            "/intake/v1/metrics",
        ):
            # httpx would resolve the dots itself; a raw target is what a stranger would send
            url = client.base_url.copy_with(raw_path=path.encode())
            assert (await client.get(url)).status_code == 404, path
