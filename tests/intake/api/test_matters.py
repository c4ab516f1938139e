"""What a merge must not lose: whom the repeat is about, its grounds for discipline, its words, its files; and who reads of it."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.envelope import SealedBox
from tests.conftest import NewApi
from tests.intake.api.test_leads import ON, classify, opener, register
from tests.intake.api.test_merges import PUBLIC, look, merge, propose, undo
from tests.intake.api.test_police_calls import CALL, outcomes, send
from tests.intake.api.test_search import found, index
from tests.intake.directory.test_conflict_api import NUMBERS, state, with_directory
from tests.support.api import Api
from tests.support.files import photo
from tests.support.reporting import report
from tests.support.uploading import attach

LEADS = "/intake/v1/leads"
WORDS = {"facts": "临江码头有人强占泊位", "shielding": "所长收钱后通风报信"}
CHIEF = "虚构人员" + NUMBERS["p6"]


async def reported(api: Api, *, name: str = "被举报人乙", words: str = WORDS["facts"], umbrella: bool = True) -> UUID:
    """A report by the public door, anonymous; `name`: whom it names."""
    body: dict[str, Any] = {"naming": "anonymous", "persons": [{"name": name}], "facts": {"summary": words}}
    if umbrella:
        body["umbrella"] = {"involved": True, "description": WORDS["shielding"]}
    answer = await report(api.client, body, **{"X-Local-Clock": ON})
    assert answer.status_code == 201, answer.text
    [(lead,)] = await api.rows("select id from leads order by created_at desc, lead_no desc limit 1")
    return UUID(str(lead))


async def master_of(api: Api, unit: str | None = "GA", **changes: Any) -> UUID:
    """A lead, classified, and with this unit."""
    lead = await register(api, **PUBLIC, **{"summary": "反映城东菜市场强收保护费", **changes})
    assert (await classify(api, lead)).status_code == 200
    if unit:
        assert (await charge(api, lead, unit)).status_code == 200
    return lead


async def charge(api: Api, lead: UUID, unit: str) -> Any:
    return await api.post(f"{LEADS}/{lead}/assignment", {"unit": unit}, by="ofd", **{"X-Local-Clock": ON})


async def boxes(api: Api, receiver: str, lead: UUID) -> list[dict[str, Any]]:
    """What was sealed for a receiver of a lead, in order."""
    rows = await api.rows(
        "select s.key_id, s.box, o.value from outbox o join outbox_sealed s using (id) where o.topic like $1 order by o.position",
        f"%sealed-{receiver}",
    )
    mine = [SealedBox(key_id=key, box=box) for key, box, value in rows if json.loads(value)["lead_id"] == str(lead)]
    return [opener(api, receiver).open(box) for box in mine]


@pytest.mark.rule("G-CONF", "G2", "G3")
async def test_whom_a_repeat_is_about_decides_who_may_have_the_matter(new_api: NewApi, tmp_path: Path) -> None:
    api = await with_directory(new_api, tmp_path, CHALLENGE_BITS="2")
    # the unit has the master: its chief is named in what would be merged, and nothing is
    master, about_chief = await master_of(api), await reported(api, name=CHIEF)
    identity = (await propose(api, about_chief, master)).json()["id"]
    refused = await api.post(f"/intake/v1/merges/{identity}/decision", {"confirm": True}, by="ofd")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict-of-interest")
    assert "GA" in refused.json()["detail"]
    assert len(await boxes(api, "verification", master)) == 1
    assert await boxes(api, "discipline", master) == []
    assert (await api.get(f"{LEADS}/{about_chief}", by="ofd")).json()["status"] == "received"
    no = await api.post(f"/intake/v1/merges/{identity}/decision", {"confirm": False}, by="ofd")
    assert no.json()["state"] == "refused"

    # merged first: the master's check is that of all, from whichever lead it is asked
    master = await master_of(api, None)
    await merge(api, about_chief, master)
    for lead in (master, about_chief):
        shown = (await api.get(f"{LEADS}/{lead}/neutrality", by="ofd")).json()
        assert (shown["stated"], shown["excluded"]) == (False, [NUMBERS["p6"]])
        assert {one["unit"]: bool(one["obstacles"]) for one in shown["units"]} | {"GA": True, "SGA": False} == {
            one["unit"]: bool(one["obstacles"]) for one in shown["units"]
        }
    refused = await charge(api, master, "GA")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict-of-interest")
    assert (await charge(api, master, "SGA")).status_code == 200
    [box] = await boxes(api, "verification", master)
    assert (WORDS["facts"] in str(box), WORDS["shielding"] in str(box)) == (True, False)
    assert box["excluded_staff"] == [NUMBERS["p6"]]


@pytest.mark.rule("G-CONF", "G2", "G4")
async def test_what_becomes_known_late_of_a_repeat_holds_back_what_is_new_until_nothing_stands_between(
    new_api: NewApi, tmp_path: Path
) -> None:
    api = await with_directory(new_api, tmp_path, CHALLENGE_BITS="2")
    master = await master_of(api, "ZF")
    about_unit, plain, third = [
        await reported(api, words=f"北苑停车场{each}", umbrella=False) for each in ("收费", "打人", "砸车")
    ]
    first, second = await merge(api, about_unit, master), await merge(api, plain, master)
    assert (await state(api, str(about_unit), {"unit": "ZF"})).status_code == 200
    sent = len(await boxes(api, "verification", master))
    identity = (await propose(api, third, master)).json()["id"]
    refused = await api.post(f"/intake/v1/merges/{identity}/decision", {"confirm": True}, by="ofd")
    assert refused.json()["code"] == "conflict-of-interest"
    await undo(api, second)
    assert len(await boxes(api, "verification", master)) == sent
    held = "select subject, detail ->> 'unit' from audit_log where action = 'lead.hold-facts-back'"
    assert await api.rows(held) == [(str(master), "ZF")]
    # another one is meant: what was held back goes to the unit at once; then again
    assert (await state(api, str(about_unit), {"unit": "JS"})).status_code == 200
    *_, box = await boxes(api, "verification", master)
    assert ("收费" in str(box), "打人" in str(box)) == (True, False)
    assert (await state(api, str(about_unit), {"unit": "ZF"})).status_code == 200
    assert len(await boxes(api, "verification", master)) == sent + 1
    await undo(api, first)
    *_, box = await boxes(api, "verification", master)
    assert "北苑停车场" not in str(box)
    assert (await api.get(f"{LEADS}/{master}/neutrality", by="ofd")).json()["excluded"] == []

    # an interest in a repeat keeps its master's unit, too, until the next level dismisses it
    master, [call] = await master_of(api), [{**CALL, "external_no": "J20180601-0009"}]
    assert outcomes(await send(api, call)) == ["taken"]
    [(lead,)] = await api.rows("select lead_id from police_calls")
    await merge(api, lead, master)
    own = {"ground": "relative", "reason": "与被反映人系亲属"}
    made = await api.post(f"{LEADS}/{lead}/interests", own, by="unl", key=uuid4().hex, **{"X-Local-Clock": ON})
    sent = len(await boxes(api, "verification", master))
    corrected = call | {"revision": 2, "street": "山前街"}
    assert outcomes(await send(api, corrected)) == ["corrected"]
    assert len(await boxes(api, "verification", master)) == sent, "what a repeat was corrected by is held back as well"
    no = {"upheld": False, "reason": "关系不影响公正"}
    path = f"/intake/v1/interests/{made.json()['id']}/decision"
    assert (await api.post(path, no, by="ofd", **{"X-Local-Clock": ON})).status_code == 200
    *_, box = await boxes(api, "verification", master)
    assert "街道 临江街 → 山前街" in str(box)


@pytest.mark.rule("M17")
async def test_a_repeats_grounds_open_its_masters_leg_and_discipline_alone_hears_its_words(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="2")

    async def told(master: UUID, grounds: list[str], *, words: bool, parts: int) -> None:
        """The newest box for discipline, and that no unit heard of it."""
        sent = await boxes(api, "discipline", master)
        assert len(sent) == parts
        assert sorted(sent[-1]["discipline_grounds"]) == grounds
        assert (WORDS["shielding"] in str(sent[-1]), WORDS["facts"] in str(sent[-1])) == (words, words)
        heard = str(await boxes(api, "verification", master))
        assert [word for word in (WORDS["shielding"], "保护伞", "umbrella") if word in heard] == []

    async def legs(master: UUID) -> list[tuple[str, str]]:
        return await api.rows("select crime, discipline from dual_assignments where lead_id = $1", master)

    # merged before the master is assigned: both legs open with the assignment
    master = await master_of(api, None)
    identity = await merge(api, await reported(api), master)
    assert await legs(master) == []
    assert (await charge(api, master, "GA")).status_code == 200
    assert await legs(master) == [("created", "created")]
    await told(master, ["umbrella"], words=True, parts=1)
    shown = (await api.get(f"{LEADS}/{master}", by="ofd")).json()
    assert shown["discipline_grounds"] == ["umbrella"]
    await index(api)
    assert await found(api, "", by="dcm") == [str(master)]
    # undone: the leg is work done, its words and grounds go with the repeat
    await undo(api, identity)
    await told(master, [], words=False, parts=2)
    assert await api.rows("select grounds from leads where id = $1", master) == [([],)]

    # found when the work is under way, or over: the leg opens at once
    for stands, crime in (
        *(("assigned", "created"), ("in_signoff", "accepted"), ("concluded", "ended"), ("parked", "accepted")),
        *(("transferred", "ended"), ("fed_back", "ended"), ("closed", "ended")),
    ):
        master = await master_of(api)
        await api.rows("update leads set status = $2 where id = $1", master, stands)
        await merge(api, await reported(api), master)
        assert await legs(master) == [(crime, "created")], stands
        await told(master, ["umbrella"], words=True, parts=1)
        # the unit, where it has the matter or may have it back without being charged again
        heard = str(await boxes(api, "verification", master))
        assert (WORDS["facts"] in heard) == (stands not in ("fed_back", "closed")), stands

    # of a repeat, after the merge; the leg is the master's and the ground stays the repeat's
    master, repeat = await master_of(api), await reported(api, umbrella=False)
    identity = await merge(api, repeat, master)
    order = {"discipline_grounds": ["other_violation"], "reason": "举报所述"}
    for status in (200, 409):
        added = await api.post(f"{LEADS}/{repeat}/discipline-grounds", order, by="ofd")
        assert added.status_code == status, added.text
    assert await legs(master) == [("created", "created")]
    assert [box["discipline_grounds"] for box in await boxes(api, "discipline", master)] == [["other_violation"]]
    grounds = "select grounds from leads where id = any($1) order by received_on, lead_no"
    assert await api.rows(grounds, [master, repeat]) == [([],), (["other_violation"],)]

    # a leg stands already: it hears of each, whichever lead the ground is put on
    await merge(api, await reported(api), master)
    await told(master, ["other_violation", "umbrella"], words=True, parts=2)
    order = {"discipline_grounds": ["official_involved"], "reason": "另有干部"}
    assert (await api.post(f"{LEADS}/{master}/discipline-grounds", order, by="ofd")).status_code == 200
    await told(master, ["official_involved", "other_violation", "umbrella"], words=True, parts=3)
    await undo(api, identity)
    await told(master, ["official_involved", "umbrella"], words=True, parts=4)
    # another team: the leg that a repeat opened begins again
    await api.rows("update leads set status = 'reopened' where id = $1", master)
    await api.rows("update dual_assignments set crime = 'ended' where lead_id = $1", master)
    assert (await charge(api, master, "ZF")).status_code == 200
    assert await legs(master) == [("created", "created")]


@pytest.mark.rule("M05")
async def test_a_master_is_found_by_its_repeats_words_and_numbers_and_each_by_its_own_when_undone(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    master = await register(api, **PUBLIC, summary="反映城东菜市场强收保护费,电话13800138000")
    repeat = await register(api, **PUBLIC, summary="临江码头赵铁柱强占泊位,电话13900139001", street="北苑街")
    late = await register(api, **PUBLIC, summary="货运站有人砸车", street="北苑街")
    early = await merge(api, late, master)  # before the worker has looked at any of them
    await look(api)
    both, alone = [str(master)], [str(repeat)]
    own = {"text=菜市场": both, "text=13800138000": both, "text=砸车": both}
    theirs = ("text=赵铁柱", "text=泊位", "text=13900139001")
    across = ("text=菜市场 泊位", "text=13800138000 13900139001", "text=赵铁柱 13800138000", "text=砸车 泊位")

    async def finds(expected: dict[str, list[str]]) -> None:
        for query, leads in expected.items():
            assert await found(api, query) == leads, query

    apart = own | dict.fromkeys(theirs, alone) | {key: [] for key in across}
    await finds(apart)
    identity = await merge(api, repeat, master)
    await finds(own | dict.fromkeys((*theirs, *across), both))
    # it is the master that is looked for: where the repeat came from finds nothing of it
    assert await found(api, "text=泊位&street=北苑街") == []
    assert await found(api, "status=merged&text=泊位") == []
    await undo(api, identity)
    await finds(apart)
    await undo(api, early)
    assert await found(api, "text=砸车") == [str(late)]
    # what a text becomes when it is set apart later, the worker learns for the master, too
    await merge(api, repeat, master)
    await api.rows("update leads set summary = '临江码头〔姓名〕强占泊位' where id = $1", repeat)
    await api.rows("insert into repeat_pending (lead_id) values ($1)", repeat)
    await index(api)
    assert (await found(api, "text=赵铁柱"), await found(api, "text=泊位")) == ([], both)
    left = "select count(*) from lead_search where words like '%赵铁柱%'"
    assert await api.rows(left) == [(0,)]


@pytest.mark.rule("G11", "G-CONF")
async def test_the_files_of_repeats_are_the_matters_and_stay_from_a_unit_that_a_repeat_is_about(
    new_api: NewApi, tmp_path: Path
) -> None:
    api = await with_directory(new_api, tmp_path)
    master, repeat, other = await master_of(api), await master_of(api, None), await master_of(api, "JS")
    for lead, name in ((repeat, "信.jpg"), (master, "一.jpg"), (repeat, "二.jpg")):
        assert (await attach(api, lead, photo("CANARYm1"), name, by="ana")).status_code == 204
        if name == "信.jpg":
            await api.rows("update attachments set door = 'mailbox'")
    numbers = dict(await api.rows("select id::text, lead_no from leads"))

    async def listed(lead: UUID, by: str) -> list[tuple[str, str]]:
        answer = await api.get(f"{LEADS}/{lead}/attachments", by=by)
        assert answer.status_code == 200, answer.text
        assert all(each["lead_no"] == numbers[each["lead_id"]] for each in answer.json())
        return [(each["lead_id"], each["name"]) for each in answer.json()]

    async def fetched(lead: UUID, by: str, **more: Any) -> list[int]:
        return [
            (await api.post(f"{LEADS}/{lead}/attachments/{file}/download", order | more, by=by)).status_code
            for (file,) in files
        ]

    order = {"purpose": "核对现场照片"}
    files = await api.rows("select id::text from attachments order by lead_id = $1, door = 'mailbox'", repeat)
    assert len(files) == 3
    own = [(str(master), "一.jpg")]
    assert await listed(master, "unl") == own
    assert await fetched(master, "unl") == [200, 404, 404]
    identity = await merge(api, repeat, master)
    assert sorted(await listed(master, "unl")) == sorted([*own, (str(repeat), "二.jpg")])
    assert len(await listed(master, "ofd")) == 3
    assert await fetched(master, "unl") == [200, 200, 404]
    assert await fetched(master, "unl", original=True) == [403, 403, 404]
    assert await fetched(master, "ofd") == [200, 200, 200]
    assert await fetched(repeat, "unl") == [404, 404, 404]
    assert await fetched(other, "ofd") == [404, 404, 404]
    kept = "select subject, detail ->> 'master' from audit_log where action = 'attachment.read' and actor = 'unl'"
    assert (await api.rows(f"{kept} order by position"))[1:] == [(str(master), None), (str(repeat), str(master))]
    # the unit is near to whom the repeat is about: the repeat's files are the office's
    await state(api, str(repeat), {"unit": "GA"})
    assert (await listed(master, "unl"), await fetched(master, "unl")) == (own, [200, 404, 404])
    assert len(await listed(master, "ofd")) == 3
    await state(api, str(repeat))
    assert await fetched(master, "unl") == [200, 200, 404]
    await undo(api, identity)
    assert (await listed(master, "unl"), await fetched(master, "unl")) == (own, [200, 404, 404])


@pytest.mark.rule("G12")
async def test_reading_repeats_about_ones_own_circle_is_noticed_as_at_their_own_door(new_api: NewApi) -> None:
    api = await new_api("intake")
    master = await register(api, **PUBLIC, summary="城东菜市场强收保护费")
    about = await register(api, **PUBLIC, summary="张建国在南湖花园放贷", allegations=["建设局有人说情"])
    await merge(api, about, master)
    await merge(api, await register(api, **PUBLIC, summary="别处的事"), master)
    mine = {"places": ["南湖花园"], "relatives": ["张建国"], "units": ["建设局"]}
    assert (await api.client.put("/intake/v1/circle", json=mine, headers=api.as_("ana"))).status_code == 204
    raised = {}
    for lead, door in ((master, ""), (master, "/repeats"), (about, "")):
        for by in ("ana", "sup"):
            read = await api.get(f"{LEADS}/{lead}{door}", by=by, **{"X-Local-Clock": ON})
            assert read.status_code == 200, read.text
        rows = await api.rows("select kind, actor, subject from read_alerts order by kind")
        raised[door, str(lead)] = [kind for kind, actor, subject in rows if (actor, subject) == ("ana", str(lead))]
        assert {actor for _, actor, _ in rows} <= {"ana"}
    every = ["colleague", "neighbour", "relative"]
    assert raised == {("", str(master)): [], ("/repeats", str(master)): every, ("", str(about)): every}
