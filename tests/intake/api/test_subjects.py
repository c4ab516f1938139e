"""The subject store: numbers and addresses of those who are reported lie sealed, and are read with a purpose, on record (§2.3 A)."""

import json
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import asyncpg
import pytest

from services.intake.db.retention import destroy_texts
from services.intake.domain.report import allegations, lead_summary
from services.intake.domain.restricted import APART
from services.intake.usecases.keep_subjects import retire_subjects, seal_anew, take_apart_waiting
from services.intake.usecases.subject_store import SubjectKeys, whole_content
from shared.contracts.envelope import SealedBox
from shared.file_key import CannotRead
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, opener, register
from tests.intake.api.test_merges import PUBLIC, look, merge
from tests.intake.api.test_reports import door
from tests.support.api import Api
from tests.support.reporting import report
from tests.support.searching import everything, found_in
from tests.support.subjects import keys_of

ID, PHONE, PLATE, USCC = "999999198001010011", "13900000123", "陕A12345", "919999990000000050"
ADDRESS = "示例区临江街九号院"
SECRETS = (ID, PHONE, PLATE, USCC, ADDRESS, "139-0000-0123", "13700000456")
PERSON = {
    "name": "被举报人乙",
    "id_number": ID,
    "phone": PHONE,
    "address": ADDRESS,
    "company": {"name": "示例公司", "uscc": USCC},
}
REPORT: dict[str, Any] = {
    "naming": "anonymous",
    "persons": [PERSON],
    "facts": {
        "summary": f"有人打电话139-0000-0123强收费用,开{PLATE}",
        "street": "临江街",
        "allegations": [{"act": f"证件{ID},逼债"}],
    },
    "umbrella": {"involved": True, "description": "联系电话13700000456"},
}


async def reported(api: Api, body: Any = REPORT) -> UUID:
    answer = await report(api.client, body)
    assert answer.status_code == 201, answer.text
    [(lead,)] = await api.rows("select id from leads order by created_at desc, lead_no desc limit 1")
    return UUID(str(lead))


def told(api: Api, receiver: str, rows: list[tuple[Any, ...]]) -> str:
    [box] = [SealedBox(key_id=key_id, box=box) for key_id, box in rows if key_id == api.keys.box(receiver)["key_id"]]
    return json.dumps(opener(api, receiver).open(box), ensure_ascii=False)


@pytest.mark.rule("G11")
async def test_numbers_of_the_reported_lie_sealed_reach_who_checks_and_are_read_on_record(
    new_api: NewApi, capfd: pytest.CaptureFixture[str]
) -> None:
    api = await door(new_api)
    lead = await reported(api)
    await look(api)
    path = f"/intake/v1/leads/{lead}"
    shown = (await api.get(path, by="ana")).json()
    assert "被举报人1:姓名 被举报人乙;证件号码 〔限制查阅〕" in shown["summary"]
    await classify(api, lead)
    assert (await assign(api, lead)).status_code == 200
    # tables, what goes on Kafka, answers and logs
    said = capfd.readouterr()
    places = {"tables": await everything(api.copy.admin_url), "answer": json.dumps(shown, ensure_ascii=False).encode()}
    assert found_in(places | {"log": f"{said.out}{said.err}".encode()}, SECRETS) == []
    # the units that check it are told, discipline alone of the officials
    boxes = await api.rows("select key_id, box from outbox_sealed")
    verification, discipline = (told(api, receiver, boxes) for receiver in ("verification", "discipline"))
    assert [each for each in SECRETS if each not in verification] == ["13700000456"]
    assert [each for each in SECRETS if each not in discipline] == []
    # with a purpose, on record, and whole
    refused = await api.client.get(f"{path}/report", headers=api.as_("ofd"))
    assert (refused.status_code, "Access-Purpose" in refused.text) == (400, True)
    whole = (await api.get(f"{path}/report", by="ofd")).json()["content"]
    assert whole == REPORT | {"channel": "web"}
    [(reads,)] = await api.rows("select count(*) from audit_log where action = 'lead.read' and actor = 'ofd'")
    assert reads == 1


async def test_repeats_are_found_by_what_lies_sealed(new_api: NewApi) -> None:
    api = await door(new_api)
    lead = await reported(api, REPORT | {"facts": {"summary": "被举报人在东门市场强收摊位费,微信wx13600000789"}})
    # mistyped: the check symbols are wrong, and they are the same only as what is written the same
    slip, firm, unborn = "999999198001010012", "91999999MA0000001M", "999999202001010010"
    slipped = await reported(
        api, {"naming": "anonymous", "persons": [{"id_number": slip}], "facts": {"summary": "有人聚众赌博"}}
    )
    slipped_too = await register(
        api, **PUBLIC, summary=f"证件999999 19800101 0012,公司{firm},另一人{unborn}", received_on="2018-06-01"
    )
    again = await register(api, **PUBLIC, summary=f"号码{PHONE}的人在东门市场强收摊位费")
    other = await register(api, **PUBLIC, summary="号码13900000999的人在南湖小区放高利贷")
    await look(api)
    found = (await api.get(f"/intake/v1/leads/{again}/candidates", by="ana")).json()
    assert [each["lead_id"] for each in found] == [str(lead)]
    assert "same_number" in [each["feature"] for each in found[0]["features"]]
    assert (await api.get(f"/intake/v1/leads/{other}/candidates", by="ana")).json() == []
    # the search by words knows it by the same key, alone and with a word, and notes the reading without it
    for words, there in (
        (PHONE, {lead, again}),
        (f"139-0000-0123 {ID}", {lead}),
        (f"{USCC} 摊位费", {lead}),
        ("13600000789", {lead}),
        (slip, {slipped, slipped_too}),
        ("999999 19800101 0012", {slipped, slipped_too}),
        (firm, {slipped_too}),
        (unborn, {slipped_too}),
        (f"{PHONE} 高利贷", set()),
        ("13900000999", {other}),
        ("13900000777", set()),
        (PHONE[:7], set()),
    ):
        found = (await api.get(f"/intake/v1/search?text={quote(words)}", by="ana")).json()["items"]
        assert {UUID(each["id"]) for each in found} == there, words
    assert found_in({"audit": str(await api.rows("select * from audit_log")).encode()}, SECRETS) == []


@pytest.mark.parametrize("code", ["919999990000000051", "91999999000000005", "91999999MA000000IN", "x"])
async def test_a_wrong_credit_code_is_refused_by_its_field(new_api: NewApi, code: str) -> None:
    api = await door(new_api)
    answer = await report(api.client, REPORT | {"persons": [{"company": {"uscc": code}}]})
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (
        422,
        ["persons.0.company.uscc"],
    )
    assert "统一社会信用代码" in answer.text
    assert code not in answer.text or code == "x"


def test_a_box_opens_for_its_lead_alone_and_with_any_key_that_is_kept() -> None:
    one, other = UUID(int=1), UUID(int=2)
    old, both, new = keys_of("old"), keys_of("new", "old"), keys_of("new")
    box = old.seal(one, {"persons.0.phone": PHONE})
    assert both.open(one, box) == {"persons.0.phone": PHONE}
    assert both.seal(one, {}) == b""
    assert new.open(one, b"") == new.open(one, None) == {}

    def refused(keys: SubjectKeys, lead: UUID, wrong: bytes) -> None:
        with pytest.raises(CannotRead):
            keys.open(lead, wrong)

    for keys, lead, wrong in ((new, one, box), (both, other, box), (both, one, box[:-1]), (both, one, box[:9])):
        refused(keys, lead, wrong)


async def turn(api: Api, keys: SubjectKeys) -> tuple[int, int]:
    async with api.app.state.database.transaction() as tx:
        return await take_apart_waiting(tx, keys), await seal_anew(tx, keys)


async def test_what_an_older_release_wrote_is_taken_apart_once_and_sealed_anew_for_a_newer_key(new_api: NewApi) -> None:
    api = await door(new_api)
    lead = await reported(api)
    await reported(api, REPORT | {"persons": [], "facts": {"summary": "没有号码"}, "umbrella": None})
    newer = await api.rows("select content::text, length(subjects) from reports order by length(subjects)")
    assert [length > 0 for _, length in newer] == [False, True]
    [texts] = await api.rows("select summary, allegations from leads where id = $1", lead)
    # as the release before wrote it, in the index of the search, too
    content = json.dumps(REPORT | {"channel": "web"}, ensure_ascii=False)
    book = await api.app.state.codes()
    older = (lead_summary(json.loads(content), book), [*allegations(json.loads(content))])
    await api.rows("update reports set subjects = null, content = $2::text::jsonb where lead_id = $1", lead, content)
    await api.rows("update leads set summary = $2, allegations = $3 where id = $1", lead, *older)
    await look(api)
    assert PHONE.encode() in await everything(api.copy.admin_url)
    old, new = keys_of("old"), keys_of("new", "old")
    # whoever makes it searchable may have read the old texts: it is waited for, or the index would keep them
    waits = "update repeat_pending set searchable = $2 where lead_id = $1 returning 1"
    if not await api.rows(waits, lead, False):
        await api.rows("insert into repeat_pending (lead_id) values ($1)", lead)
    assert await turn(api, old) == (0, 0)
    await api.rows(waits, lead, True)
    assert await turn(api, old) == (1, 0)
    assert await turn(api, old) == (0, 0), "once"
    await look(api)
    assert found_in({"tables": await everything(api.copy.admin_url)}, SECRETS) == []
    assert await api.rows("select summary, allegations from leads where id = $1", lead) == [texts]
    # intake's role takes nothing apart a second time, and changes no report otherwise
    connection = await asyncpg.connect(api.copy.url)
    again = "select take_report_apart($1, '{}', '', '', '{}')"
    assert not await connection.fetchval(again, lead)
    for statement in ("update reports set subjects = ''", "update reports set content = '{}'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()
    # a newer key: whoever has it reads the report without the older one
    assert await turn(api, new) == (0, 1)
    assert await turn(api, new) == (0, 0)
    async with api.app.state.database.transaction() as tx:
        assert await whole_content(tx, lead, keys_of("new")) == json.loads(content)
        shut = await whole_content(tx, lead, old)
        assert (shut["persons"][0]["phone"], shut["persons"][0]["name"]) == (APART, PERSON["name"])


async def ended(api: Api, lead: UUID, day: str) -> None:
    for action, status, at in (("follow", "concluded", "2018-06-20"), ("close", "closed", day)):
        await api.rows(
            "insert into lead_history (lead_id, version, action, status, actor, unit, effective_at, recorded_at) "
            "select $1, max(version) + 1, $2, $3, 'test', 'SHB', $4::date, $4::date from lead_history where lead_id = $1",
            *(lead, action, status, date.fromisoformat(at)),
        )
    await api.rows(
        "update leads set status = 'closed', tier = 'evil', level = 'general', unit = 'GA', assignment_no = 1, sign_by = received_on, "
        "due_on = received_on, provisional = false where id = $1",
        lead,
    )


@pytest.mark.rule("G8", "G14", "G24")
async def test_the_store_forgets_in_time_never_under_a_hold_and_with_its_lead(new_api: NewApi) -> None:
    api = await door(new_api)
    lead, repeat = await reported(api), await reported(api)
    await merge(api, repeat, lead)
    await api.rows("update merges set decided_at = '2018-06-02'")

    async def clock(day: str) -> int:
        async with api.app.state.database.transaction() as tx:
            return await retire_subjects(tx, datetime.fromisoformat(f"{day}T02:00:00").replace(tzinfo=UTC))

    async def shown(of: UUID = lead) -> Any:
        return (await api.get(f"/intake/v1/leads/{of}/report", by="ofd")).json()

    early = (await shown())["subjects"]
    assert (early["called_zh"], early["legal_stage"], early["expires_on"]) == ("被举报人", "reported", None)
    assert await clock("2099-01-01") == 0, "it has not ended"
    await ended(api, lead, "2018-06-23")
    for each in (lead, repeat):
        assert (await shown(each))["subjects"]["expires_on"] == "2020-06-23", "a repeat ends with its master"
    hold = await api.post(f"/intake/v1/leads/{lead}/holds", {"basis_no": "1", "reason": "法院调取"}, by="ofd", key="h")
    assert hold.status_code == 201
    assert await clock("2020-06-24") == 0, "an order to keep"
    release = await api.post(f"/intake/v1/holds/{hold.json()['id']}/release", {"reason": "法院已经审结"}, by="dpo")
    assert release.status_code == 200
    assert [await clock(day) for day in ("2020-06-23", "2020-06-24", "2020-06-24")] == [0, 2, 0]
    for each in (lead, repeat):
        left = (await shown(each))["content"]["persons"][0]
        assert (left["name"], left["id_number"], left["address"]) == ("被举报人乙", APART, APART)
    assert await api.rows("select subjects from reports") == [(b"",), (b"",)]
    assert await api.rows("select count(*) from audit_log where action = 'lead.retire-subjects'") == [(2,)]


@pytest.mark.rule("G24")
async def test_what_is_not_due_yet_keeps_nothing_that_is(new_api: NewApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api = await door(new_api)
    later, first = sorted([await reported(api), await reported(api)])
    await ended(api, later, "2018-07-23")
    await ended(api, first, "2018-06-23")
    monkeypatch.setattr("services.intake.usecases.keep_subjects.AT_ONCE", 1)
    async with api.app.state.database.transaction() as tx:
        assert await retire_subjects(tx, datetime(2020, 6, 24, 2, tzinfo=UTC)) == 1
    assert await api.rows("select lead_id from reports where subjects = ''") == [(first,)]


@pytest.mark.rule("G14")
async def test_expunging_destroys_the_box_also_one_that_a_backup_brings_back(new_api: NewApi) -> None:
    api = await door(new_api)
    lead = await reported(api)
    [(box,)] = await api.rows("select subjects from reports")
    await api.rows("update leads set status = 'expunged' where id = $1", lead)
    for _ in range(2):
        async with api.app.state.database.transaction() as tx:
            await destroy_texts(tx, lead)
        assert await api.rows("select content::text, subjects from reports") == [("{}", b"")]
        await api.rows("update reports set subjects = $1", box)
