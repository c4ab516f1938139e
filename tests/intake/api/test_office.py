"""What the office chooses and may see: known units, codes that stay, grounds and reasons for those they are for."""

import re
from uuid import uuid4

import pytest

from tests.conftest import NewApi
from tests.intake.api.test_leads import ON, SUPERIOR, assign, classify, register

LEADS = "/intake/v1/leads"


@pytest.mark.rule("M13")
async def test_a_lead_goes_to_a_unit_of_the_list_only(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    await classify(api, lead)
    for unknown in ("NOUNIT", "ga", "", "SB", "JW"):
        order = {"unit": unknown}
        answer = await api.post(f"{LEADS}/{lead}/assignment", order, by="ofd", **{"X-Local-Clock": ON})
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["field"]) == (422, "unit"), unknown
    assert (await api.get(f"{LEADS}/{lead}", by="ofd")).json()["status"] == "classified"
    assert (await assign(api, lead)).json()["unit"] == "GA"


async def test_the_code_lists_name_every_status_of_a_lead_in_both_languages(new_api: NewApi) -> None:
    api = await new_api("intake")
    lists = (await api.get("/intake/v1/codes", by="icl")).json()["lists"]
    assert [status["code"] for status in lists["status"]] == [
        *("received", "not_accepted", "classified", "redirected", "assigned", "disputed", "verifying", "taskforce"),
        *(
            "in_signoff",
            "in_review",
            "concluded",
            "parked",
            "transferred",
            "fed_back",
            "closed",
            "reopened",
            "sealed",
            "expunged",
        ),
        *("suspended", "merged"),
    ]
    words = [entry for entries in lists.values() for entry in entries]
    assert [entry for entry in words if not re.search("[一-鿿]", entry["zh"]) or not entry["en"]] == []


async def test_manifestations_stay_when_they_are_left_out_and_go_when_there_are_none(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, manifestation_codes=["06", "08"])
    assert (await classify(api, lead)).json()["manifestation_codes"] == ["06", "08"]
    told = "select convert_from(value, 'UTF8')::json #>> '{manifestation_codes}' from outbox where type like '%classified%'"
    assert await api.rows(told) == [('["06","08"]',)]
    assert (await classify(api, lead, manifestation_codes=["07"])).json()["manifestation_codes"] == ["07"]
    assert (await classify(api, lead, level="key")).json()["manifestation_codes"] == ["07"]
    assert (await classify(api, lead, manifestation_codes=[])).json()["manifestation_codes"] == []


@pytest.mark.rule("M17")
async def test_the_director_alone_sees_grounds_and_finds_the_dual_assignment_of_a_lead(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead, other = await register(api), await register(api, upstream_no="C2")
    for one in (lead, other):
        await classify(api, one)
        await assign(api, one, "umbrella")
    for account, seen in (("ofd", ["umbrella"]), ("ana", None), ("sup", None)):
        assert (await api.get(f"{LEADS}/{lead}", by=account)).json()["discipline_grounds"] == seen
    assert "umbrella" not in (await api.get(LEADS, by="ofd")).text
    duals = (await api.get(f"/intake/v1/dual-assignments?lead_id={lead}", by="ofd")).json()["items"]
    assert [dual["lead_id"] for dual in duals] == [str(lead)]
    assert (await api.get(f"/intake/v1/dual-assignments?lead_id={uuid4()}", by="ofd")).json()["items"] == []


async def test_a_reason_is_shown_to_those_who_judge_and_supervise_only(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api)
    reason = "核查中发现某人为其撑腰"
    order = {"discipline_grounds": ["umbrella"], "reason": reason}
    assert (await api.post(f"{LEADS}/{lead}/discipline-grounds", order, by="ofd")).status_code == 200
    for account in ("ana", "ofd", "sup"):
        assert reason in (await api.get(f"{LEADS}/{lead}/history", by=account)).text
    for account in ("icl", "ldr"):
        lines = (await api.get(f"{LEADS}/{lead}/history", by=account)).json()
        assert [(line["action"], line["reason"]) for line in lines] == [("register", None), ("add-grounds", None)]


async def test_a_number_that_is_registered_is_called_that(new_api: NewApi) -> None:
    api = await new_api("intake")
    await register(api)
    answer = await api.post(LEADS, SUPERIOR, by="icl", key="again")
    assert (answer.status_code, answer.json()["code"]) == (409, "registered")
    assert answer.json()["title"] == "已登记 / Registered already"
    assert answer.json()["errors"][0]["field"] == "upstream_no"


async def test_an_action_that_does_not_fit_names_the_state_in_chinese_first(new_api: NewApi) -> None:
    api = await new_api("intake")
    answer = await assign(api, await register(api))
    assert (answer.status_code, answer.json()["code"]) == (409, "not-allowed")
    assert answer.json()["detail"] == (
        "不能交办:线索为“已登记”,应为“已分类”、“已重启” / cannot assign: the lead is registered, not classified or reopened"
    )


async def test_an_answer_given_again_is_the_same_bytes(new_api: NewApi) -> None:
    api = await new_api("intake")
    first, again = [await api.post(LEADS, SUPERIOR, by="icl", key="k") for _ in range(2)]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (first.status_code, first.content) == (again.status_code, again.content)
