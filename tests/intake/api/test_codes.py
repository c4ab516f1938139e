"""The doors of the code lists, and every door that takes a code of them: who may, what is refused from which day on, what stays."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.reporting import REPORT

CODES, LEADS = "/intake/v1/codes", "/intake/v1/leads"
PUBLIC: dict[str, Any] = {"source": "M", "summary": "反映有人在菜市场强收费用", "area_codes": ["market"]}
BEFORE, AFTER = "2018-06-01", "2018-07-01"
WORDS = {
    "source": {"S": "上级转办", "A": "110报警", "M": "群众举报", "O": "其他"},
    "area": {
        "market": "欺行霸市",
        "site": "滋扰工地",
        "demolition": "暴力拆迁",
        "usury": "高利放贷",
        "vice": "黄赌毒",
        "other": "其他",
    },
    "manifestation": {
        "01": "威胁政治安全特别是政权安全、制度安全以及向政治领域渗透的黑恶势力",
        "02": "把持基层政权、操纵破坏基层换届选举、垄断农村资源、侵吞集体资产的黑恶势力",
        "03": "利用家族、宗族势力横行乡里、称霸一方、欺压残害百姓的“村霸”等黑恶势力",
        "04": "在征地、租地、拆迁、工程项目建设等过程中煽动闹事的黑恶势力",
        "05": "在建筑工程、交通运输、矿产资源、渔业捕捞等行业、领域,强揽工程、恶意竞标、非法占地、滥开滥采的黑恶势力",
        "06": "在商贸集市、批发市场、车站码头、旅游景区等场所欺行霸市、强买强卖、收保护费的市霸、行霸等黑恶势力",
        "07": "操纵、经营“黄赌毒”等违法犯罪活动的黑恶势力",
        "08": "非法高利放贷、暴力讨债的黑恶势力",
        "09": "插手民间纠纷,充当“地下执法队”的黑恶势力",
        "10": "境外黑社会入境发展渗透以及跨国跨境的黑恶势力",
        "11": "组织或雇佣网络“水军”在网上威胁、恐吓、侮辱、诽谤、滋扰的黑恶势力",
    },
}
"""As domain.md §3 has them (N20, N21, N30): whoever chooses a code reads these words."""


def on(day: str) -> dict[str, str]:
    return {"X-Local-Clock": f"{day}T10:00:00+08:00"}


async def lists(api: Api, as_of: str = "", day: str = BEFORE) -> Any:
    answer = await api.get(CODES + (f"?as_of={as_of}" if as_of else ""), by="unl", **on(day))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def order(api: Api, **changes: Any) -> dict[str, Any]:
    """A version that ends `vice`, adds `online`, and words a second-level source anew."""
    standing = (await lists(api))["lists"]
    area = [each for each in standing["area"] if each["code"] != "vice"]
    area += [{"code": "online", "zh": "网络黑恶", "en": "online gangs"}]
    l2 = [*standing["source_l2"], {"code": "S-cppcc", "zh": "区政协转办", "en": "handed on", "parent": "S"}]
    made = {
        "version": "2018-3",
        "from_on": AFTER,
        "reason": "区领导小组会议纪要第7号",
        "lists": {"area": area, "source_l2": l2},
    }
    return made | changes


async def propose(api: Api, by: str = "ofd", day: str = BEFORE, **changes: Any) -> Any:
    return await api.post(f"{CODES}/versions", await order(api, **changes), by=by, key=str(uuid4()), **on(day))


async def review(api: Api, version: str = "2018-3", by: str = "qrv", day: str = BEFORE, **changes: Any) -> Any:
    return await api.post(f"{CODES}/versions/{version}/review", {"adopt": True} | changes, by=by, **on(day))


async def post(api: Api, day: str, **changes: Any) -> Any:
    return await api.post(LEADS, PUBLIC | changes, by="icl", key=str(uuid4()), **on(day))


async def classify(api: Api, lead: UUID | str, day: str, **changes: Any) -> Any:
    chosen = {"tier": "evil", "level": "general", "area_codes": ["market"]} | changes
    return await api.post(f"{LEADS}/{lead}/classification", chosen, by="ana", **on(day))


@pytest.mark.rule("M04", "M05", "M06", "N20", "N21", "N30")
async def test_a_version_is_proposed_by_one_and_adopted_by_another_and_never_overlaps(new_api: NewApi) -> None:
    api = await new_api("intake")
    shipped = await lists(api)
    assert (shipped["version"], shipped["from_on"], shipped["until_on"]) == ("2018-2", "2000-01-01", None)
    counts = {name: len(entries) for name, entries in shipped["lists"].items()}
    assert [counts[name] for name in ("source", "area", "tier", "level", "manifestation")] == [4, 6, 3, 3, 11]
    assert {each["parent"] for each in shipped["lists"]["source_l2"]} == {"S", "A", "M", "O"}
    for name, words in WORDS.items():
        assert {each["code"]: each["zh"] for each in shipped["lists"][name]} == words, name
    assert (await api.get(f"{CODES}?as_of=1999-12-31", by="unl")).status_code == 422
    for by in ("icl", "ana", "qrv", "adm"):
        assert (await propose(api, by=by)).status_code == 403, by
    for wrong, field in (
        ({"from_on": BEFORE}, "from_on"),
        ({"lists": {"moon": []}}, "lists"),
        ({"lists": {"area": [{"code": "有空 格", "zh": "其他", "en": "other"}]}}, "lists.area.0.code"),
        ({"lists": {"tier": [{"code": "black", "zh": "黑", "en": "black"}]}}, "lists.tier"),
        ({"lists": {"area": [{"code": "other", "zh": "机密★十年", "en": "x"}]}}, "lists"),
        ({"version": "a b"}, "version"),
    ):
        refused = await propose(api, **wrong)
        assert refused.status_code == 422, refused.text
        assert any(error["field"].startswith(field) for error in refused.json()["errors"]), refused.text
    assert (await propose(api)).json()["state"] == "proposed"
    taken = await propose(api)
    assert (taken.status_code, taken.json()["errors"][0]["field"]) == (409, "version")
    assert (await propose(api, version="2018-4", from_on="2018-07-02")).status_code == 201
    assert (await lists(api, AFTER))["version"] == "2018-2", "what waits is in force on no day"
    assert (await review(api, by="ofd")).status_code == 403
    assert (await review(api, "2018-9")).status_code == 404
    assert (await review(api, day=AFTER)).status_code == 422, "its first day has come"
    assert (await review(api, adopt=False)).status_code == 422, "a refusal has its reason"
    assert (await review(api)).json()["state"] == "adopted"
    assert (await review(api)).status_code == 409
    late = await review(api, "2018-4")
    assert late.status_code == 409, "it was made from the version before"
    assert (await review(api, "2018-4", adopt=False, reason="已有新版本")).json()["state"] == "refused"
    overlapping = await propose(api, version="2018-5", from_on=AFTER, lists={"area": shipped["lists"]["area"]})
    assert "重叠" in overlapping.json()["errors"][0]["reason"]
    for day, version, until in ((BEFORE, "2018-2", AFTER), ("2018-06-30", "2018-2", AFTER), (AFTER, "2018-3", None)):
        found = await lists(api, day)
        assert (found["version"], found["until_on"]) == (version, until), day
    listed = (await api.get(f"{CODES}/versions", by="aud")).json()
    assert [(each["version"], each["state"], each["decided_by"]) for each in listed] == [
        ("2018-2", "adopted", None),
        ("2018-3", "adopted", "qrv"),
        ("2018-4", "refused", "qrv"),
    ]
    deeds = await api.rows(
        "select action, actor, subject from audit_log where action like 'codes.%' order by at, action"
    )
    assert sorted(deeds) == [
        ("codes.adopt", "qrv", "2018-3"),
        ("codes.propose", "ofd", "2018-3"),
        ("codes.propose", "ofd", "2018-4"),
        ("codes.refuse", "qrv", "2018-4"),
    ]
    with pytest.raises(asyncpg.UniqueViolationError):
        await api.rows("update code_versions set state = 'adopted', decided_at = proposed_at where version = '2018-4'")
    with pytest.raises(asyncpg.CheckViolationError):
        await api.rows("update code_versions set decided_by = proposed_by where version = '2018-3'")


@pytest.mark.rule("M05", "M06")
async def test_every_door_takes_what_is_in_force_and_an_old_lead_keeps_its_version(new_api: NewApi) -> None:
    api = await new_api("intake")
    old = (await post(api, BEFORE, area_codes=["vice"], source_l2="M-letter")).json()
    assert (old["area_codes"], old["codes_version"], old["source_l2"]) == (["vice"], "2018-2", "M-letter")
    early = (await post(api, BEFORE, area_codes=["vice"])).json()
    assert (await classify(api, early["id"], BEFORE, area_codes=["vice"])).json()["codes_version"] == "2018-2"
    assert (await post(api, BEFORE, area_codes=["online"])).status_code == 422
    await propose(api)
    await review(api)
    for day, code, why in ((BEFORE, "online", "自2018-07-01起启用"), (AFTER, "vice", "自2018-07-01起停用")):
        refused = await post(api, day, area_codes=["market", code])
        [error] = refused.json()["errors"]
        assert (refused.status_code, error["field"]) == (422, "area_codes.1")
        assert why in error["reason"]
        assert "market 欺行霸市" in error["reason"]
        report = REPORT | {"facts": REPORT["facts"] | {"area_codes": [code]}}
        counter = {**report, "channel": "phone"}
        said = await api.post("/intake/v1/counter-reports/read-back", counter, by="icl", **on(day))
        assert (said.status_code, said.json()["errors"][0]["field"]) == (422, "facts.area_codes.0"), said.text
        call = {"external_no": f"J{code.upper()}", "called_at": f"{day}T09:00:00+08:00", "summary": "有人强收费用"}
        fed = (await api.post("/intake/v1/police-calls", [call | {"area_codes": [code]}], by="m110", **on(day))).json()
        assert (fed["refused"], fed["records"][0]["errors"][0]["field"]) == (1, "area_codes.0"), fed
    new = (await post(api, AFTER, area_codes=["online"])).json()
    assert (new["area_codes"], new["codes_version"]) == (["online"], "2018-3")
    late = await post(api, AFTER, area_codes=["vice"], received_on=BEFORE)
    assert (late.status_code, late.json()["codes_version"]) == (201, "2018-2"), "the list of the day of receipt"
    # the standing choice said again is no new choice; a new one is of today's list
    again = await classify(api, early["id"], AFTER, area_codes=["vice"])
    assert (again.status_code, again.json()["codes_version"]) == (200, "2018-2")
    refused = await classify(api, old["id"], AFTER, area_codes=["vice"])
    assert "自2018-07-01起停用,现行(2018-3):" in refused.json()["errors"][0]["reason"]
    done = (await classify(api, old["id"], AFTER, area_codes=["online"])).json()
    assert (done["area_codes"], done["codes_version"]) == (["online"], "2018-3")
    kept = (await api.get(f"{LEADS}/{early['id']}", by="ofd", **on(AFTER))).json()
    assert (kept["area_codes"], kept["codes_version"]) == (["vice"], "2018-2")
    events = await api.rows(
        "select convert_from(value, 'utf8') from outbox where partition_key = $1 and topic = 'intake.leads' order by position",
        old["id"],
    )
    assert ["online" in event[0] for event in events] == [False, True], "readers get the code as it is"
    suggestion = await api.get(f"{LEADS}/{late.json()['id']}/suggestion", by="ana", **on(AFTER))
    assert suggestion.json()["area_codes"] == ["market"], "registered as vice, which is suggested no more"


@pytest.mark.rule("M05")
async def test_a_second_level_source_belongs_to_its_source_and_is_found_by_it(new_api: NewApi) -> None:
    api = await new_api("intake")
    for wrong in ("S-12337", "nowhere"):
        refused = await post(api, BEFORE, source_l2=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "source_l2")
        assert "M-letter 群众来信" in refused.json()["errors"][0]["reason"]
    letter = (await post(api, BEFORE, source_l2="M-letter")).json()["id"]
    await post(api, BEFORE)
    headers = api.as_("icl", **{"Idempotency-Key": "ledger"}, **on(BEFORE))
    rows = (
        "上级编号,下发层级,下发日期,重点领域,线索摘要,二级来源\n"
        "C1,市,2018-06-01,欺行霸市,反映强收费用,市扫黑办转办\nC2,市,2018-06-01,欺行霸市,反映强收费用,群众来信\n"
    )
    told = (await api.client.post("/intake/v1/ledgers", files={"file": rows.encode()}, headers=headers)).json()
    assert (told["taken"], [(cell["row"], cell["column"]) for cell in told["refused"]]) == (1, [(3, "二级来源")])
    ledger = told["leads"][0]["lead_id"]
    call = {
        "external_no": "J1",
        "called_at": "2018-06-01T09:00:00+08:00",
        "summary": "有人强收费用",
        "source_l2": "A-110",
    }
    fed = (await api.post("/intake/v1/police-calls", [call], by="m110", **on(BEFORE))).json()
    corrected = [call | {"revision": 2, "source_l2": "M-letter"}]
    bad = (await api.post("/intake/v1/police-calls", corrected, by="m110", **on(BEFORE))).json()
    assert bad["records"][0]["errors"][0]["field"] == "source_l2"
    for code, lead in (("M-letter", letter), ("S-city", ledger), ("A-110", fed["records"][0]["lead_id"])):
        page = (await api.get(f"{LEADS}?source_l2={code}", by="icl")).json()["items"]
        assert [(each["id"], each["source_l2"]) for each in page] == [(lead, code)]
    unknown = await api.get("/intake/v1/search?source_l2=nowhere", by="icl")
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "source_l2")
    assert (await api.get("/intake/v1/search?area=moon", by="icl")).status_code == 422
