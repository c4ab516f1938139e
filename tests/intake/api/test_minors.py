"""A report that names a child is taken; no unit is charged before the director has decided, and none is told of the child (G19)."""

from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.minors import CHILDREN, MINORS
from shared.contracts.envelope import SealedBox
from shared.contracts.intake import Facts
from tests.conftest import NewApi
from tests.intake.api.test_counter_reports import register as at_the_counter
from tests.intake.api.test_gateway_messages import SMS, hand, of
from tests.intake.api.test_gateway_messages import do as at_the_desk
from tests.intake.api.test_leads import assign, classify, opener, register
from tests.intake.api.test_life import PUBLIC, do
from tests.intake.api.test_merges import merge
from tests.intake.api.test_search import found, index
from tests.support.api import Api
from tests.support.files import photo
from tests.support.reporting import REPORT, report
from tests.support.uploading import attach

ON = {"X-Local-Clock": "2018-06-01T09:00:00+08:00"}
WHY = {"reason": "已通知监护人和学校"}
CHILD, YOUTH, GROWN = ({"name": name, "age": age} for name, age in (("小甲", 9), ("小乙", 15), ("某丙", 40)))


async def filed(api: Api, *persons: Any) -> UUID:
    assert (await report(api.client, REPORT | {"persons": list(persons)}, **ON)).status_code == 201
    [(lead,)] = await api.rows("select id from leads order by lead_no desc limit 1")
    return UUID(str(lead))


async def box(api: Api, lead: Any) -> Facts:
    query = (
        "select s.key_id, s.box from outbox o join outbox_sealed s using (id) "
        "where o.topic = 'intake.sealed-verification' and o.subject = $1 order by o.sequence desc limit 1"
    )
    [(key_id, sealed)] = await api.rows(query, str(lead))
    return Facts.model_validate(opener(api, "verification").open(SealedBox(key_id=key_id, box=sealed)))


@pytest.mark.rule("G19")
async def test_a_child_whose_number_alone_tells_its_age_is_one(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await filed(api, {"name": "小甲", "id_number": "999999201001010011", "dont_know": ["age"]}, GROWN)
    assert (await api.get(f"/intake/v1/leads/{lead}", by="ofd", **ON)).json()["allegations"][-1] == CHILDREN
    await classify(api, lead)
    assert (await assign(api, lead)).status_code == 422
    assert (await do(api, lead, "children", WHY)).status_code == 200
    assert (await assign(api, lead)).status_code == 200
    told = (await box(api, lead)).model_dump_json()
    assert "小甲" not in told
    assert "999999201001010011" not in told


@pytest.mark.rule("G19")
async def test_no_unit_is_charged_before_the_director_has_seen_to_the_child(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await filed(api, CHILD, YOUTH, GROWN)
    detail = (await api.get(f"/intake/v1/leads/{lead}", by="ofd", **ON)).json()
    assert detail["allegations"][-2:] == [MINORS, CHILDREN], "the office sees it at once"
    await classify(api, lead)
    refused = await assign(api, lead)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "unit")
    assert "不得作为核查对象" in refused.text
    for by in ("icl", "ana", "sup", "ldr", "unl"):
        assert (await do(api, lead, "children", WHY, by=by)).status_code == 403
    assert (await do(api, lead, "children", {}, by="ofd")).status_code == 422
    grown = await filed(api, GROWN)
    assert (await do(api, grown, "children", WHY)).status_code == 409, "no child is named"
    for _ in range(2):  # the second time changes nothing
        assert (await do(api, lead, "children", WHY)).json()["version"] == 3
    other = await do(api, lead, "children", {"reason": "另行告知学校"})
    assert (other.status_code, "未予保存" in other.json()["detail"]) == (409, True), "it would not be kept"
    assert (await assign(api, lead)).status_code == 200
    told = await box(api, lead)
    assert "小甲" not in told.model_dump_json()
    assert "被举报人1:特征和其他情况 不满14周岁的儿童" in told.summary
    assert ("小乙" in told.summary, "某丙" in told.summary) == (True, True)
    assert told.allegations[-2:] == (MINORS, CHILDREN)
    history = (await api.get(f"/intake/v1/leads/{lead}/history", by="ofd", **ON)).json()
    assert [each["reason"] for each in history if each["action"] == "leave-children-out"] == [WHY["reason"]]
    assert (await do(api, lead, "children", WHY, day="2018-06-04")).status_code == 200, "it stays as it is"


@pytest.mark.rule("G19")
async def test_a_child_that_a_repeat_names_blocks_its_master_and_stands_in_no_box(new_api: NewApi) -> None:
    api = await new_api("intake")
    master, repeat = await register(api, **PUBLIC), await filed(api, CHILD)
    await api.rows("update leads set merged_into = $1 where id = $2", master, repeat)
    await classify(api, master)
    assert (await assign(api, master)).status_code == 422
    assert (await do(api, master, "children", WHY)).status_code == 200
    assert (await assign(api, master)).status_code == 200
    told = await box(api, master)
    assert "小甲" not in told.model_dump_json()
    assert CHILDREN in told.allegations


@pytest.mark.rule("G19")
async def test_the_counter_and_the_desk_for_messages_mark_the_same(new_api: NewApi) -> None:
    api = await new_api("intake")
    spoken = REPORT | {"channel": "phone", "received_on": "2018-06-01", "persons": [YOUTH]}
    assert (await at_the_counter(api, spoken)).status_code == 201
    await hand(api, SMS)
    assert (await at_the_desk(api, await of(api, "sms"), "registration", {"persons": [CHILD]})).status_code == 201
    marks = await api.rows("select allegations[cardinality(allegations)] from leads order by lead_no")
    assert marks == [(MINORS,), (CHILDREN,)]


@pytest.mark.rule("G19")
async def test_neither_side_finds_a_child_by_words_nor_has_files_that_are_held_back_for_it(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead, master, repeat = await filed(api, CHILD, GROWN), await register(api, **PUBLIC), await filed(api, CHILD)
    assert (await attach(api, repeat, photo("CANARYc1"), "一.jpg", by="ana")).status_code == 204
    assert (await do(api, lead, "children", WHY)).status_code == 200
    for each in (lead, master):
        await classify(api, each)
        assert (await assign(api, each, "umbrella")).status_code == 200
    await merge(api, repeat, master)
    await index(api)
    both, files = {str(lead), str(master)}, f"/intake/v1/leads/{master}/attachments"
    assert set(await found(api, "text=小甲")) == both, "the office does"
    for by in ("unl", "dcm"):
        assert await found(api, "text=小甲", by=by) == []
        assert await found(api, "text=打伤摊主", by=by) == []
        assert set(await found(api, "", by=by)) == both, "found by all else"
    # nothing of the repeat goes to the unit before the director has decided
    assert (len((await api.get(files, by="ofd")).json()), (await api.get(files, by="unl")).json()) == (1, [])
    await api.rows("update merges set decided_at = '2018-06-01'")
    assert (await do(api, master, "children", WHY)).status_code == 200
    assert len((await api.get(files, by="unl")).json()) == 1
