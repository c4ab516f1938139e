"""What an analyst proposes not to accept, until a director decides."""

from typing import Any

from tests.conftest import NewApi
from tests.intake.api.test_leads import register
from tests.intake.api.test_life import PUBLIC, REFUSAL, do, on


async def test_what_is_proposed_not_to_be_accepted_waits_in_a_list_until_it_is_decided(new_api: NewApi) -> None:
    api = await new_api("intake")
    first, second, third, fourth = [await register(api, **PUBLIC) for _ in range(4)]

    async def waiting(by: str = "ofd", **asked: Any) -> Any:
        headers = api.as_(by, **on("2018-06-03"), **{"Access-Purpose": "review"})
        found = await api.client.get("/intake/v1/declines", params=asked, headers=headers)
        assert found.status_code == 200, found.text
        return found.json()

    assert (await waiting())["items"] == []
    for lead, day in ((second, "2018-06-01"), (first, "2018-06-02"), (third, "2018-06-02"), (fourth, "2018-06-02")):
        assert (await do(api, lead, "decline", REFUSAL, by="ana", day=day)).status_code == 200
    # proposed once more in other words: the last ones stand
    assert (
        await do(api, first, "decline", REFUSAL | {"reason": "应向法院起诉"}, by="ana", day="2018-06-03")
    ).status_code == 200
    one = await waiting(limit=1)
    assert [item["lead_id"] for item in one["items"]] == [str(second)]
    rest = (await waiting(after=one["next"]))["items"]
    assert rest[-1] == {
        "lead_id": str(first),
        "lead_no": (await api.rows(f"select lead_no from leads where id = '{first}'"))[0][0],
        "proposed_by": "ana",
        "proposed_at": rest[-1]["proposed_at"],
        "reason": "应向法院起诉(可向人民法院反映)",
    }
    classes = {"tier": "evil", "level": "general", "area_codes": ["market"]}
    assert (await do(api, third, "classification", classes, by="ana", day="2018-06-03")).status_code == 200
    assert (await do(api, second, "decline", REFUSAL, day="2018-06-03")).json()["status"] == "not_accepted"
    assert {item["lead_id"] for item in (await waiting("ana"))["items"]} == {str(first), str(fourth)}
    assert (await api.client.get("/intake/v1/declines", headers=api.as_("icl"))).status_code == 403
