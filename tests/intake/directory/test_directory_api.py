"""The directory through its doors: its keeper alone changes it, a file comes in row by row, and every state stays."""

import asyncio
import io
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from openpyxl import load_workbook

from deploy.local.demo.directory import Row, sheets, write_directory
from services.intake.consumer import OWN
from services.intake.domain.directory_file import Sheet
from services.intake.domain.lead_states import ACTIVE, Status
from shared.contracts.catalogue import BY_TYPE
from shared.inbox import Received
from tests.conftest import NewApi
from tests.intake.api.test_leads import classify, register
from tests.support.api import Api
from tests.support.builders import NOON

BASE = "/intake/v1/directory"
ON = "2018-03-01T09:00:00+08:00"
GA = {"name": "公安分局", "kind": "police", "building": "GA-1", "from_on": "2018-03-01", "reason": "登记机构"}
ROLES = ("icl", "rvk", "ana", "ofd", "sup", "p1", "p6", "unl", "dcm", "dld", "edt", "ldr", "aud", "adm", "dpo")


ROWS: dict[Sheet, list[Row]] = {
    "units": sheets()["units"][:31],
    "staff": sheets()["staff"][:6],
    "placements": sheets()["placements"][:6],
}


async def bring(api: Api, content: bytes, *, key: str, by: str = "dir") -> httpx.Response:
    headers = api.as_(by, **{"Idempotency-Key": key, "X-Local-Clock": ON})
    files = {"file": ("名册.xlsx", content)}
    return await api.client.post(f"{BASE}/imports", files=files, data={"reason": "登记名册"}, headers=headers)


async def put(api: Api, path: str, body: Any, *, by: str = "dir") -> httpx.Response:
    return await api.client.put(f"{BASE}/{path}", json=body, headers=api.as_(by, **{"X-Local-Clock": ON}))


@pytest.mark.rule("M10", "M11")
async def test_a_file_is_taken_row_by_row_and_again_changes_nothing(new_api: NewApi, tmp_path: Path) -> None:
    api = await new_api("intake")
    write_directory(tmp_path / "d.xlsx", ROWS)
    whole = sum(map(len, ROWS.values()))
    content = (tmp_path / "d.xlsx").read_bytes()
    first = await bring(api, content, key="1")
    assert (first.status_code, first.json()["refused"]) == (200, [])
    assert first.json()["taken"] + first.json()["known"] == whole
    assert (await bring(api, content, key="2")).json() == {"taken": 0, "known": whole, "refused": []}
    said = await api.rows("select convert_from(value, 'UTF8') from outbox where topic = 'intake.directory'")
    assert len(said) == first.json()["taken"]
    assert not [text for (text,) in said if "虚构人员" in text], "a person's name never leaves intake"
    # the same file with one row spoilt, one changed, one that stands before its superior
    book = load_workbook(io.BytesIO(content))
    book["人员"]["B2"], book["人员"]["E3"] = None, "2018-02-01"
    book["单位"].insert_rows(2)
    for place, value in enumerate(("NEW1", "某街道派出所", "派出所", "NEW2", None, "2018-03-01"), 1):
        book["单位"].cell(2, place, value)
    book["单位"].append(("NEW2", "某分局", "公安机关", None, None, "2018-03-01"))
    book["任职"].append(("SB-999", "SB", "主任", "任职", "2018-03-01"))
    out = io.BytesIO()
    book.save(out)
    answer = (await bring(api, out.getvalue(), key="3")).json()
    assert answer["taken"] == 3
    assert [(c["sheet"], c["row"], c["column"]) for c in answer["refused"]] == [
        ("人员", 2, "姓名"),
        ("任职", len(ROWS["placements"]) + 2, "人员编号"),
    ]
    lines = (await api.get(f"{BASE}/staff/SB-002/history", by="dir")).json()
    assert [line["content"]["pledged_on"] for line in lines] == ["2018-03-01", "2018-02-01"]


async def test_a_sheet_as_csv_in_either_encoding_and_what_is_no_directory_with_its_reason(new_api: NewApi) -> None:
    api = await new_api("intake")
    text = "单位代码,单位名称,机构类别,上级单位,起始日期\nTEST1,某局,公安机关,,2018-03-01\nTEST2,某所,派出所,TEST1,2018-03-01\n"
    for key, encoding, counts in (("1", "gb18030", (2, 0)), ("2", "utf-8-sig", (0, 2))):
        answer = (await bring(api, text.encode(encoding), key=key)).json()
        assert (answer["taken"], answer["known"], answer["refused"]) == (*counts, [])
    for number, content in enumerate((b"", b"PK\x03\x04nonsense", "上级编号,摘要\n1,2\n".encode())):
        refused = await bring(api, content, key=f"bad-{number}")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "file")


@pytest.mark.rule("M10")
async def test_nobody_but_the_keeper_changes_it_and_names_are_for_the_keeper(new_api: NewApi) -> None:
    api = await new_api("intake")
    for role in ROLES:
        assert (await put(api, "units/TEST1", GA, by=role)).status_code == 403, role
        assert (await bring(api, b"x", key=role, by=role)).status_code == 403, role
        assert (await api.get(f"{BASE}/staff", by=role)).status_code == 403, role
    assert (await put(api, "units/TEST1", GA)).status_code == 200
    reading = {role: (await api.get(f"{BASE}/units", by=role)).status_code for role in ROLES}
    assert {role for role, status in reading.items() if status == 200} == {"icl", "ana", "ofd", "sup", "ldr"}


async def test_a_person_comes_changes_place_and_every_state_stays(new_api: NewApi) -> None:
    api = await new_api("intake")
    await put(api, "units/TEST1", GA)
    await put(api, "units/TEST2", {**GA, "name": "某派出所", "kind": "police_station", "superior": "TEST1"})
    someone = {"name": "虚构人员", "home_unit": "TEST1", "from_on": "2018-03-01", "reason": "到岗"}
    place = {"unit": "TEST2", "post": "officer", "kind": "post", "from_on": "2018-03-01", "reason": "任职"}
    for _ in range(2):
        assert (await put(api, "staff/te-1", someone)).status_code == 200
        assert (await put(api, "staff/TE-1/placements", place)).status_code == 200
    ended = (await put(api, "staff/TE-1/placements", {**place, "to_on": "2018-06-01"})).json()
    assert [(one["unit"], one["to_on"]) for one in ended["placements"]] == [("TEST2", "2018-06-01")]
    assert (await put(api, "staff/TE-1", {**someone, "pledged_on": "2018-03-01"})).json()["pledged_on"] == "2018-03-01"
    lines = (await api.get(f"{BASE}/staff/TE-1/history", by="dir")).json()
    assert [(line["version"], line["reason"], line["actor"]) for line in lines] == [
        (1, "到岗", "dir"),
        (2, "到岗", "dir"),
    ]
    said = await api.rows("select type, sequence from outbox where topic = 'intake.directory' order by position")
    assert [(kind.split(".")[3], number) for kind, number in said][2:] == [
        ("staff-recorded", 1),
        ("placement-recorded", 1),
        ("placement-recorded", 2),
        ("staff-recorded", 2),
    ]
    deeds = await api.rows("select action from audit_log where action like 'directory.%' order by position")
    assert len(deeds) == len(said)
    found = (await api.get(f"{BASE}/staff?unit=TEST2", by="dir")).json()["items"]
    assert [one["staff"] for one in found] == ["TE-1"]
    assert (await api.get(f"{BASE}/staff/TE-2", by="dir")).status_code == 404


async def test_two_changes_that_would_close_a_ring_do_not_both_stand(new_api: NewApi) -> None:
    api = await new_api("intake")
    for code in ("TEST1", "TEST2"):
        await put(api, f"units/{code}", GA)
    done = await asyncio.gather(
        put(api, "units/TEST1", {**GA, "superior": "TEST2"}), put(api, "units/TEST2", {**GA, "superior": "TEST1"})
    )
    assert sorted(answer.status_code for answer in done) == [200, 422]
    [refused] = [answer.json() for answer in done if answer.status_code == 422]
    assert refused["errors"][0]["field"] == "superior"


async def test_the_service_itself_can_delete_nothing_of_it(new_api: NewApi) -> None:
    api = await new_api("intake")
    connection = await asyncpg.connect(api.copy.url)
    try:
        for table in ("directory_units", "directory_staff", "directory_placements", "directory_history"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"delete from {table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("update directory_history set reason = ''")
    finally:
        await connection.close()


@pytest.mark.rule("M10")
async def test_who_leaves_loses_access_and_placements_and_the_work_in_hand_is_listed(new_api: NewApi) -> None:
    api = await new_api("intake")
    await put(api, "units/TEST1", GA)
    someone = {"name": "虚构", "home_unit": "TEST1", "account": "ana", "from_on": "2018-03-01", "reason": "到岗"}
    await put(api, "staff/TE-1", someone)
    for start, end in (("2018-03-01", None), ("2018-03-02", "2018-04-01"), ("2018-09-01", None)):
        place = {"unit": "TEST1", "post": "analysis", "kind": "post", "from_on": start, "to_on": end, "reason": "任职"}
        await put(api, "staff/TE-1/placements", place)
    lead, other = await register(api), await register(api, upstream_no="C2")
    assert (await classify(api, lead)).status_code == 200
    path = f"{BASE}/staff/TE-1"
    clock = {"X-Local-Clock": ON}
    left = {"left_on": "2018-06-01", "reason": "调离"}
    assert (await api.post(f"{path}/departure", left, by="ofd", **clock)).status_code == 403
    assert (await api.post(f"{BASE}/staff/TE-9/departure", left, by="dir", **clock)).status_code == 404
    early = await api.post(f"{path}/departure", {**left, "left_on": "2018-03-01"}, by="dir", **clock)
    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "to_on")
    for _ in range(2):
        done = (await api.post(f"{path}/departure", left, by="dir", **clock)).json()
        assert [one["to_on"] for one in done["placements"]] == ["2018-06-01", "2018-04-01", None]
        assert done["to_on"] == "2018-06-01"
    deeds = "select count(*) from audit_log where action = 'directory.depart-staff'"
    assert await api.rows(deeds) == [(1,)]
    assert [one["lead_id"] for one in (await api.get(f"{path}/open-work", by="ofd")).json()["items"]] == [str(lead)]
    assert lead != other
    # only where it stands is asked here, not what else must hold of it there
    held = await api.rows("select conname from pg_constraint where conrelid = 'leads'::regclass and contype = 'c'")
    for (name,) in held:
        await api.rows(f"alter table leads drop constraint {name}")
    for status in Status:
        await api.rows(f"update leads set status = '{status}' where id = '{lead}' returning id")
        listed = (await api.get(f"{path}/open-work", by="ofd")).json()["items"]
        # until it is closed something is to be done with it, also when it is found out and its reporter is still to be told
        assert [one["status"] for one in listed] == [status] * (status in ACTIVE), status
    assert (await api.get(f"{path}/open-work", by="icl")).status_code == 403
    api.app.state.departures._looked = float("-inf")  # a second has gone by
    refused = await api.get("/intake/v1/leads", by="ana")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_after_a_restore_it_stands_again_from_what_was_said_but_for_the_names(
    new_api: NewApi, tmp_path: Path
) -> None:
    before, after = await new_api("intake"), await new_api("intake")
    write_directory(tmp_path / "d.xlsx", ROWS)
    await bring(before, (tmp_path / "d.xlsx").read_bytes(), key="1")
    said = await before.rows(
        "select type, subject, sequence, id, convert_from(value, 'UTF8') from outbox where topic = 'intake.directory'"
        " order by subject, sequence"  # as `ops accept-restore` does: a unit may come before its superior
    )
    async with after.app.state.database.transaction() as tx:
        for kind, subject, number, event_id, value in said:
            received = Received(event_id, kind, "intake.directory", subject, number, "999999", NOON, NOON)
            event = BY_TYPE[kind].model_validate_json(value)
            await OWN[type(event)](tx, event, received)
    columns = {
        "directory_units": "code, name, kind, superior, building, from_on, to_on",
        "directory_staff": "staff, account, home_unit, pledged_on, from_on, to_on",
        "directory_placements": "id, staff, unit, post, kind, from_on, to_on",
        "staff_accounts": "account, staff, ends_at",
    }
    for table, names in columns.items():
        rows = [await api.rows(f"select {names} from {table} order by 1") for api in (before, after)]
        assert rows[0] == rows[1], table
    assert await after.rows("select distinct name from directory_staff") == [("姓名随数据库恢复遗失",)]
