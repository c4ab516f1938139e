"""Numbers of the reported lie sealed whatever door they came by; what lay in clear from before is taken apart by the owner's command."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import asyncpg
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from services.intake.api import seal_command
from services.intake.db import subjects
from services.intake.db.retention import destroy_texts
from services.intake.usecases.keep_subjects import retire_subjects, seal_anew
from services.intake.usecases.subject_store import SubjectKeys
from shared.contracts.envelope import SealedBox
from shared.db import Database
from shared.file_key import WrappingKey
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, opener, register
from tests.intake.api.test_ledgers import changed, send, table
from tests.intake.api.test_merges import PUBLIC, look
from tests.intake.api.test_subjects import ended
from tests.support.api import Api, settings_of
from tests.support.searching import everything, found_in
from tests.support.subjects import keys_of, wrapping

ID, PHONE, PLATE, USCC, CARD = (
    "999999198001010011",
    "13900000123",
    "陕A12345",
    "91999999MA0000001N",
    "6222021234567890123",
)
SECRETS = (ID, PHONE, PLATE, USCC, CARD, "139-0000-0123", "13700000456", "13700000789")
SAID = f"其证件{ID},电话{PHONE},车{PLATE},公司{USCC},账号{CARD}"
CLEAR = "其证件〔证件号码〕,电话〔电话〕,车〔车牌〕,公司〔信用代码〕,账号〔账号〕"
CALL: dict[str, Any] = {
    "external_no": "J-1",
    "called_at": "2018-06-01T09:30:00+08:00",
    "summary": f"强收费用,{SAID}",
    "place": "菜市场东门",
    "caller": {"name": "王小示", "phone": "13900001111"},
}
HASH = "a13900000999b".ljust(64, "0")
ON = {"X-Local-Clock": "2018-06-10T10:00:00+08:00"}


async def calls(api: Api, *versions: Any) -> list[str]:
    answer = await api.post("/intake/v1/police-calls", list(versions), by="m110", **ON)
    return [record["outcome"] for record in answer.json()["records"]]


async def through_all_doors(api: Api) -> dict[str, UUID]:
    """The same numbers by each door that is not the public's → the leads."""
    umbrella = {"description": "联系电话13700000456"}
    typed = await register(api, **PUBLIC, summary=f"强收费用,{SAID}", allegations=["打人", SAID], umbrella=umbrella)
    row = changed(线索摘要=f"强收费用,{SAID}")
    assert (await send(api, table(row).encode())).json()["taken"] == 1
    assert await calls(api, CALL, CALL | {"revision": 2, "place": "改在139-0000-0123家"}) == ["taken", "corrected"]
    assert await calls(api, CALL | {"revision": 3, "summary": "强收费用,电话13700000789"}) == ["corrected"]
    letter: dict[str, Any] = {
        "letter_no": "1",
        "sent_on": "2018-06-01",
        "reason": f"不属管辖,{SAID}",
        "summary": f"强收费用,{SAID}",
    }
    letter |= {"evidence": [{"name": f"{PHONE}的通话", "sha256": HASH}]}
    moved = await api.post("/intake/v1/transfers", letter, by="prt", key="t", **ON)
    assert moved.status_code == 201, moved.text
    task = {"title": "排查市场", "scope": "临江街", "unit": "GA", "due_on": "2018-07-01"}
    opened = await api.post("/intake/v1/screenings", task, by="ofd", key="s", **ON)
    path = f"/intake/v1/screenings/{opened.json()['id']}/findings"
    found = await api.post(path, {"summary": f"强收费用,{SAID}"}, by="unl", key="f", **ON)
    assert found.status_code == 201, found.text
    by_source = dict(await api.rows("select source, id from leads"))
    return {
        "typed": typed,
        "ledger": by_source["S"],
        "call": by_source["A"],
        "letter": UUID(moved.json()["lead_id"]),
        "finding": UUID(found.json()["lead_id"]),
    }


async def whole(api: Api, lead: UUID, door: str = "report") -> Any:
    return (await api.get(f"/intake/v1/leads/{lead}/{door}", by="ofd")).json()


async def shown(api: Api, leads: dict[str, UUID]) -> dict[str, Any]:
    """What the reading doors show whole."""
    found = {name: (await whole(api, lead))["content"] for name, lead in leads.items()}
    return found | {"call as it is": await whole(api, leads["call"], "police-call")}


async def must_be_sealed(api: Api) -> None:
    places = {"tables": await everything(api.copy.admin_url)}
    assert found_in(places, SECRETS) == []
    assert found_in(places, [HASH]) != [], "a hash is no number"


@pytest.mark.rule("G11")
async def test_by_whatever_door_numbers_lie_sealed_are_found_by_their_keys_and_reach_who_checks(
    new_api: NewApi, capfd: pytest.CaptureFixture[str]
) -> None:
    api = await new_api("intake")
    leads = await through_all_doors(api)
    await look(api)
    await must_be_sealed(api)
    for lead in leads.values():
        detail = (await api.get(f"/intake/v1/leads/{lead}", by="ana")).json()
        assert detail["summary"].split("\n")[0] == f"强收费用,{CLEAR}"
    # whole with a purpose, on record; what is said of officials to the director alone
    told = await shown(api, leads)
    assert {told[name]["summary"].split("\n")[0] for name in leads} == {f"强收费用,{SAID}"}
    assert (told["typed"]["allegations"], told["letter"]["transfer_reason"]) == (["打人", SAID], f"不属管辖,{SAID}")
    assert "13700000456" in told["typed"]["umbrella"]
    by_analyst = (await api.get(f"/intake/v1/leads/{leads['typed']}/report", by="ana")).json()["content"]
    assert by_analyst == {name: text for name, text in told["typed"].items() if name != "umbrella"}
    refused = await api.client.get(f"/intake/v1/leads/{leads['typed']}/report", headers=api.as_("ofd"))
    assert refused.status_code == 400
    # a call as it stands, and both corrections with the old and the new value
    call = told["call as it is"]
    assert (call["content"]["summary"], call["content"]["place"]) == ("强收费用,电话13700000789", "菜市场东门")
    assert [(each["field"], each["old"], each["new"]) for each in call["corrections"] if each["field"] != "caller"] == [
        ("place", "菜市场东门", "改在139-0000-0123家"),
        ("place", "改在139-0000-0123家", "菜市场东门"),
        ("summary", f"强收费用,{SAID}", "强收费用,电话13700000789"),
    ]
    # what is known is compared as it was told
    assert await calls(api, CALL | {"revision": 3, "summary": "强收费用,电话13700000789"}) == ["known"]
    assert await calls(api, CALL | {"revision": 3, "summary": "强收费用,电话13700000780"}) == ["refused"]
    row, more = changed(线索摘要=f"强收费用,{SAID}"), changed(上级编号="C20180601002")
    again = (await send(api, table(row, more).encode())).json()
    assert (again["taken"], again["known"], again["refused"]) == (1, 1, [])
    differs = (await send(api, table(changed(线索摘要=row[-1].replace(PHONE, "13900000124"))).encode())).json()
    assert [each["column"] for each in differs["refused"]] == ["线索摘要"]
    # search and repeats know each number by its key
    for number in (ID, PHONE, "139-0000-0123", PLATE, USCC, CARD):
        found = (await api.get(f"/intake/v1/search?text={quote(number)}", by="ana")).json()["items"]
        assert {UUID(each["id"]) for each in found} == set(leads.values()), number
    candidates = (await api.get(f"/intake/v1/leads/{leads['typed']}/candidates", by="ana")).json()
    assert {UUID(each["lead_id"]) for each in candidates} == set(leads.values()) - {leads["typed"]}
    assert "same_number" in [each["feature"] for each in candidates[0]["features"]]
    # the units are told; of officials discipline alone
    await classify(api, leads["typed"])
    assert (await assign(api, leads["typed"])).status_code == 200
    boxes = [
        SealedBox(key_id=key_id, box=box) for key_id, box in await api.rows("select key_id, box from outbox_sealed")
    ]
    sent = {
        receiver: json.dumps([opener(api, receiver).open(b) for b in boxes if b.key_id == key_id], ensure_ascii=False)
        for receiver in ("verification", "discipline")
        if (key_id := api.keys.box(receiver)["key_id"])
    }
    assert [number for number in (ID, PHONE, "13700000456") if number not in sent["verification"]] == ["13700000456"]
    assert [number for number in (ID, PHONE, "13700000456") if number not in sent["discipline"]] == []
    said = capfd.readouterr()
    assert found_in({"log": f"{said.out}{said.err}".encode()}, SECRETS) == []


def command(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "services.intake", "seal-stored"]
    return subprocess.run(run, env=os.environ | settings, capture_output=True, text=True, check=False, timeout=60)


def sealing(api: Api, keys: SubjectKeys) -> int:
    owner = Database(api.copy.owner_url, pool=1)
    return seal_command.main([], owner=owner, keys=keys, store=api.app.state.attachments)


async def test_the_owners_command_takes_apart_what_an_older_release_left_in_clear_and_the_second_time_nothing(
    new_api: NewApi, capfd: pytest.CaptureFixture[str]
) -> None:
    api = await new_api("intake")
    leads = await through_all_doors(api)
    keys = api.app.state.sealer.subjects
    rest = await register(api, **PUBLIC, summary="没有号码")
    expected, sealed = await shown(api, leads), await api.rows("select lead_id, part from subject_boxes order by 1, 2")
    # as an older release wrote it, in the index of the search, too
    for name, lead in leads.items():
        told = expected[name]
        umbrella = told.get("umbrella", "")
        await api.rows(
            "update leads set summary = $2, allegations = $3 where id = $1",
            lead,
            told["summary"],
            told.get("allegations", []),
        )
        await api.rows("update lead_umbrellas set told = $2 where lead_id = $1", lead, umbrella)
        await api.rows("update transfers set reason = $2 where lead_id = $1", lead, told.get("transfer_reason", ""))
    await api.rows(
        "update transfers set evidence = jsonb_set(evidence, '{0,name}', to_jsonb($1::text))", f"{PHONE}的通话"
    )
    call = expected["call as it is"]
    content = json.dumps(call["content"], ensure_ascii=False)
    await api.rows("update police_calls set content = $1::text::jsonb", content)
    for each in call["corrections"]:
        await api.rows(
            "update lead_corrections set old = to_jsonb($3::text), new = to_jsonb($4::text) where revision = $1 and field = $2",
            *(each[name] for name in ("revision", "field", "old", "new")),
        )
    await api.rows("delete from subject_boxes")
    await look(api)
    assert PHONE.encode() in await everything(api.copy.admin_url)
    await api.rows("update leads set status = 'sealed' where id = $1", leads["finding"])
    await api.rows("delete from lead_search where lead_id = $1", leads["finding"])

    # as an operator runs it
    whole_run = await asyncio.to_thread(command, settings_of("intake", api.keys, api.copy))
    assert json.loads(whole_run.stdout) == {
        "leads": len(leads) + 1,
        "sealed": len(leads),
        "files": 0,
    }, whole_run.stderr
    assert await asyncio.to_thread(sealing, api, keys) == 0
    assert json.loads(capfd.readouterr().out.splitlines()[-1]) == {"leads": len(leads) + 1, "sealed": 0, "files": 0}
    assert await api.rows("select lead_id, part from subject_boxes order by 1, 2") == [
        row for row in sealed if row[1] not in ("call-1", "call-2")
    ]
    waiting = {lead for (lead,) in await api.rows("select lead_id from repeat_pending")}
    assert waiting == set(leads.values()) - {leads["finding"]}, "whoever is found no more is not found again (G14)"
    await look(api)
    await must_be_sealed(api)
    await api.rows("update leads set status = 'received' where id = $1", leads["finding"])
    assert await shown(api, leads) == expected
    assert rest not in waiting
    # a rule that knows more numbers adds to a box; one that no key opens stands in the way, and nothing is written over
    await api.rows("update leads set allegations = $2 where id = $1", leads["typed"], ["打人", f"{CLEAR}和{PHONE}"])
    assert await asyncio.to_thread(sealing, api, keys_of("other")) == 1
    assert "a key is missing" in capfd.readouterr().err
    assert await asyncio.to_thread(sealing, api, keys) == 0
    assert (await whole(api, leads["typed"]))["content"] == expected["typed"]
    # intake's own role changes no text and no box
    connection = await asyncpg.connect(api.copy.url)
    for statement in (
        "update subject_boxes set box = ''",
        "delete from subject_boxes",
        "update leads set summary = ''",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


def value(name: str) -> float:
    return REGISTRY.get_sample_value(f"xiansuo_{name}") or 0.0


@pytest.mark.rule("G14", "G24")
async def test_boxes_follow_their_key_are_seen_without_it_and_go_with_their_time_and_lead(new_api: NewApi) -> None:
    api = await new_api("intake")
    one = await register(api, **PUBLIC, summary=f"一,{SAID}")
    other = await register(api, **PUBLIC, summary=f"二,{SAID}")
    local = api.app.state.sealer.subjects
    before = await api.rows("select box from subject_boxes order by box")

    async def turn(keys: SubjectKeys) -> tuple[int, float]:
        async with api.app.state.database.transaction() as tx:
            done = await seal_anew(tx, keys)
        return done, value("subject_boxes_unreadable")

    # no key of this worker has sealed them: nothing is touched, the operator sees how many; what is asked for is shown without
    assert await turn(keys_of("new")) == (0, 2.0)
    assert await api.rows("select box from subject_boxes order by box") == before
    shut = value("subject_boxes_shut_total")
    api.app.state.sealer.subjects = keys_of("new")
    assert (await whole(api, one))["content"]["summary"] == f"一,{CLEAR}"
    assert value("subject_boxes_shut_total") > shut
    api.app.state.sealer.subjects = local
    # a newer key
    here = SecretStr(api.keys.digest_key("subjects"))
    both = SubjectKeys([*wrapping("new"), WrappingKey(key_id="local-1", key=here)])
    assert await turn(both) == (2, 0.0)
    assert await turn(both) == (0, 0.0)
    api.app.state.sealer.subjects = keys_of("new")
    assert (await whole(api, one))["content"]["summary"] == f"一,{SAID}"
    # each look by the mark of a key goes by an index
    connection = await asyncpg.connect(api.copy.admin_url)
    await connection.execute("set enable_seqscan = off")
    for query in (subjects._SEALED_BY, *subjects._ALL_MARKS):
        statement = query.text.replace(":marks", "'{}'::bytea[]").replace(":most", "1")
        plan = str(await connection.fetch(f"explain {statement}"))
        assert "Seq Scan" not in plan
        assert "ix_reports_subjects_key" in plan or "ix_subject_boxes_key" in plan
    await connection.close()
    # in time, and with its lead
    await ended(api, one, "2018-06-23")
    async with api.app.state.database.transaction() as tx:
        assert await retire_subjects(tx, datetime(2020, 6, 24, 2, tzinfo=UTC)) == 1
    assert await api.rows("select lead_id from subject_boxes") == [(other,)]
    await api.rows("update leads set status = 'expunged' where id = $1", other)
    async with api.app.state.database.transaction() as tx:
        await destroy_texts(tx, other)
    assert await api.rows("select * from subject_boxes") == []
