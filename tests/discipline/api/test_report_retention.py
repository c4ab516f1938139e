"""Reports past the office are destroyed when their time is over, at discipline and at intake, and stay so; a hold stops it (G24, G22)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from sqlalchemy.types import Text

from services.discipline.db.report_tables import report_holds
from services.discipline.db.tables import metadata
from services.discipline.domain.report import Status
from services.discipline.usecases.keep_retention import destroy_late, expunge_due, forget_reasons
from services.intake.usecases.follow_passed import destroy_late as destroy_late_at_intake
from shared import departures
from shared.contracts.discipline import LetterSent, ReportExpunged, ReportNumbered
from shared.contracts.envelope import SealedBox
from shared.contracts.legal_holds import (
    DisciplineLegalHoldReleased,
    DisciplineLegalHoldSet,
    LegalHoldReleased,
    LegalHoldSet,
)
from shared.contracts.passed import LetterPassed, ReportPassed
from shared.deadlines import china_date
from shared.legal_holds import LOST
from tests.conftest import NewApi
from tests.discipline.api.test_report_letters import NEXT, RESULT, Case, case
from tests.intake.api.test_passed_reports import OFFICE, ON
from tests.support.api import Api
from tests.support.builders import DAY, NOON
from tests.support.hearing import Hearing
from tests.support.reporting import status, write
from tests.support.restored import relearn
from tests.support.searching import everything

HOLD = {"basis_no": "2018刑初1号", "reason": "法院调取在案"}
RELEASE = {"reason": "案件已审结"}
WHY = {"purpose": "contact", "reason": "补充了解受理情况", "minutes": 30}
BOX = SealedBox(key_id="k", box="Qk9YIG9mIGEgcmVwb3J0")
COUNTS = "select (select count(*) from reports), (select count(*) from report_history), (select count(*) from report_letters)"
STAYS = {
    "reports": "region_code number status outcome told_how",
    "report_history": "status actor",
    "report_numbers": "region_code",
    "report_openings": "purpose asked_by state decided_by ended_by",
    "report_readings": "reader",
    "report_letters": "writer kind written_by",
    "report_holds": "basis_no set_by released_by",
}
"""Columns of codes, numbers and accounts, which stay: what counts are made of, and who did what."""


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T02:00:00").replace(tzinfo=UTC)


async def look(api: Api, on: str) -> int:
    async with api.app.state.database.transaction() as tx:
        return await expunge_due(tx, day(on))


async def refuses(api: Api, *statements: str) -> None:
    """The service's own role can do none of this."""
    async with api.app.state.database.engine.connect() as connection:
        for statement in statements:
            with pytest.raises(Exception, match=r"not expunged|permission denied"):
                await connection.exec_driver_sql(statement)
            await connection.rollback()


async def boxes_of(api: Api, table: str) -> list[str]:
    return [box for (box,) in await api.rows(f"select box from {table} where box is not null")]


async def a_hold_stops_it(one: Case) -> None:
    """An order to keep, by those who may, ended by another."""
    discipline = one.both.discipline
    for account in (*OFFICE, "dcm", "unl", "aud"):
        assert (await discipline.post(f"{one.path}/holds", HOLD, by=account, key="h")).status_code == 403, account
    hold = (await discipline.post(f"{one.path}/holds", HOLD, by="dhd", key="h", **NEXT)).json()
    twice = await discipline.post(f"{one.path}/holds", HOLD, by="dld", key="h2", **NEXT)
    assert twice.status_code == 409, "it stands already"
    assert (await one.get())["kept_until"] is None
    assert await look(discipline, "2020-06-05") == 0, "held"
    release = f"/discipline/v1/holds/{hold['id']}/release"
    assert (await discipline.post(release, RELEASE, by="dhd")).status_code == 403
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(departures, "EVERY", 0.0)
        await discipline.rows("insert into staff_accounts (account, staff) values ('dhd', 'JW-1'), ('dld', 'JW-1')")
        assert (await discipline.post(release, RELEASE, by="dld", **NEXT)).status_code == 403, "one person's accounts"
        await discipline.rows("delete from staff_accounts")
        assert (await discipline.get(f"{one.path}/holds", by="dcm")).status_code == 200
    assert (await discipline.post(release, RELEASE, by="dld", **NEXT)).json()["released_by"] == "dld"
    assert (await discipline.post(release, RELEASE, by="dld")).status_code == 409
    assert [kept["id"] for kept in (await discipline.get(f"{one.path}/holds", by="dcm")).json()] == [hold["id"]]


async def secrets_of(one: Case) -> list[bytes]:
    """All boxes and marks of it, at both services."""
    intake, discipline = one.both.intake, one.both.discipline
    marks = await intake.rows("select code_mark, receipt_mark from passed_reports")
    theirs = [
        *(await boxes_of(discipline, "reports") + await boxes_of(discipline, "report_letters")),
        *(await boxes_of(discipline, "outbox_sealed") + await boxes_of(intake, "outbox_sealed")),
        *(await boxes_of(intake, "passed_letters")),
    ]
    return [box.encode() for box in theirs] + [mark for row in marks for mark in row]


async def only_days_and_numbers_are_left(one: Case) -> None:
    """Who asks is told what is left."""
    intake, discipline = one.both.intake, one.both.discipline
    days = "select received_on::text, accepted_on::text, ended_on::text, expunged_on::text from passed_reports"
    assert await intake.rows(days) == [("2018-06-01", "2018-06-01", "2018-06-01", "2020-06-05")]
    detail = await one.get()
    assert (detail["content"], detail["outcome"], detail["expunged_on"]) == (None, "four_forms", "2020-06-05")
    assert [(item["kind"], item["text"]) for item in (await one.get("/letters"))["items"]] == [
        ("opening", None),
        ("result", None),
        ("message", None),
    ]
    assert (await discipline.get(f"{one.path}/holds", by="dcm")).json()[0]["reason"] == ""
    assert (await discipline.post(f"{one.path}/holds", HOLD, by="dhd", key="h2")).status_code == 409
    assert (await status(intake.client, **one.mine)).status_code == 404
    assert (await write(intake.client, one.mine | {"text": "还在吗"}, **NEXT)).status_code == 404


async def reasons_go_after_their_own_time(discipline: Api) -> None:
    """Why the reporter was opened."""

    async def reasons(on: str) -> int:
        async with discipline.app.state.database.transaction() as tx:
            return await forget_reasons(tx, day(on))

    assert [await reasons(on) for on in ("2021-06-01", "2021-06-02", "2021-06-03")] == [0, 1, 0]
    left = await discipline.rows("select asked_by, purpose, reason, decision_reason from report_openings")
    assert left == [("dhd2", "contact", "", None)]


async def nothing_comes_back(one: Case) -> None:
    """What is heard again, late, or waits in an inbox."""
    intake, discipline = one.both.intake, one.both.discipline
    hearing, at_intake = Hearing(discipline, "discipline"), Hearing(intake, "intake")
    report_id = UUID(one.id)
    letters = hearing.number(*[LetterPassed(report_id=report_id, on=DAY, sealed=BOX) for _ in range(5)])
    await hearing.take(letters[3:])
    sent = at_intake.number(*[LetterSent(report_id=report_id, number=9, on=DAY, sealed=BOX) for _ in range(5)])
    await at_intake.take(sent[3:])
    assert BOX.box.encode() in await everything(discipline.copy.admin_url), "it waits, held"
    assert BOX.box.encode() in await everything(intake.copy.admin_url)
    async with discipline.app.state.database.transaction() as tx:
        await destroy_late(tx, day("2020-06-07"))
    async with intake.app.state.database.transaction() as tx:
        await destroy_late_at_intake(tx, day("2020-06-07"))
    for api in (discipline, intake):
        assert BOX.box.encode() not in await everything(api.copy.admin_url)
    assert await intake.rows("select count(*) from passed_letters") == [(0,)]


@pytest.mark.rule("G24", "G22", "G10")
async def test_content_reporter_and_letters_go_two_years_after_its_rest_on_both_sides_and_never_under_a_hold(
    new_api: NewApi,
) -> None:
    one = await case(new_api)
    intake, discipline = one.both.intake, one.both.discipline
    opening = (await discipline.post(f"{one.path}/openings", WHY, by="dhd2", key="o", **ON)).json()["id"]
    await discipline.post(
        f"/discipline/v1/openings/{opening}/decision", {"grant": True, "reason": WHY["reason"]}, by="dld", **ON
    )
    await one.say("acceptance", None, "dcm", **ON)
    await one.say("outcome", {"outcome": "four_forms"}, "dhd", **ON)
    await one.say("letters", RESULT, "dhd", **ON)
    await one.thread(NEXT)
    await write(intake.client, one.mine | {"text": "谢谢"}, **NEXT)
    await one.both.bring()
    # what was heard in this test was heard today
    await discipline.rows("update report_history set recorded_at = '2018-06-04T02:00:00Z'")
    detail = await one.get()
    assert (detail["kept_until"], detail["expunged_on"]) == ("2020-06-04", None)
    periods = (await discipline.get("/discipline/v1/retention", by="dcm")).json()
    assert [(period["record"], period["number"], period["unit"]) for period in periods] == [
        ("report", 24, "M"),
        ("opening", 36, "M"),
    ]
    assert all("§4.14" in period["basis"] for period in periods)

    await refuses(
        discipline,
        f"select expunge_report('{one.id}')",
        "update report_letters set box = null, key_id = null",
        "update report_holds set reason = ''",
        "delete from expunged_reports",
    )
    await refuses(intake, "update passed_reports set code_mark = null", "delete from passed_letters")

    await a_hold_stops_it(one)
    secrets = await secrets_of(one)
    assert len(secrets) == 1 + 3 + 2 + 2 + 3 + 2, "the report; an opening, the result, the thanks; at each place"
    before = await discipline.rows(COUNTS)
    assert await look(discipline, "2020-06-04") == 0, "its last day"
    assert await look(discipline, "2020-06-05") == 1
    assert await look(discipline, "2020-06-06") == 0, "once"
    [told] = await one.both.bring()
    assert told == ReportExpunged(report_id=UUID(one.id), on=day("2020-06-05").date())
    for api in (intake, discipline):
        kept = await everything(api.copy.admin_url)
        assert [secret for secret in secrets if secret in kept] == []
    assert "passed" not in str(await intake.rows("select action from audit_log")), "a row would be a count"
    actions = await discipline.rows("select action from audit_log where action = 'report.expunge'")
    assert actions == [("report.expunge",)]

    assert await discipline.rows(COUNTS) == before
    await only_days_and_numbers_are_left(one)
    await reasons_go_after_their_own_time(discipline)
    await nothing_comes_back(one)


@pytest.mark.rule("G24")
async def test_only_what_came_to_rest_is_destroyed_and_a_restored_database_destroys_it_again(new_api: NewApi) -> None:
    api = await new_api("discipline")
    hearing = Hearing(api, "discipline")
    ids = {each: uuid4() for each in Status}
    await hearing.tell(*[ReportPassed(report_id=one, received_on=DAY, sealed=BOX) for one in ids.values()])
    await api.rows("update report_history set recorded_at = '2018-06-04T02:00:00Z'")
    for each, one in ids.items():
        await api.rows(STAND[each], each.value, one)
    # a letter begins the time anew
    await hearing.tell(LetterPassed(report_id=ids[Status.TOLD], on=day("2018-07-02").date(), sealed=BOX))
    assert [await look(api, on) for on in ("2020-06-05", "2020-07-02", "2020-07-03")] == [1, 0, 1]
    gone = await api.rows("select status from reports where box is null order by status")
    assert gone == [("ended",), ("told",)], "work that goes on, and an objection that waits, are kept"

    # the backup does not know it: the box that it has goes, and one that comes again is not kept
    known, unknown = ids[Status.ACCEPTED], uuid4()
    for one in (known, unknown):
        await relearn(api, "discipline", ReportExpunged(report_id=one, on=DAY))
    await hearing.tell(ReportPassed(report_id=unknown, received_on=DAY, sealed=BOX))
    await hearing.tell(*[LetterPassed(report_id=one, on=DAY, sealed=BOX) for one in (known, unknown)])
    kept = await api.rows("select count(*) from reports where id = any($1) and box is not null", [known, unknown])
    assert kept == [(0,)]
    assert await api.rows("select count(*) from report_letters where box is not null") == [(0,)]


@pytest.mark.rule("G24", "G22")
async def test_a_restored_database_knows_the_numbers_and_the_orders_to_keep_that_it_has_lost(new_api: NewApi) -> None:
    api = await new_api("discipline")
    hearing = Hearing(api, "discipline")
    today = china_date(datetime.now(UTC))
    first, second, third, over = [uuid4() for _ in range(4)]
    lost = [(second, 1, True), (first, 2, False), (over, 3, True)]
    await relearn(
        api,
        "discipline",
        *[ReportNumbered(report_id=one, on=today, place=place) for one, place, _ in lost],
        *[kept(DisciplineLegalHoldSet, one) for one, _, held in lost if held],
        kept(DisciplineLegalHoldReleased, over),
    )
    # they come again in another order, and one is new
    await hearing.tell(
        *[ReportPassed(report_id=one, received_on=DAY, sealed=BOX) for one in (third, over, first, second)]
    )
    numbers = dict(await api.rows("select id, substr(number, 18, 6) from reports"))
    assert numbers == {second: "000001", first: "000002", over: "000003", third: "000004"}
    said = (
        "select subject::uuid from outbox where type = 'xiansuo.discipline.report.numbered.v1' order by position desc"
    )
    assert (await api.rows(said))[0] == (third,)
    for one in (second, over):
        await api.rows(STAND[Status.ENDED], "ended", one)
    await api.rows("update report_history set recorded_at = '2018-06-04T02:00:00Z'")
    assert await look(api, "2020-06-05") == 1, "one is under an order still"
    assert await api.rows("select id from reports where box is null") == [(over,)]
    [hold] = (await api.get(f"/discipline/v1/reports/{second}/holds", by="dcm")).json()
    assert (hold["report_id"], hold["basis_no"], hold["set_by"]) == (str(second), LOST, "lost")
    door = f"/discipline/v1/reports/{second}/holds"
    assert (await api.post(door, HOLD, by="dhd", key="h", **NEXT)).status_code == 201, "by its document again"
    assert (await api.post(f"/discipline/v1/holds/{hold['id']}/release", RELEASE, by="dhd")).status_code == 200


def kept(kind: type[LegalHoldSet | LegalHoldReleased], report_id: UUID) -> LegalHoldSet | LegalHoldReleased:
    return kind(kept=report_id, hold_id=uuid5(report_id, "hold"), effective_at=NOON)


STAND: dict[Status, str] = {
    Status.ARRIVED: "update reports set status = $1 where id = $2",
    Status.ACCEPTED: "update reports set status = $1, accepted_on = '2018-06-04' where id = $2",
}
_ENDED = "update reports set status = $1, accepted_on = '2018-06-04', ended_on = '2018-06-04', outcome = 'shelved'"
STAND[Status.ENDED] = f"{_ENDED} where id = $2"
STAND[Status.TOLD] = f"{_ENDED}, told_on = '2018-06-04', told_how = 'post' where id = $2"
STAND[Status.OBJECTED] = (
    f"{_ENDED}, told_on = '2018-06-04', told_how = 'post', objected_on = '2018-06-04', decide_by = '2018-07-04' where id = $2"
)


def test_no_text_about_a_report_is_forgotten() -> None:
    destroyed: dict[str, set[str]] = {
        "reports": {"key_id", "box"},
        "report_letters": {"key_id", "box"},
        "report_holds": {"reason", "release_reason"},
        "report_openings": {"reason", "decision_reason"},
    }
    ours: list[Any] = [table for table in metadata.sorted_tables if table.name.startswith("report")]
    assert report_holds.table in ours
    for table in ours:
        texts = {column.name for column in table.columns if isinstance(column.type, Text)}
        placed = set(STAYS.get(table.name, "").split()) | destroyed.get(table.name, set())
        assert texts == placed, f"{table.name}: say when it is destroyed, or why it stays"
