"""What holds at every door of every service: who first, known questions only, words for people, nothing of what was typed."""

import re
from collections.abc import Collection, Iterator
from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.topics import SERVICES
from shared.http.callers import api_routes, callers_of
from tests.conftest import NewApi
from tests.support.api import Api

BILINGUAL = re.compile(r"^.*[一-鿿].* / .*[A-Za-z].*$", re.DOTALL)
ACCOUNT = {"intake": "ofd", "verification": "unl", "discipline": "dcm", "publicity": "ldr"}
LEAD = {"source": "M", "summary": "反映有人强收费用"}


OPEN = {
    "intake": {
        ("POST", "/intake/v1/reports/challenges"),
        ("POST", "/intake/v1/reports"),
        ("POST", "/intake/v1/reports/status"),
        ("POST", "/intake/v1/reports/messages"),
        ("POST", "/intake/v1/reports/messages/reading"),
        ("POST", "/intake/v1/reports/messages/files"),
        ("POST", "/intake/v1/reports/objections"),
        ("POST", "/intake/v1/reports/invitations/answer"),
        *(("POST", f"/intake/v1/reports/reward{step}") for step in ("", "/claim", "/voucher")),
        ("POST", "/intake/v1/receipts/verification"),
        ("GET", "/intake/v1/receipts/keys"),
        ("GET", "/intake/v1/call-back-draws"),
        ("OPTIONS", "/intake/v1/uploads"),
        ("POST", "/intake/v1/reports/attachments"),
        *((method, "/intake/v1/reports/attachments/{upload_id}") for method in ("HEAD", "PATCH", "DELETE")),
    }
}
"""The doors that ask for no login, on purpose."""


def doors(api: Api, *, but: Collection[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """Method and address of every route except some; what is in braces is an id of nothing."""
    return [
        (method, re.sub(r"\{\w+\}", str(uuid4()), route.path or ""))
        for route in api_routes(api.app)
        for method in route.methods or ()
        if (method, route.path) not in but
    ]


@pytest.mark.parametrize("service", SERVICES)
async def test_the_doors_without_login_are_those_that_are_meant(new_api: NewApi, service: str) -> None:
    api = await new_api(service)
    found = {
        (method, route.path)
        for route in api_routes(api.app)
        for method in route.methods or ()
        if callers_of(route.dependant).startswith("无需登录")
    }
    assert found == OPEN.get(service, set())


@pytest.mark.parametrize("service", SERVICES)
async def test_a_stranger_is_turned_away_before_the_database_is_asked(
    new_api: NewApi, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = await new_api(service)

    def taken(**_: Any) -> Any:
        raise AssertionError("a connection was taken for a stranger")

    monkeypatch.setattr(api.app.state.database, "transaction", taken)
    for method, path in doors(api, but=OPEN.get(service, set())):
        for headers in ({}, {"Authorization": "Bearer x"}):
            answer = await api.client.request(method, path, headers=headers)
            assert answer.status_code == 401, (method, path)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_question_that_no_door_knows_is_refused_without_repeating_it(new_api: NewApi, service: str) -> None:
    api = await new_api(service)
    asked = 0
    for method, path in doors(api):
        answer = await api.client.request(method, path, params={"张三": "1"}, headers=api.as_(ACCOUNT[service]))
        if answer.status_code == 403:
            continue
        asked += 1
        if method == "HEAD":  # an answer without a body
            assert answer.status_code == 422, path
            continue
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query"), (method, path)
        assert "张三" not in answer.text
    assert asked >= 2


def _told(part: Any) -> Iterator[str]:
    """What the page shows in words, at whatever depth."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name in ("description", "summary", "tags") and isinstance(value, str | list):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from _told(value)
    elif isinstance(part, list):
        for each in part:
            yield from _told(each)


@pytest.mark.parametrize("service", SERVICES)
async def test_the_api_page_says_what_a_door_does_and_who_may_call_it(new_api: NewApi, service: str) -> None:
    api = await new_api(service)
    document = (await api.client.get(f"/{service}/v1/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == len(doors(api))
    for operation in operations:
        assert re.match(r"^[一-鿿 /()、,\uff0c]+ / [A-Z]", operation["summary"]), operation["summary"]
        assert re.search("可调用的角色 / may be called by: |无需登录 / without signing in", operation["description"])
        keys = [found for found in operation.get("parameters", ()) if found["name"] == "Idempotency-Key"]
        assert all(key["required"] for key in keys)
    # Chinese first, to the last field; each refusal in one form
    assert (
        sorted({text for text in _told(document) if not re.match(r"^[^a-zA-Z一-鿿]*(\w+[\W\d]*)?[一-鿿]", text)}) == []
    )
    problem = document["components"]["schemas"]["Problem"]
    assert sorted(problem["required"]) == sorted(problem["properties"]), "all of them stand in each refusal"
    contents = [
        response["content"]
        for path in document["paths"].values()
        for operation in path.values()
        for status, response in operation["responses"].items()
        if status >= "400"
    ]
    form = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert all(content == form for content in contents)


@pytest.mark.parametrize("service", ["intake", "verification", "discipline"])
async def test_no_body_may_hold_a_field_that_nobody_knows(new_api: NewApi, service: str) -> None:
    document = (await new_api(service)).app.openapi()
    bodies = [
        content["schema"]
        for path in document["paths"].values()
        for operation in path.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    ]
    assert bodies
    found = document["components"]["schemas"]
    each = [body.get("items", body) for body in bodies]
    whole = [found[body["$ref"].rsplit("/", 1)[1]] if "$ref" in body else body for body in each]
    assert [body["title"] for body in whole if body.get("additionalProperties") is not False] == []


@pytest.mark.parametrize(
    ("service", "schema", "words"),
    [
        ("intake", "Source", "S 上级转办"),
        ("intake", "Status", "received 已登记 / registered"),
        ("verification", "Conclusion", "C3 查否 / refuted"),
        ("verification", "Status", "accepted 核查中 / being verified"),
        ("discipline", "Outcome", "unfounded 反映不实 / unfounded"),
    ],
)
async def test_codes_are_explained_on_the_api_page(new_api: NewApi, service: str, schema: str, words: str) -> None:
    api = await new_api(service)
    schemas = api.app.openapi()["components"]["schemas"]
    assert any(words in found["description"] for name, found in schemas.items() if name.endswith(schema))


@pytest.mark.parametrize(
    "change",
    [
        {"source": None},
        {"source": "X"},
        {"summary": ""},
        {"summary": 7},
        {"summary": "x" * 4001},
        {"area_codes": ["moon"]},
        {"area_codes": "market"},
        {"area_codes": ["market"] * 21},
        {"manifestation_codes": ["12"]},
        {"street": "<b>"},
        {"received_on": 0},
        {"received_on": "20180601"},
        {"received_on": "0001-01-01"},
        {"received_on": "0900-01-01"},
        {"received_on": "1000-01-01"},
        {"received_on": "2018-02-30"},
        {"received_on": "2099-01-01"},
        {"upstream_deadline": "9999-12-31"},
        {"reporter": "x"},
        {"reporter": {}},
        {"religion": "x"},
        {"summary": "【机密】某人"},
        {"source": "S"},
    ],
)
async def test_every_reason_is_told_in_chinese_first_and_by_field(new_api: NewApi, change: dict[str, Any]) -> None:
    api = await new_api("intake")
    answer = await api.post("/intake/v1/leads", LEAD | change, by="icl", key="k")
    body = answer.json()
    assert answer.status_code == 422
    assert [text for text in (body["title"], body["detail"]) if not BILINGUAL.match(text)] == []
    assert [error for error in body["errors"] if not BILINGUAL.match(error["reason"])] == []
    assert "datetime" not in answer.text
    [field] = {error["field"].split(".")[0] for error in body["errors"]} - {"issuing_level"}
    assert field in {next(iter(change)), "body", "upstream_no"}


async def test_every_refusal_is_told_in_chinese_first(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead, page = "/intake/v1/leads", {"Authorization": "Bearer x"}
    answers = [
        await api.client.get(lead),
        await api.client.get(lead, headers=page),
        await api.get(lead, by="dcm"),
        await api.get(f"{lead}/{uuid4()}", by="ofd"),
        await api.get(f"{lead}/x", by="ofd"),
        await api.get(f"{lead}?after=x", by="ofd"),
        await api.get(f"{lead}?limit=0", by="ofd"),
        await api.get(f"{lead}?limit=x", by="ofd"),
        await api.get("/intake/v1/nothing", by="ofd"),
        await api.client.put(lead, headers=api.as_("icl")),
        await api.post(lead, LEAD, by="icl"),
        await api.post(lead, LEAD, by="icl", key="k", **{"X-Local-Clock": "x"}),
        await api.client.post(lead, content=b"{", headers=api.as_("icl", **{"Content-Type": "application/json"})),
    ]
    assert [answer.status_code for answer in answers] == [
        401,
        401,
        403,
        404,
        422,
        422,
        422,
        422,
        404,
        405,
        400,
        400,
        400,
    ]
    for answer in answers:
        told = [answer.json()["detail"], *(error["reason"] for error in answer.json()["errors"])]
        assert [text for text in told if not BILINGUAL.match(text)] == []


@pytest.mark.rule("G1")
@pytest.mark.parametrize("key", ["张三13800138000", "x" * 100_000])
async def test_an_answer_never_repeats_what_was_typed_as_a_name_of_a_field(new_api: NewApi, key: str) -> None:
    api = await new_api("intake")
    for body, field in ((LEAD | {"reporter": {"name": "甲", key: 1}}, "reporter"), (LEAD | {key: 1}, "body")):
        answer = await api.post("/intake/v1/leads", body, by="icl", key="k")
        assert answer.json()["errors"] == [{"field": field, "reason": "未知字段 / unknown field"}]
        assert key[:50] not in answer.text
    lists = {"version": "v2", "from_on": "2030-01-01", "reason": "增加代码", "lists": {key: "x"}}
    answer = await api.post("/intake/v1/codes/versions", lists, by="ofd", key="k")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["lists"]
    assert key[:50] not in answer.text


async def test_a_field_that_nobody_knows_is_named_where_a_program_misspelt_it(new_api: NewApi) -> None:
    api = await new_api("intake")
    body = LEAD | {"sumary": "x", "areaCodes": [], "reporter": {"name": "甲", "phone_no2": "1", "13800138000": 1}}
    answer = await api.post("/intake/v1/leads", body, by="icl", key="k")
    assert [(error["field"], error["reason"]) for error in answer.json()["errors"]] == [
        (field, "未知字段 / unknown field") for field in ("reporter.phone_no2", "reporter", "sumary", "areaCodes")
    ]
    answer = await api.get("/intake/v1/leads?staus=received&张三=1&a1234=1", by="icl")
    assert [error["field"] for error in answer.json()["errors"]] == ["staus", "query"]
    assert "张三" not in answer.text
    # never to whoever reports: who knows what was typed there
    for answer in (
        await api.client.post("/intake/v1/reports/status", json={"query_code": "x", "ZhangSan": 1}),
        await api.client.post("/intake/v1/reports/challenges?ZhangSan=1"),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["field"]) in {(422, "body"), (422, "query")}
        assert "ZhangSan" not in answer.text


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "Multipart/Form-Data; boundary=b", "text/plain", ""]
)
async def test_a_form_of_another_kind_is_refused_by_field(new_api: NewApi, kind: str) -> None:
    api = await new_api("intake")
    content = b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nx\r\n--b--\r\n'
    headers = api.as_("icl", **{"Idempotency-Key": "k", "Content-Type": kind})
    answer = await api.client.post("/intake/v1/ledgers", content=content, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "file")


@pytest.mark.parametrize(
    ("charset", "name"), [("undefined", b"x"), ("punycode", b"x"), ("utf-7", b"+2AA-"), ("unicode_escape", rb"\ud800")]
)
async def test_a_form_in_a_charset_that_gives_no_text_is_malformed(new_api: NewApi, charset: str, name: bytes) -> None:
    api = await new_api("intake")
    content = b'--b\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\nx\r\n--b--\r\n'
    kind = f"multipart/form-data; boundary=b; charset={charset}"
    for path in ("/intake/v1/leads", "/intake/v1/ledgers"):
        headers = api.as_("icl", **{"Idempotency-Key": "k", "Content-Type": kind})
        answer = await api.client.post(path, content=content, headers=headers)
        assert answer.status_code in {400, 422}, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_form_with_capitals_in_its_kind_is_taken(new_api: NewApi) -> None:
    api = await new_api("intake")
    part = 'Content-Disposition: form-data; name="file"; filename="a.csv"'
    ledger = "上级编号,下发层级,下发日期,重点领域,线索摘要\nC1,市,2018-06-01,欺行霸市,反映有人强收费用\n"
    content = f"--b\r\n{part}\r\n\r\n{ledger}\r\n--b--\r\n".encode()
    headers = api.as_("icl", **{"Idempotency-Key": "k", "Content-Type": "Multipart/Form-Data; boundary=b"})
    answer = await api.client.post("/intake/v1/ledgers", content=content, headers=headers)
    assert (answer.status_code, answer.json()["taken"]) == (200, 1), answer.text
