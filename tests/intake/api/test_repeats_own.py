"""What each reporter of a matter has for himself: told the result, his time to object, met within his own limit (D06, D11, D12)."""

import pytest

from tests.conftest import NewApi
from tests.intake.api.test_ends import NAMED, close, fed_back, log, merge
from tests.intake.api.test_ends_of_repeats import may_object_until
from tests.intake.api.test_leads import register
from tests.intake.api.test_life import PUBLIC
from tests.intake.api.test_objections import door, filed, object_, read, refuse, tell


@pytest.mark.rule("D12", "G-FEED")
async def test_a_master_is_closed_when_no_reporter_of_the_matter_who_was_told_may_still_object(new_api: NewApi) -> None:
    api = await door(new_api)
    master = await register(api, **NAMED)
    (code, repeat), (silent, untold) = await filed(api), await filed(api)
    named, content, nobody = [await register(api, **who, summary="同一件事再次反映") for who in (NAMED, NAMED, PUBLIC)]
    for each in (repeat, untold, named, content, nobody):
        await merge(api, each, master, "2018-06-02")
    await fed_back(api, master)
    await api.rows("update feedbacks set accepted = true")
    for day in ("2018-06-20", "2018-06-21", "2018-06-22"):
        assert (await tell(api, untold, day=day)).status_code == 201
    assert (await tell(api, repeat, day="2018-06-25")).status_code == 201
    # what is said for the holder of a code is nobody's to say, by word of mouth it counts
    says = {"satisfied": True, "understood": True, "next_step": "none"}
    for each, day in ((repeat, "2018-06-28"), (content, "2018-06-25")):
        assert (await log(api, each, day, **says)).status_code == 204
    await read(api, "2018-06-28", query_code=code)
    assert (await log(api, named, "2018-06-25")).status_code == 204
    numbers = dict(await api.rows("select id, lead_no from leads"))
    waits = {
        f"并入的{numbers[each]}:举报人可在{until}(含)前提出异议"
        for each, until in ((named, "2018-07-25"), (repeat, "2018-07-30"))
    }
    for day, those in (("2018-07-25", waits), ("2018-07-30", {one for one in waits if "07-30" in one})):
        early = await close(api, master, day)
        assert (early.status_code, early.json()["detail"].split(" / ")[0] in those) == (409, True), early.text
    assert await may_object_until(api, code) == ["2018-07-30"]
    # one objects: that is decided first, whatever the day
    assert (await log(api, named, "2018-07-25", next_step="objection")).status_code == 204
    early = await close(api, master, "2018-09-03")
    assert (early.status_code, f"{numbers[named]}的举报人提出的异议尚未决定" in early.text) == (409, True)
    assert (await refuse(api, named, day="2018-07-31")).status_code == 200
    assert (await close(api, master, "2018-07-31")).status_code == 409, "he waits for word of it"
    assert (await log(api, named, "2018-08-01", text="已告知异议不成立的理由")).status_code == 204
    assert (await close(api, master, "2018-08-01")).json()["status"] == "closed"
    # who could not be told before hears of it now, and has his time
    await read(api, "2018-08-02", query_code=silent)
    assert await may_object_until(api, silent) == ["2018-09-03"]
    assert (await object_(api, silent, day="2018-09-03")).status_code == 201
    assert (await log(api, content, "2018-07-25", next_step="objection")).status_code == 204, "he thought better of it"
