"""Sealing and destruction: by the clock, by two people, never under a hold, whole, also on a restored backup; counts stay (G14, G24)."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import LargeBinary, Text

from services.intake.db.tables import metadata
from services.intake.usecases.keep_retention import propose_sealing
from shared.contracts import verification as said
from shared.legal_holds import LOST
from shared.relay import Relay
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import PUBLIC, do, events, hear, on
from tests.intake.api.test_merges import look, merge, undo
from tests.support.api import Api
from tests.support.backups import dump
from tests.support.kafka import Broker
from tests.support.restored import accept, go_back, silence
from tests.support.running import until

MARK = "标记乙丙丁"
WHY = {"reason": "保存期限已满,按规定办理"}
SIGNED: dict[str, Any] = {"unit": "GA", "verifier_count": 2, "plan_on_file": True, "recusals_on_file": True}

KEPT = {
    "begun_folders": "names of folders of the store, until a row has them or the clock removed them",
    "call_back_draws": "of no lead; what a draw is recomputed from",
    "call_backs": "codes and a random name on a list, without which a published draw could not be recomputed",
    "circle_marks": "of no lead; keyed hashes of what staff declared, until their account ends",
    "daily_digests": "how many leads a day's list had, and who closed it: what the office did, like the audit",
    "digest_leads": "codes",
    "class_suggestions": "codes, and words of the rubric",
    "code_entries": "of no lead",
    "code_versions": "of no lead",
    "conclusions": "a code and a unit",
    "deadline_steps": "codes",
    "deadlines": "codes",
    "directory_history": "of no lead",
    "directory_placements": "of no lead",
    "directory_staff": "of no lead",
    "directory_units": "of no lead",
    "dual_assignments": "codes",
    "dual_contacts": "accounts",
    "dual_holds": "codes and days",
    "dual_requests": "codes and days",
    "door_buckets": "keyed hashes and instants, an hour at most",
    "expunge_plan": "of no lead",
    "feedbacks": "a code",
    "gateway_messages": "sealed while a clerk has not decided, then empty: what became a lead lies with the lead",
    "handovers": "numbers and days of letters",
    "holiday_notices": "of no lead",
    "impact_assessments": "of no lead; kept three years at least (D33)",
    "invitations": "codes and days; when and where lies in the mailbox",
    "lead_numbers": "of no lead",
    "lost_receipts": "keyed hashes",
    "ledger_progress": "of no lead; numbers of an import, until it ends",
    "ledgers": "rows that were refused by number and reason, never a cell's content",
    "major_seen": "accounts and instants: who was told",
    "objections": "codes and days; what they say lies in the mailbox",
    "passed_letters": "of no lead; boxes that the reporter's code alone opens",
    "re_examinations": "codes",
    "redactions": "where something was blackened: numbers and codes",
    "refused_calls": "number, field and reason, never what was sent",
    "refused_messages": "field and reason, never what was sent",
    "reporter_openings": "a day and a code of purpose",
    "saved_searches": "conditions of a clerk, of no lead",
    "screenings": "a task for a unit, of no lead",
    "sheet_prints": "who printed when",
    "superior_replies": "numbers and days of letters, what N07 is answered with",
    "spent_challenges": "hashes of no report",
    "vault.dpo_notices": "codes",
    "vault.openings": "the vault's own record of who opened what and why, kept like the audit (≥ 3 years)",
    "vault.readings": "who read when",
    "vault.shreddings": "the vault's own record of what was destroyed and why",
}
"""Tables of which nothing is destroyed with a lead, and why."""
CODES = frozenset(
    {
        *(
            "action",
            "actor",
            "areas",
            "asked_by",
            "basis_no",
            "channel",
            "ciphertext",
            "code_mark",
            "decided_by",
            "decider",
            "decision",
            "receipt_files",
            "result_files",
        ),
        *(
            "earlier_units",
            "ground",
            "grounds",
            "issuing_level",
            "key_id",
            "kind",
            "lead_no",
            "level",
            "manifestations",
            "naming",
        ),
        *(
            "profile_version",
            "proposed_by",
            "receipt_mark",
            "receipt_no",
            "refused_by",
            "region_code",
            "regulator",
            "released_by",
        ),
        *(
            "sent_by",
            "set_by",
            "source",
            "staff",
            "state",
            "stated_by",
            "status",
            "street",
            "suggested_level",
            "tier",
            "undo_by",
        ),
        *("about", "why_not", "tried_by", "next_step"),
        *("undone_by", "unit", "upstream_no", "source_l2", "codes_version"),
        *("approved_by", "checked_by", "none_of", "notified_by", "paid_by", "rule_version", "voucher_mark"),
        *("handed_by", "identified_by", "told_how"),
        *("corrected_by", "door", "external_no", "field", "letter_no", "pieces", "receipt", "shared", "uploaded_by"),
    }
)
"""Columns of the other tables that hold codes, accounts, numbers and keyed hashes: what counts are made of, and what nobody reads."""


@pytest.mark.rule("G14")
async def test_no_table_with_text_of_a_lead_is_forgotten_when_it_is_expunged(new_api: NewApi) -> None:
    api = await new_api("intake")
    plan = " ; ".join(step for (step,) in await api.rows("select statement from expunge_plan order by place"))
    missed = []
    for table in metadata.sorted_tables:
        for column in table.columns:
            texts = isinstance(column.type, Text | LargeBinary | ARRAY | JSONB)
            if not texts or column.name in CODES or table.fullname in KEPT:
                continue
            line = re.search(rf"(update|delete from) {re.escape(table.fullname)}\b[^;]*", plan)
            if not line or (line[1] == "update" and not re.search(rf"\b{column.name} = ", line[0])):
                missed.append(f"{table.fullname}.{column.name}")
    assert missed == [], "give it a line in expunge_plan (a migration), or say in KEPT or CODES why it stays"
    assert set(KEPT) <= {table.fullname for table in metadata.sorted_tables}


async def decide(api: Api, kind: str, *, by: str, day: str, confirm: bool = True) -> Any:
    [waiting] = (await api.get(f"/intake/v1/decisions?kind={kind}&state=proposed", by="dpo")).json()["items"]
    order = {"confirm": confirm, "reason": f"{MARK}已核对"}
    return await api.post(f"/intake/v1/decisions/{waiting['id']}/confirmation", order, by=by, **on(day))


async def clock(api: Api, day: str) -> int:
    async with api.app.state.database.transaction() as tx:
        return await propose_sealing(tx, datetime.fromisoformat(f"{day}T02:00:00").replace(tzinfo=UTC))


async def closed(api: Api) -> tuple[UUID, UUID]:
    """An unfounded lead that is closed since 2018-06-25, full of the mark, and its repeat."""
    first = f"反映城东菜市场张建国(绰号“老黑”{MARK})带人强收保护费5万元,电话13800138000。"
    lead, again = [
        await register(api, **PUBLIC, summary=text, allegations=[f"{MARK}收费"], reporter={"name": "举报人甲"})
        for text in (first, first + "再次举报")
    ]
    await look(api)
    await merge(api, again, lead)
    await classify(api, lead)
    await assign(api, lead, "umbrella")
    await do(api, lead, "suspension", {"reason": f"{MARK}受威胁", "measures": "已采取保护措施"})
    await do(api, lead, "resumption", {"reason": f"{MARK}威胁解除"})
    await hear(api, lead, said.WorkAccepted, **SIGNED)
    await hear(api, lead, said.WorkConcluded, conclusion="C3", day="2018-06-20")
    await api.rows("update dual_assignments set discipline = 'ended', completed_at = now()")
    await do(
        api,
        lead,
        "feedback-tries",
        {"channel": "phone", "on": "2018-06-21", "reached": True, "text": f"{MARK}已核查完毕"},
        day="2018-06-21",
    )
    await do(api, lead, "feedback", {"accepted": True}, day="2018-06-21")
    reached = {"channel": "phone", "on": "2018-06-22", "reached": True, "text": f"{MARK}已核查完毕"}
    reached |= {"satisfied": True, "next_step": "none"}
    await do(api, again, "feedback-tries", reached, day="2018-06-22")
    assert (await do(api, lead, "closing", day="2018-06-25")).json()["status"] == "closed"
    return lead, again


async def sealed(api: Api) -> tuple[UUID, UUID]:
    lead, again = await closed(api)
    assert await clock(api, "2018-08-25") == 1
    assert (await decide(api, "seal", by="dpo", day="2018-08-26")).json()["state"] == "confirmed"
    return lead, again


async def marked(api: Api, mark: str) -> set[str]:
    """Tables of the database in which the mark stands."""
    tables = await api.rows(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('public', 'vault')"
    )
    found = set()
    for (table,) in tables:
        [(count,)] = await api.rows(f"select count(*) from {table} t where t::text like '%{mark}%'")
        if count:
            found.add(table)
    return found


@pytest.mark.rule("G14")
async def test_what_is_reported_again_and_waits_for_another_team_is_not_sealed(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead, _ = await closed(api)
    waiting = await merge(api, await register(api, **PUBLIC, summary="又一次反映菜市场收费"), lead)
    assert await clock(api, "2018-08-25") == 0
    await undo(api, waiting)
    assert await clock(api, "2018-08-25") == 1
    await api.rows("update re_examinations set state = 'open'")
    refused = await decide(api, "seal", by="dpo", day="2018-08-26")
    assert (refused.status_code, "再次被举报" in refused.json()["detail"]) == (409, True)


@pytest.mark.rule("G14", "G10", "G24")
async def test_sealed_by_clock_and_dpo_found_by_nobody_and_expunged_by_two_after_its_time(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead, again = await closed(api)
    assert await clock(api, "2018-08-24") == 0, "sixty days are not over"
    assert await clock(api, "2018-08-25") == 1
    assert await clock(api, "2018-08-25") == 0, "once"
    for account in ("qrv", "aud"):
        assert (await decide(api, "seal", by=account, day="2018-08-26")).status_code == 403
    # an order to keep stands in the way, and whoever set it does not end it alone
    path = f"/intake/v1/leads/{lead}/holds"
    order = {"basis_no": "2018刑初1号", "reason": f"{MARK}法院调取"}
    assert (await api.post(path, order, by="ana", key="h0")).status_code == 403
    hold = (await api.post(path, order, by="ofd", key="h1")).json()["id"]
    assert (await api.post(path, order, by="ofd2", key="h2")).status_code == 409, "it stands already"
    assert (await decide(api, "seal", by="dpo", day="2018-08-26")).status_code == 409
    release = {"reason": f"{MARK}已审结"}
    assert (await api.post(f"/intake/v1/holds/{hold}/release", release, by="ofd")).status_code == 403
    assert (await api.post(f"/intake/v1/holds/{hold}/release", release, by="dpo")).status_code == 200
    assert (await api.post(f"/intake/v1/holds/{hold}/release", release, by="dpo")).status_code == 409
    assert (await decide(api, "seal", by="dpo", day="2018-08-26")).json()["state"] == "confirmed"
    for one in (lead, again):
        assert (await events(api, one))[-1] == "lead.sealed"
        assert (await api.get(f"/intake/v1/leads/{one}", by="ofd")).status_code == 409, "nobody reads it"
    assert await api.rows("select count(*) from repeat_keys") == [(0,)], "nothing finds it by what it says"
    listed = (await api.get("/intake/v1/leads?status=sealed", by="sup")).json()["items"]
    assert {item["id"] for item in listed} == {str(lead), str(again)}

    propose = f"/intake/v1/leads/{lead}/decisions"
    expunge = {"kind": "expunge", **WHY}
    early = await api.post(propose, expunge, by="dpo", key="e1", **on("2020-08-26"))
    assert (early.status_code, "2020-08-26" in early.json()["detail"]) == (409, True)
    [waiting, _] = (
        await api.client.get("/intake/v1/retention/sealed", headers=api.as_("aud", **on("2020-08-28")))
    ).json()["items"]
    assert (waiting["kept_until"], waiting["over"]) == ("2020-08-26", True)
    table = (await api.get("/intake/v1/retention", by="aud")).json()
    assert {row["record"]: (row["limit_id"], row["number"], row["unit"], row["at_least"]) for row in table} == {
        "unfounded": ("R1", 60, "ND", False),
        "sealed": ("R2", 24, "M", False),
        "reporter": ("R3", 24, "M", False),
        "subjects": ("R7", 24, "M", False),
        "audit": ("R6", 36, "M", True),
        "logs": ("D34", 6, "M", True),
        "assessments": ("D33", 36, "M", True),
    }
    assert {row["profile_version"] for row in table} == {"district-default-1"}
    assert (await api.post(propose, expunge, by="ofd", key="e2", **on("2020-08-28"))).status_code == 403
    assert (await api.post(propose, expunge, by="dpo", key="e3", **on("2020-08-28"))).status_code == 201
    assert "public.leads" in await marked(api, MARK)
    assert (await decide(api, "expunge", by="dpo", day="2020-08-28")).status_code == 403
    assert (await decide(api, "expunge", by="aud", day="2020-08-28")).json()["state"] == "confirmed"
    for one in (lead, again):
        assert (await events(api, one))[-1] == "lead.expunged"
    # keys of requests are forgotten after 30 days; the audit log has times and readers of its own and is never changed
    assert await marked(api, MARK) <= {"public.audit_log", "public.idempotency_keys"}
    assert await marked(api, "张建国") == set()
    assert await api.rows("select count(*) from outbox_sealed") == [(0,)]
    assert await api.rows("select count(*), count(wrapped_key), count(shredded_on) from vault.reporters") == [(2, 0, 2)]
    # counts stay
    rows = await api.rows("select lead_no, source, tier, level, unit, areas from leads where id = $1", lead)
    assert rows[0][1:] == ("M", "evil", "general", "GA", ["market"])
    assert len(await api.rows("select 1 from leads")) == 2
    assert await status_of(api, lead) == "expunged"


async def status_of(api: Api, lead: UUID) -> str:
    [(found,)] = await api.rows("select status from leads where id = $1", lead)
    return str(found)


@pytest.mark.rule("G14")
async def test_the_role_of_the_service_can_destroy_no_text_of_a_lead_that_is_not_expunged(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await register(api, **PUBLIC)
    async with api.app.state.database.engine.connect() as connection:
        for statement in (
            f"select expunge_texts('{lead}')",
            "update leads set summary = ''",
            "delete from expunge_plan",
        ):
            with pytest.raises(Exception, match=r"not expunged|permission denied"):
                await connection.exec_driver_sql(statement)
            await connection.rollback()


@pytest.mark.rule("G14")
async def test_what_is_expunged_is_destroyed_again_on_a_restored_backup_before_anyone_is_served(
    new_api: NewApi, broker: Broker, tmp_path: Path
) -> None:
    api = await new_api("intake")
    await silence(broker, "intake")
    lead, again = await sealed(api)
    kept = await register(api, **PUBLIC, summary="另一件事")
    backup = tmp_path / "backup.dump"
    await dump(api.copy.admin_url, backup)
    propose = f"/intake/v1/leads/{lead}/decisions"
    await api.post(propose, {"kind": "expunge", **WHY}, by="dpo", key=str(uuid4()), **on("2020-08-28"))
    assert (await decide(api, "expunge", by="aud", day="2020-08-28")).status_code == 200
    orders = [{"basis_no": basis, "reason": "法院调取在案"} for basis in ("2020刑初1号", "2020刑初2号")]
    for order in orders:
        set_ = await api.post(f"/intake/v1/leads/{kept}/holds", order, by="ofd", key=str(uuid4()), **on("2020-08-28"))
        assert set_.status_code == 201
    await api.post(
        f"/intake/v1/holds/{set_.json()['id']}/release", {"reason": "法院已审结"}, by="dpo", **on("2020-08-28")
    )
    relay = Relay(api.app.state.database, broker.address, service="intake", region="999999")
    task = asyncio.create_task(relay.run())
    wanted = {str(lead), str(again)}

    async def all_there() -> bool:
        holds = len(await broker.records("intake.legal-holds"))
        return holds == 3 and wanted <= {e.subject for e in await broker.records("intake.expungements")}

    await until(all_there, 60, "the word of it did not arrive")
    task.cancel()
    await asyncio.wait([task])

    # the older backup brings everything back
    await go_back(api, backup)
    assert "public.leads" in await marked(api, MARK)
    assert await status_of(api, lead) == "sealed"

    assert await accept(api, broker) == {
        "xiansuo.intake.lead.expunged.v1": 2,
        "xiansuo.intake.legal-hold.set.v1": 2,
        "xiansuo.intake.legal-hold.released.v1": 1,
    }
    known = "select basis_no, set_by, released_by from legal_holds where lead_id = $1 order by released_at nulls first"
    assert await api.rows(known, kept) == [(LOST, "lost", None), (LOST, "lost", "system:restore")], "no order is lost"
    assert await marked(api, MARK) <= {"public.audit_log", "public.idempotency_keys"}
    assert await api.rows("select count(*) from outbox_sealed") == [(0,)], "no replay carries a box"
    assert await api.rows("select count(wrapped_key) from vault.reporters") == [(0,)]
    assert await status_of(api, lead) == await status_of(api, again) == "expunged"
