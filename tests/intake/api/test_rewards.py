"""Rewards through their doors: two decide, the code claims without a name, another office pays once; the clock lets lapse."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from services.intake.clock import timers
from shared.contracts import verification as said
from shared.contracts.topics import TOPICS
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import do, hear, on
from tests.intake.api.test_merges import merge
from tests.support.api import Api
from tests.support.reporting import COUNTER, REPORT, REPORTS, report, work
from tests.support.searching import everything, found_in
from tests.support.subjects import SUBJECTS

ALL = ["suspect", "known-facts", "official-duty", "special-duty"]
ORDER: dict[str, Any] = {"amount_yuan": 5000, "reason": "线索查证属实", "none_of": ALL}
DAY = "2018-10-08"
LAST, OVER = "2018-11-07T23:59:59+08:00", "2018-11-08T00:00:00+08:00"
SIGNED: dict[str, Any] = {"unit": "GA", "verifier_count": 2, "plan_on_file": True, "recusals_on_file": True}
PLAIN = {"naming": "anonymous", "reporter": None, "umbrella": None}


def clock(instant: str) -> dict[str, str]:
    return {"X-Local-Clock": instant}


async def filed(api: Api, body: dict[str, Any] = REPORT | PLAIN) -> tuple[str, UUID]:
    """A report; → its code and its lead."""
    before = {row[0] for row in await api.rows("select id from leads")}
    slip = (await report(api.client, body, proof=await work(api.client, **on("2018-06-01")), **on("2018-06-01"))).json()
    [new] = {row[0] for row in await api.rows("select id from leads")} - before
    return slip["query_code"], new


async def verified(api: Api, lead: UUID, code: str = "C1") -> None:
    """It was found true, and the reporter was told."""
    await classify(api, lead)
    await assign(api, lead)
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    await hear(api, lead, said.WorkConcluded, conclusion=code, day="2018-06-20")
    told = {"channel": "visit", "on": "2018-06-21", "reached": True, "text": "已核查完毕并告知结论"}
    assert (await do(api, lead, "feedback-tries", told, day="2018-06-21")).status_code == 204
    assert (await do(api, lead, "feedback", {}, day="2018-06-21")).json()["status"] == "fed_back"


async def propose(api: Api, lead: UUID, *, by: str = "ofd", **changes: Any) -> httpx.Response:
    return await api.post(f"/intake/v1/leads/{lead}/rewards", ORDER | changes, by=by, key=uuid4().hex, **on(DAY))


async def decide(api: Api, reward: str, *, by: str, approve: bool = True, **more: Any) -> httpx.Response:
    return await api.post(f"/intake/v1/rewards/{reward}/decision", {"approve": approve, **more}, by=by, **on(DAY))


async def notified(api: Api, lead: UUID) -> str:
    reward = str((await propose(api, lead)).json()["id"])
    for by in ("qrv", "ldr"):
        assert (await decide(api, reward, by=by)).status_code == 200
    told = await api.post(f"/intake/v1/rewards/{reward}/notice", None, by="ana", **on(DAY))
    assert (told.status_code, told.json()["state"], told.json()["claim_by"]) == (200, "notified", "2018-11-07")
    return reward


async def ready(api: Api) -> tuple[str, str]:
    """One that can be claimed; → the code and the reward."""
    code, lead = await filed(api)
    await verified(api, lead)
    return code, await notified(api, lead)


async def ask(api: Api, instant: str = LAST, **code: str) -> httpx.Response:
    return await api.client.post(f"{REPORTS}/reward", json=code, headers=clock(instant))


async def claim(
    api: Api, *, door: str = "claim", instant: str = LAST, key: str | None = None, proof: str | None = None, **code: str
) -> httpx.Response:
    headers = clock(instant)
    headers |= {"Idempotency-Key": key or uuid4().hex, "Proof-Of-Work": proof or await work(api.client, **headers)}
    return await api.client.post(f"{REPORTS}/reward/{door}", json=code, headers=headers)


async def pay(api: Api, voucher: str, *, by: str = "pay", key: str | None = None) -> httpx.Response:
    body = {"voucher": voucher, "receipt_no": "MZ-2018-1"}
    return await api.post("/intake/v1/reward-vouchers/payment", body, by=by, key=key or uuid4().hex, **clock(LAST))


async def verify(api: Api, voucher: str, *, by: str = "pay") -> httpx.Response:
    return await api.post("/intake/v1/reward-vouchers/verification", {"voucher": voucher}, by=by)


async def tick(api: Api, instant: str) -> None:
    """The clock's own look, as the worker does it."""
    async with api.app.state.database.transaction() as tx:
        await timers(b"k" * 32, SUBJECTS)["rewards.lapse"].run(tx, datetime.fromisoformat(instant).astimezone(UTC))


@pytest.mark.rule("D28", "G7", "G10")
async def test_from_the_proposal_to_the_payment_without_a_name(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    code, lead = await filed(api)
    assert (await propose(api, lead)).status_code == 409, "not verified yet"
    await verified(api, lead)
    for by in ("icl", "qrv", "unl", "pay"):
        assert (await propose(api, lead, by=by)).status_code == 403
    for change, field in (({"amount_yuan": 999}, "amount_yuan"), ({"none_of": ALL[1:]}, "none_of")):
        wrong = await propose(api, lead, **change)
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, field)
    assert (await propose(api, lead, amount_yuan=1000.5)).status_code == 422
    assert (await propose(api, lead, reason="【机密】材料")).status_code == 422
    reward = (await propose(api, lead)).json()["id"]
    assert (await propose(api, lead)).status_code == 409, "one for one report"
    assert (await claim(api, query_code=code)).status_code == 409
    assert (await ask(api, query_code=code)).json() == {"reward": None}, "nothing is told before it is approved"
    for by, state in (("ofd", 403), ("ldr", 403), ("pay", 403), ("qrv", 200), ("qrv", 403), ("sup", 403), ("ldr", 200)):
        assert (await decide(api, reward, by=by)).status_code == state, by
    assert (await decide(api, reward, by="ldr")).status_code == 409
    assert (await api.post(f"/intake/v1/rewards/{reward}/notice", None, by="qrv")).status_code == 403
    assert (await api.post(f"/intake/v1/rewards/{reward}/notice", None, by="ana", **on(DAY))).status_code == 200
    assert (await decide(api, reward, by="ldr", approve=False, reason="不再给予奖励")).status_code == 409
    read = await api.client.post(f"{REPORTS}/messages/reading", json={"query_code": code})
    assert ["5000元" in m["text"] and "2018-11-07" in m["text"] for m in read.json()["items"]] == [True]
    assert (await ask(api, query_code=code)).json()["reward"]["state"] == "notified"

    key, proof = uuid4().hex, await work(api.client, **clock(LAST))
    twice = [await claim(api, query_code=code, key=key, proof=proof) for _ in range(2)]
    assert [one.status_code for one in twice] == [201, 201]
    assert twice[0].json() == twice[1].json()
    voucher = twice[0].json()["voucher"]
    assert (await claim(api, query_code=code)).status_code == 409
    renewed = (await claim(api, door="voucher", query_code=code)).json()["voucher"]
    assert (await verify(api, voucher)).status_code == 404, "the lost one is void"
    for by in ("ofd", "ldr", "unl", "rvk"):
        assert (await verify(api, renewed, by=by)).status_code == 403
        assert (await pay(api, renewed, by=by)).status_code == 403
    good = (await verify(api, renewed.lower().replace("-", " "))).json()
    assert good == {"state": "claimed", "amount_yuan": 5000, "paid_on": None}, "never for what"
    paid = await pay(api, renewed)
    assert (paid.status_code, paid.json()) == (201, {"state": "paid", "amount_yuan": 5000, "paid_on": "2018-11-07"})
    assert (await pay(api, renewed)).status_code == 409
    assert (await ask(api, query_code=code)).json()["reward"]["paid_on"] == "2018-11-07"
    shown = (await api.get(f"/intake/v1/rewards?lead_id={lead}", by="ofd")).json()["items"]
    assert [(one["state"], "claimed_on" in one, "reason" in one) for one in shown] == [("paid", False, False)]
    whole = (await api.get(f"/intake/v1/rewards/{reward}", by="ldr")).json()
    assert (whole["rule_version"], whole["none_of"]) == ("reward-1", sorted(ALL))
    assert (await api.client.get(f"/intake/v1/rewards/{reward}", headers=api.as_("ldr"))).status_code == 400

    kept = {"tables": await everything(api.copy.admin_url)}
    assert found_in(kept, [voucher, renewed, renewed.replace("-", ""), code, code.replace("-", "")]) == []
    assert "5000" not in str(await api.rows("select detail, subject from audit_log where action like 'reward.%'"))
    actors = await api.rows("select action, actor from audit_log where action like 'reward.%'")
    assert {actor for _, actor in actors} == {"ofd", "qrv", "ldr", "ana", "pay"}, "a claim leaves no hour and no row"
    outside = await api.rows("select topic from outbox where type like '%reward%' or id::text = $1", reward)
    assert [TOPICS[topic].readers for (topic,) in outside] == [()], "no other service hears of it"


@pytest.mark.rule("G4", "G10")
async def test_whoever_has_an_interest_stays_away_and_the_amount_never_changes(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    _, lead = await filed(api)
    await verified(api, lead)
    reward = str((await propose(api, lead)).json()["id"])
    await api.rows(
        "insert into directory_staff (staff, region_code, name, account, home_unit, from_on, version) "
        "select 'ZF-' || a, '999999', '虚构人员', a, 'ZF', '2018-01-01', 1 from unnest(array['qrv', 'sup']) a"
    )
    await api.rows(
        "insert into interests (id, lead_id, staff, ground, declared, decider, reason, stated_by, stated_at, status) "
        "values (gen_random_uuid(), $1, 'ZF-qrv', 'other', true, 'ofd', '认识被举报人', 'qrv', now(), 'open')",
        lead,
    )
    await api.rows(
        "insert into lead_subjects (lead_id, version, subjects, reason, stated_by, stated_at) "
        "values ($1, 1, '[{\"unit\": null, \"staff\": \"ZF-sup\"}]', 'x', 'ofd', now())",
        lead,
    )
    for by in ("qrv", "sup"):
        assert (await decide(api, reward, by=by)).json()["detail"].startswith("该线索由他人")
    await api.rows(
        "update interests set status = 'dismissed', decided_by = 'x', decided_at = now(), decision_reason = 'x'"
    )
    # whom another report of the matter is about counts as well
    repeat, rest = await register(api, upstream_no="C9"), "stated_by, stated_at) values ($1, 1, $2, 'x', 'ofd', now())"
    await api.rows("update leads set merged_into = $1 where id = $2", lead, repeat)
    said = "insert into lead_subjects (lead_id, version, subjects, reason, "
    await api.rows(said + rest, repeat, '[{"unit": "ZF", "staff": null}]')
    assert (await decide(api, reward, by="qrv")).status_code == 403
    await api.rows("update leads set merged_into = null where id = $1", repeat)
    assert (await decide(api, reward, by="qrv")).status_code == 200
    for statement in ("update rewards set amount_yuan = 6000", "delete from rewards"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with api.app.state.database.transaction() as tx:
                await tx.exec_driver_sql(statement)


@pytest.mark.rule("D28")
async def test_the_last_day_counts_whole_in_china_and_the_clock_lets_lapse_once(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    (one, first), (two, second) = await ready(api), await ready(api)
    # told a day that a later holiday notice has made a day off: it moves, and does not lapse
    await api.rows("update rewards set claim_by = '2018-11-06' where id::text = $1", first)
    await tick(api, LAST)
    assert await api.rows("select distinct state, claim_by::text from rewards") == [("notified", "2018-11-07")]
    assert (await claim(api, query_code=one, instant=OVER)).status_code == 409, (
        "over, though the clock did not look yet"
    )
    assert (await claim(api, query_code=one, instant=LAST)).status_code == 201
    # down for days: it looks once more, and then again
    for instant in ("2018-11-11T09:00:00+08:00", "2018-11-11T09:01:00+08:00"):
        await tick(api, instant)
    states = dict(await api.rows("select id::text, state from rewards"))
    assert states == {first: "claimed", second: "lapsed"}
    lapsed = await api.rows("select subject, actor from audit_log where action = 'reward.lapse'")
    assert len(lapsed) == 1
    assert (await claim(api, query_code=two, instant=LAST)).status_code == 409
    assert (await ask(api, query_code=two)).json()["reward"]["state"] == "lapsed"
    [(lead,)] = await api.rows("select lead_id from rewards where id::text = $1", second)
    assert (await propose(api, lead)).status_code == 409, "what lapsed is not proposed again"


async def test_claims_and_payments_at_once_happen_once(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    code, _ = await ready(api)
    claims = await asyncio.gather(*(claim(api, query_code=code) for _ in range(5)))
    assert sorted(one.status_code for one in claims) == [201] + [409] * 4
    [voucher] = [one.json()["voucher"] for one in claims if one.status_code == 201]
    key = uuid4().hex
    keys = [key, key, uuid4().hex, uuid4().hex]
    payments = await asyncio.gather(*(pay(api, voucher, key=each) for each in keys))
    assert {one.status_code for one in payments} == {201, 409}
    assert len([one for one in payments if one.status_code == 201 and "Idempotency-Replayed" not in one.headers]) == 1
    assert await api.rows("select count(*) from audit_log where action = 'reward.pay'") == [(1,)]
    assert (await claim(api, door="voucher", query_code=code)).status_code == 409, "no voucher for what was paid"


async def test_a_wrong_code_and_a_wrong_voucher_are_told_apart_from_nothing(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    body = REPORT | PLAIN | {"channel": "visit", "own_code": "青山-绿水77"}
    read = (await api.post(f"{COUNTER}/read-back", body, by="icl")).json()
    slip = (
        await api.post(
            COUNTER, body | {"confirmation": read["confirmation"], "confirmed": "by-word"}, by="icl", key=uuid4().hex
        )
    ).json()
    [(lead,)] = await api.rows("select id from leads")
    await verified(api, lead)
    await notified(api, lead)
    own = {"lead_no": slip["lead_no"], "own_code": "青山-绿水77"}
    wrong = [
        await ask(api, query_code="0" * 28),
        await claim(api, query_code="0" * 28),
        await claim(api, door="voucher", query_code="0" * 28),
        await claim(api, **own | {"own_code": "青山-绿水78"}),
        await claim(api, **own | {"lead_no": "999999-M20180601-000009"}),
    ]
    assert {(one.status_code, one.json()["detail"]) for one in wrong} == {
        (404, "没有此查询码对应的举报 / there is no report for this code")
    }
    voucher = (await claim(api, **own)).json()["voucher"]
    assert (await verify(api, "0" * 28)).status_code == 404
    assert (await pay(api, "0" * 28)).status_code == 404
    assert (await verify(api, voucher[:-1] + ("0" if voucher[-1] != "0" else "2"))).status_code == 422
    assert (await verify(api, voucher)).status_code == 200
    other = await api.post(
        "/intake/v1/leads", {"source": "M", "summary": "反映有人强收费用"}, by="icl", key=uuid4().hex
    )
    nobody = await propose(api, UUID(other.json()["id"]))
    assert nobody.status_code == 409
    assert (await propose(api, uuid4())).status_code == 404
    assert (await decide(api, str(uuid4()), by="qrv")).status_code == 404


async def test_who_reported_first_is_rewarded_and_a_later_one_for_new_facts_only(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    (_, first), (late, second) = await filed(api), await filed(api)
    await merge(api, second, first)
    await verified(api, first)
    unfounded = (await propose(api, second)).json()
    assert unfounded["errors"][0]["field"] == "new_facts"
    assert (await propose(api, first, new_facts="补充了新的录音")).status_code == 422
    for lead, more in ((first, {}), (second, {"new_facts": "补充了新的录音"})):
        assert (await propose(api, lead, **more)).status_code == 201
    [reward] = [row[0] for row in await api.rows("select id::text from rewards where lead_id = $1", second)]
    assert (await decide(api, reward, by="qrv", approve=False)).status_code == 422, "why?"
    gone = await decide(api, reward, by="qrv", approve=False, reason="新情况未起作用")
    assert gone.json()["state"] == "refused"
    again = (await propose(api, second, new_facts="补充了新的录音")).json()["id"]
    # the matter is looked at again: nothing is promised meanwhile
    for by in ("sup", "ldr"):
        assert (await decide(api, again, by=by)).status_code == 200
    await api.rows("update leads set status = 'verifying' where id = $1", first)
    assert (await api.post(f"/intake/v1/rewards/{again}/notice", None, by="ofd", **on(DAY))).status_code == 409
    assert (await ask(api, query_code=late)).json() == {"reward": None}
