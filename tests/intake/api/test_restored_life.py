"""What a restore forgot of a lead's later life is learned again so that the lead can go on to its end (§4.2, docs/operations.md)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.consumer import OWN
from shared.contracts import verification as said
from shared.contracts.envelope import AboutLead
from shared.contracts.intake import FeedbackDelivered, LeadClosed, LeadRedirected, LeadRedirectReturned
from shared.inbox import Received
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import DEPARTMENT, PUBLIC, concluded, do, hear, status
from tests.intake.api.test_merges import AGAIN, merge
from tests.intake.api.test_upstream_replies import SIGNED, SUPERIOR, reply
from tests.support.api import Api


async def learn(api: Api, lead: UUID, kind: type[AboutLead], *, day: str, **more: Any) -> None:
    at = datetime.fromisoformat(f"{day}T03:00:00").replace(tzinfo=UTC)
    event: Any = kind(**{"lead_id": lead, "effective_at": at, **more})
    received = Received(uuid4(), event.TYPE, event.TOPIC, event.subject, 9, "999999", at, at)
    async with api.app.state.database.transaction() as tx:
        await OWN[kind](tx, event, received)


@pytest.mark.parametrize("known", [True, False])
async def test_a_lead_whose_feedback_was_forgotten_can_be_answered_for_and_closed(
    new_api: NewApi, *, known: bool
) -> None:
    api = await new_api("intake")
    if known:
        lead = await concluded(api, **SUPERIOR, upstream_no="C1")
    else:
        # the result was heard after the backup, too
        lead = await register(api, **SUPERIOR, upstream_no="C1")
        await classify(api, lead)
        await assign(api, lead)
        await hear(api, lead, said.WorkAccepted, **SIGNED)
    await learn(api, lead, FeedbackDelivered, outcome="delivered", day="2018-06-21")
    assert await status(api, lead) == "fed_back"
    assert (await reply(api, lead)).status_code == 201
    early = await do(api, lead, "closing", day="2018-07-20")
    assert (early.status_code, "提出异议" in early.json()["detail"]) == (409, True), "D12 runs"
    assert (await do(api, lead, "closing", day="2018-07-25")).json()["status"] == "closed"


async def test_a_matter_whose_way_to_a_regulator_was_forgotten_ends_or_comes_back_once(new_api: NewApi) -> None:
    api = await new_api("intake")
    await api.rows(DEPARTMENT)
    lead, ended = [await register(api, **PUBLIC) for _ in range(2)]
    repeat = await register(api, **SUPERIOR, upstream_no="C2", summary=AGAIN)
    await merge(api, repeat, ended)
    for each in (lead, ended):
        await classify(api, each, tier="disorder")
        await learn(api, each, LeadRedirected, regulator="CSGL", number=1, day="2018-06-05")
    await learn(api, lead, LeadRedirectReturned, day="2018-06-06")
    await learn(api, lead, LeadRedirected, regulator="CSGL", number=2, day="2018-06-07")
    back = await do(api, lead, "redirect/return", {"reason": "不属于本部门职责"}, day="2018-06-08")
    assert (back.status_code, "退回过一次" in back.json()["detail"]) == (409, True)
    receipt = {"receipt_no": "城管收1号", "receipt_on": "2018-06-08"}
    assert (await do(api, lead, "redirect/receipt", receipt, day="2018-06-08")).status_code == 200
    result = {"result": "已责令改正", "result_on": "2018-06-20"}
    closed = await do(api, lead, "redirect/result", result, day="2018-06-20")
    assert closed.json()["status"] == "closed", closed.text
    # the end was forgotten with it: the repeat's superior is answered all the same
    await learn(api, ended, LeadClosed, by="regulator", day="2018-06-20")
    assert (await reply(api, repeat)).status_code == 201
