"""A reporter without a code is told of a reward and paid by two keepers; what was paid is paid once, whatever a restore has lost."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.consumer import OWN
from shared.contracts.rewards import RewardPaid
from shared.inbox import Received
from tests.conftest import NewApi
from tests.intake.api.test_leads import register
from tests.intake.api.test_life import on
from tests.intake.api.test_rewards import DAY, claim, decide, pay, propose, ready, verified
from tests.support.api import Api
from tests.support.searching import everything

NAMED = {
    "source": "M",
    "issuing_level": None,
    "upstream_no": None,
    "reporter": {"name": "举报人丁", "phone": "13900000009"},
}
TOLD = {"how": "phone", "on": DAY}


async def approved(api: Api) -> tuple[UUID, str]:
    """One that two have approved, for a caller's lead; → the lead and the reward."""
    lead = await register(api, **NAMED)
    await verified(api, lead)
    reward = str((await propose(api, lead)).json()["id"])
    for by in ("qrv", "ldr"):
        assert (await decide(api, reward, by=by)).status_code == 200
    return lead, reward


async def opened(api: Api, lead: UUID, purpose: str = "reward", day: str = DAY) -> None:
    """As the vault writes when a second keeper grants it."""
    row = "insert into reporter_openings (opening_id, lead_id, opened_on, purpose) values ($1, $2, $3, $4)"
    await api.rows(row, uuid4(), lead, datetime.fromisoformat(day).date(), purpose)


async def do(
    api: Api, reward: str, door: str, body: Any, by: str, day: str = DAY, key: str | None = None
) -> httpx.Response:
    key = key or (uuid4().hex if door == "handing" else None)
    return await api.post(f"/intake/v1/rewards/{reward}/{door}", body, by=by, key=key, **on(day))


async def learn(api: Api, lead: UUID, reward: str) -> None:
    """A restored intake reads again what it said."""
    event = RewardPaid(lead_id=lead, reward_id=UUID(reward))
    at = datetime(2018, 11, 7, 4, tzinfo=UTC)
    received = Received(uuid4(), event.TYPE, event.TOPIC, event.subject, 1, "999999", at, at)
    async with api.app.state.database.transaction() as tx:
        await OWN[RewardPaid](tx, event, received)


@pytest.mark.rule("D28", "G10")
async def test_two_keepers_tell_know_again_and_hand_over_and_another_office_pays(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead, reward = await approved(api)
    letter = await api.post(f"/intake/v1/rewards/{reward}/notice", None, by="ofd", **on(DAY))
    assert letter.status_code == 409, "no mailbox"
    assert (await do(api, reward, "told", TOLD, "rvk")).status_code == 409, "nobody opened the reporter"
    await opened(api, lead, "contact")
    assert (await do(api, reward, "told", TOLD, "rvk")).status_code == 409, "for something else"
    await opened(api, lead)
    for account in ("ofd", "ana", "pay", "unl", "ldr"):
        for door, body in (("told", TOLD), ("identity", {"matches": True}), ("handing", None)):
            assert (await do(api, reward, door, body, account)).status_code == 403, (account, door)
    tomorrow = await do(api, reward, "told", TOLD | {"on": "2018-10-09"}, "rvk")
    assert (tomorrow.status_code, tomorrow.json()["errors"][0]["field"]) == (422, "on")
    told = (await do(api, reward, "told", TOLD, "rvk")).json()
    assert (told["state"], told["claim_by"], told["told_how"]) == ("notified", "2018-11-07", "phone")
    # he comes
    late = {"day": "2018-11-07"}
    assert (await do(api, reward, "identity", {"matches": True}, "rvk", **late)).status_code == 409, "not opened today"
    await opened(api, lead, day="2018-11-07")
    assert (await do(api, reward, "identity", {"matches": False}, "rvk", **late)).status_code == 422
    assert (await do(api, reward, "identity", {"matches": True}, "rvk", **late)).status_code == 200
    assert (await do(api, reward, "handing", None, "rvk", **late)).status_code == 403, "another keeper"
    key = uuid4().hex
    given = [await do(api, reward, "handing", None, "rvk2", key=key, **late) for _ in range(2)]
    assert [one.status_code for one in given] == [201, 201]
    assert given[0].json() == given[1].json()
    voucher = given[0].json()["voucher"]
    assert voucher.encode() not in await everything(api.copy.admin_url)
    assert (await pay(api, voucher)).json()["state"] == "paid"
    assert (await pay(api, voucher)).status_code == 409
    assert (await do(api, reward, "identity", {"matches": True}, "rvk", **late)).status_code == 409
    actions = "select action, actor from audit_log where action in ('reward.tell', 'reward.identify', 'reward.hand')"
    assert sorted(await api.rows(actions)) == [
        ("reward.hand", "rvk2"),
        ("reward.identify", "rvk"),
        ("reward.tell", "rvk"),
    ]
    said = await api.rows(
        "select subject, convert_from(value, 'UTF8') from outbox where topic = 'intake.reward-payments'"
    )
    assert [subject for subject, _ in said] == [str(lead)]
    assert "5000" not in said[0][1]
    nobody = await register(api, source="M", issuing_level=None, upstream_no=None)
    await verified(api, nobody)
    assert (await propose(api, nobody)).status_code == 409, "no code and no name: nobody could be told"


@pytest.mark.rule("D28")
async def test_what_was_paid_before_a_restore_is_not_paid_again(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")
    code, claimed = await ready(api)
    [(first,)] = await api.rows("select lead_id from rewards")
    voucher = (await claim(api, query_code=code)).json()["voucher"]
    # the payment was lost, the claim was not: it stands as paid
    await learn(api, first, claimed)
    await learn(api, first, claimed)
    assert (await pay(api, voucher)).status_code == 409
    assert await api.rows("select state, paid_by, receipt_no from rewards") == [("paid", "system:intake", "restored")]
    # the claim was lost too: nothing leads to a second payment
    other, reward = await ready(api)
    [(second,)] = await api.rows("select lead_id from rewards where id::text = $1", reward)
    await learn(api, second, reward)
    assert (await claim(api, query_code=other)).status_code == 409
    # the reward itself was lost
    lead = await register(api, **NAMED)
    await verified(api, lead)
    await learn(api, lead, str(uuid4()))
    assert (await propose(api, lead)).status_code == 409
    assert await api.rows("select count(*) from reward_payments where relearned") == [(3,)]
