"""What a repeat claims, or is, counts for its matter until a person has said what holds (D02); a child whom it names holds back what is new
from the unit, not the merge (G19)."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.consumer import OWN
from services.intake.domain.codes import Source
from services.intake.domain.decision import Decision, Kind
from services.intake.domain.lead_number import LeadNumber
from services.intake.usecases.keep_retention import seal
from shared.auth import Principal
from shared.contracts.envelope import AboutLead
from shared.contracts.intake import (
    LeadClassified,
    LeadDeclined,
    LeadMerged,
    LeadReceived,
    LeadUnmerged,
    LeadUrgencySaid,
)
from shared.errors import NotAllowed
from shared.inbox import Received
from tests.conftest import NewApi
from tests.intake.api.test_digests import DIGESTS, clock, on
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import PUBLIC, do
from tests.intake.api.test_merges import merge, undo, whole
from tests.intake.api.test_minors import CHILD, box, filed
from tests.support.api import Api
from tests.support.builders import NOON
from tests.support.reporting import REPORT, report

ON = {"X-Local-Clock": "2018-06-01T09:00:00+08:00"}
DANGER = REPORT | {"umbrella": None, "facts": REPORT["facts"] | {"danger_now": True}}
WHY = {"reason": "已电话核实"}
RUNS = "select lead_id, kind, limit_id, due_at from deadlines where stopped_at is null and lead_id = any($1) order by 1, 2, 3"
CASES = {
    "claimed": ("received", "classified", "assigned"),
    "said": ("received", "suspended"),
    "classified": ("received", "assigned"),
    "calm": ("received", "assigned"),
}
"""What the repeat is → where its master stands."""


async def repeat_of(api: Api, kind: str) -> UUID:
    if kind == "claimed":
        assert (await report(api.client, DANGER, **ON)).status_code == 201
        [(lead,)] = await api.rows("select id from leads order by lead_no desc limit 1")
        return UUID(str(lead))
    lead = await register(api, **PUBLIC, urgent=kind != "calm")
    if kind == "classified":
        await classify(api, lead)
    return lead


async def master_of(api: Api, state: str) -> UUID:
    lead = await register(api, **PUBLIC)
    if state != "received":
        await classify(api, lead)
    if state in ("assigned", "suspended"):
        assert (await assign(api, lead)).status_code == 200
    if state == "suspended":
        stood = {"reason": "举报人遭威胁", "measures": "已派员保护"}
        assert (await do(api, lead, "suspension", stood)).status_code == 200
    return lead


async def urgency(api: Api, lead: UUID) -> list[tuple[bool, bool, str | None]]:
    """What was told of it, oldest first."""
    query = "select value from outbox where subject = $1 and type = $2 order by sequence"
    found = [json.loads(value) for (value,) in await api.rows(query, str(lead), LeadUrgencySaid.TYPE)]
    return [(each["urgent"], each["claimed"], each.get("said_by")) for each in found]


async def asked(api: Api, lead: UUID) -> list[Any]:
    found = (await api.get("/intake/v1/deadlines?kind=classify&limit=200", by="icl", **ON)).json()["items"]
    return [each["merged_into"] for each in found if each["lead_id"] == str(lead) and each["limit_id"] == "D02u"]


@pytest.mark.rule("D02")
async def test_what_a_repeat_claims_counts_for_its_matter_until_it_is_answered_or_the_merge_undone(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    for kind, states in CASES.items():
        for state in states:
            case = f"{kind} into {state}"
            master, repeat = await master_of(api, state), await repeat_of(api, kind)
            before = await whole(api, master, repeat), await api.rows(RUNS, [master, repeat])
            calm, with_unit = kind == "calm", state in ("assigned", "suspended")
            identity = await merge(api, repeat, master)
            assert await asked(api, repeat) == ([] if calm else [str(master)]), case
            assert await whole(api, master) == [each for each in before[0] if each["id"] == str(master)], case
            told = [(False, True, None)] if with_unit and not calm else []
            assert await urgency(api, master) == told, case
            if not calm and not with_unit:
                silent = await classify(api, master)
                assert (silent.status_code, silent.json()["errors"][0]["field"]) == (422, "urgent"), case
            assert (await undo(api, identity)).status_code == 200
            assert (await whole(api, master, repeat), await api.rows(RUNS, [master, repeat])) == before, case
            assert await urgency(api, master) == told + ([(False, False, None)] if told else []), case
            # merged again, a person answers at the master
            identity = await merge(api, repeat, master)
            answer = await do(api, master, "urgency", {"urgent": True, **WHY}, by="icl")
            assert answer.status_code == (409 if calm and state != "received" else 200), (case, answer.text)
            if calm:
                continue
            assert (answer.json()["urgent"], await asked(api, repeat)) == (True, []), case
            assert (await urgency(api, master))[-1] == (True, False, "icl"), case
            [(due,)] = await api.rows("select min(due_at) from deadlines where lead_id = $1", repeat)
            runs = {limit: at for _, _, limit, at in await api.rows(RUNS, [master])}
            assert ("D07f" in runs) is (state == "assigned"), case
            if state == "received" and kind != "classified":
                assert runs["D02u"] <= due, "nobody gains time by a merge"
            assert (await undo(api, identity)).status_code == 200
            alone = [limit for lead, _, limit, _ in await api.rows(RUNS, [repeat]) if limit.startswith("D02")]
            assert alone == ([] if kind == "classified" else ["D02u"]), case


@pytest.mark.rule("D02")
async def test_two_claims_of_one_matter_are_answered_once_and_of_two_one_may_be_undone(new_api: NewApi) -> None:
    api = await new_api("intake")
    master, one, two = await master_of(api, "received"), await repeat_of(api, "claimed"), await repeat_of(api, "said")
    first = await merge(api, one, master)
    await merge(api, two, master)
    assert (await undo(api, first)).status_code == 200
    assert (await asked(api, one), await asked(api, two)) == ([None], [str(master)])
    refuted = await do(api, master, "urgency", {"urgent": False, **WHY}, by="ana")
    assert (refuted.status_code, refuted.json()["urgent"]) == (200, False)
    assert await asked(api, two) == []
    assert [row[2] for row in await api.rows(RUNS, [master])] == ["D02"], "three days from the beginning, as before"
    # a master that is charged while a claim waits: the unit hears at once
    await classify(api, master)
    await merge(api, one, master)
    assert (await assign(api, master)).status_code == 200
    assert (await urgency(api, master))[-1] == (False, True, None)
    # nothing is sealed while somebody may be in danger
    ended, after = await master_of(api, "assigned"), await repeat_of(api, "claimed")
    await api.rows("update leads set status = 'closed' where id = $1", ended)
    await api.rows("insert into conclusions (lead_id, code, unit, concluded_at) values ($1, 'C3', 'GA', now())", ended)
    await merge(api, after, ended)
    await api.rows("update re_examinations set state = 'withdrawn'")
    decision = Decision(id=uuid4(), lead_id=ended, kind=Kind.SEAL, reason="到期", proposed_by=None, proposed_at=NOON)
    dpo = Principal(sub="dpo", roles=frozenset({"dpo"}), unit="ZF")
    with pytest.raises(NotAllowed, match="人身危险"):
        async with api.app.state.database.transaction() as tx:
            await seal(tx, decision, dpo, NOON)
    assert (await do(api, ended, "urgency", {"urgent": False, **WHY}, by="icl")).status_code == 200
    async with api.app.state.database.transaction() as tx:
        await seal(tx, decision, dpo, NOON)
    assert await api.rows("select status from leads where id = any($1)", [ended, after]) == [("sealed",)] * 2
    # what is declined, a person has read
    other, late = await master_of(api, "received"), await repeat_of(api, "claimed")
    await merge(api, late, other)
    await api.rows("update leads set status = 'not_accepted' where id = $1", other)
    await api.rows("update deadlines set stopped_at = now(), next_at = null where lead_id = $1", late)
    another = await repeat_of(api, "claimed")
    await merge(api, another, other)
    assert await asked(api, another) == []


async def learn(api: Api, kind: type[AboutLead], lead: UUID, *, day: str = "2018-06-01", **more: Any) -> None:
    at = datetime.fromisoformat(f"{day}T03:00:00").replace(tzinfo=UTC)
    event: Any = kind(**{"lead_id": lead, "effective_at": at, **more})
    received = Received(uuid4(), event.TYPE, event.TOPIC, event.subject, 9, "999999", at, at)
    async with api.app.state.database.transaction() as tx:
        await OWN[kind](tx, event, received)


@pytest.mark.rule("D02")
async def test_after_a_restore_what_is_urgent_is_and_who_said_so_is_known(new_api: NewApi) -> None:
    api = await new_api("intake")
    said, claimed, calm = [uuid4() for _ in range(3)]
    numbers = [LeadNumber("999999", Source.PUBLIC, date(2018, 6, 1), number) for number in (1, 2, 3)]
    said_so: list[dict[str, Any]] = [{"urgent": True}, {"claimed": True}, {}]
    for lead, number, more in zip((said, claimed, calm), numbers, said_so, strict=True):
        await learn(api, LeadReceived, lead, lead_no=str(number), source="M", named=False, **more)
    rows = dict(await api.rows("select lead_id, limit_id from deadlines where kind = 'classify'"))
    assert rows == {said: "D02u", claimed: "D02u", calm: "D02"}
    assert await api.rows("select id from leads where urgent") == [(said,)]
    # merged and told to the unit, answered at the master, undone: all of it is learned
    merged = uuid4()
    await learn(api, LeadMerged, claimed, merge_id=merged, master_id=calm, repeat_count=1)
    assert await asked(api, claimed) == [str(calm)]
    await learn(api, LeadUrgencySaid, calm, urgent=False, claimed=True)
    assert await asked(api, claimed) == [str(calm)], "told, and not answered"
    await learn(api, LeadUrgencySaid, calm, urgent=True, said_by="icl-7")
    assert await asked(api, claimed) == []
    history = "select actor, action from lead_history where lead_id = $1 order by version desc limit 1"
    assert await api.rows(history, calm) == [("icl-7", "say-urgent")]
    assert await api.rows("select urgent from leads where id = $1", calm) == [(True,)]
    # and what was declined waits for nobody
    other, repeat = await register(api, **PUBLIC), await repeat_of(api, "said")
    await merge(api, repeat, other)
    await learn(api, LeadDeclined, other, go_to="court")
    waits = "select count(*) from deadlines where kind = 'classify' and stopped_at is null and lead_id = any($1)"
    assert await api.rows(waits, [other, repeat]) == [(0,)]
    await learn(api, LeadUnmerged, claimed, merge_id=merged, master_id=calm, repeat_count=0)
    assert await asked(api, claimed) == [None]
    chosen: dict[str, Any] = {"tier": "evil", "level": "general", "area_codes": ("market",), "manifestation_codes": ()}
    await learn(api, LeadClassified, claimed, urgent=True, **chosen)
    await learn(api, LeadClassified, said, **chosen)  # an event from before that was told
    assert await api.rows("select bool_and(urgent) from leads where id = any($1)", [claimed, said]) == [(True,)]
    await learn(api, LeadClassified, said, urgent=False, **chosen)
    assert await api.rows("select urgent from leads where id = $1", said) == [(False,)]


@pytest.mark.rule("G19")
async def test_a_child_that_a_later_repeat_names_holds_back_what_is_new_until_the_director_has_decided(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    boxes = "select count(*) from outbox where topic = 'intake.sealed-verification' and subject = $1"
    master, grown = await master_of(api, "assigned"), await filed(api)
    await merge(api, grown, master)
    assert await api.rows(boxes, str(master)) == [(2,)]
    child = await filed(api, CHILD)
    identity = await merge(api, child, master)
    assert await api.rows(boxes, str(master)) == [(2,)], "the merge stands, the box waits"
    held = "select detail->>'obstacles' from audit_log where action = 'lead.hold-facts-back' and subject = $1"
    assert await api.rows(held, str(master)) == [('["children"]',)]
    await clock(api, on(4))
    waiting = (await api.get(f"{DIGESTS}/2018-06-04", by="ofd")).json()["children_waiting"]
    assert waiting == [str(master)], "the director is asked in the day's list"
    assert (await undo(api, identity)).status_code == 200
    assert await api.rows(boxes, str(master)) == [(3,)], "without it nothing stands between"
    identity = await merge(api, child, master)
    decided = await api.post(f"/intake/v1/leads/{master}/children", WHY, by="ofd", key=uuid4().hex)
    assert decided.status_code == 200, decided.text
    assert await api.rows(boxes, str(master)) == [(4,)]
    told = await box(api, master)
    assert "小甲" not in told.model_dump_json()
    assert (await api.get(f"{DIGESTS}/2018-06-04", by="ofd")).json()["children_waiting"] == []
    # another child is asked about anew, one that was decided on before its merge is not
    before = await filed(api, CHILD)
    again = await api.post(f"/intake/v1/leads/{before}/children", WHY, by="ofd", key=uuid4().hex)
    assert again.status_code == 200, again.text
    await merge(api, before, master)
    assert await api.rows(boxes, str(master)) == [(5,)]
    await merge(api, await filed(api, CHILD), master)
    assert await api.rows(boxes, str(master)) == [(5,)]
    anew = await api.post(f"/intake/v1/leads/{master}/children", WHY, by="ofd", key=uuid4().hex)
    assert (anew.status_code, await api.rows(boxes, str(master))) == (200, [(6,)])
