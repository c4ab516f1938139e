"""Monthly call-backs: a draw that nobody can steer and everyone can recompute, and the calls by the vault's keepers."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.api.draw_command import main
from services.intake.db import call_backs
from services.intake.domain.call_back_draw import (
    Beacon,
    commitment,
    draw,
    drawn_of,
    faults,
    fixed_on,
    list_digest,
    token,
)
from services.intake.usecases.draw_call_backs import draw_call_backs
from services.intake.usecases.open_digests import open_digests
from tests.conftest import NewApi
from tests.intake.api.test_leads import register
from tests.support.api import Api
from tests.support.builders import DAYS
from tests.support.reporting import REPORT
from tests.support.reporting import report as public_report

SEED = b"s" * 32
BEACONS = [Beacon(f"999999-{name}", 7, "ab" * 32, "c2ln") for name in ("verification", "discipline", "publicity")]
TOKENS = [token(SEED, f"lead {n}") for n in range(200)]
LATER = {"X-Local-Clock": "2018-06-10T10:00:00+08:00"}
DRAWS, CALLS = "/intake/v1/call-back-draws", "/intake/v1/call-backs"


def published(**changes: Any) -> dict[str, Any]:
    found = {"seed": SEED.hex(), "commitment": commitment(SEED), "entries": TOKENS, "list_digest": list_digest(TOKENS)}
    beacons = [{"chain": b.chain, "number": b.number, "hash": b.hash, "signature": b.signature} for b in BEACONS]
    return found | {"beacons": beacons, "drawn": draw(SEED, TOKENS, BEACONS)} | changes


@pytest.mark.parametrize(("listed", "drawn"), [(0, 0), (3, 3), (5, 5), (49, 5), (51, 6), (200, 20)])
def test_a_tenth_is_drawn_and_five_at_least(listed: int, drawn: int) -> None:
    assert drawn_of(listed) == len(draw(SEED, TOKENS[:listed], BEACONS)) == drawn


@pytest.mark.rule("D38")
def test_the_order_of_list_and_beacons_changes_nothing_and_each_ingredient_changes_the_draw() -> None:
    first = draw(SEED, TOKENS, BEACONS)
    assert draw(SEED, TOKENS[::-1], BEACONS[::-1]) == first
    assert draw(b"t" * 32, TOKENS, BEACONS) != first
    assert draw(SEED, TOKENS, BEACONS[:2]) != first
    # one more on the list, or one less, and others are drawn: who is drawn is not chosen by choosing who is on it
    assert draw(SEED, TOKENS[:-1], BEACONS) != first
    assert draw(SEED, [*TOKENS, token(SEED, "one more")], BEACONS) != first


@pytest.mark.rule("D38")
def test_over_many_draws_everyone_is_drawn_about_as_often() -> None:
    times = dict.fromkeys(TOKENS, 0)
    for number in range(400):
        for each in draw(number.to_bytes(32, "big"), TOKENS, BEACONS):
            times[each] += 1
    # 40 expected, standard deviation 6
    assert min(times.values()) > 15
    assert max(times.values()) < 65


@pytest.mark.rule("D38")
@pytest.mark.parametrize(
    "forged",
    [
        {"seed": ("t" * 32).encode().hex()},
        {"entries": TOKENS[1:]},
        {"entries": [*TOKENS, TOKENS[0]]},
        {"beacons": []},
        {"beacons": published()["beacons"][:1]},
        {"beacons": published()["beacons"] * 2},
        {"drawn": TOKENS[:20]},
        {"drawn": draw(SEED, TOKENS, BEACONS)[:-1]},
    ],
)
def test_who_recomputes_a_forged_draw_finds_it(forged: dict[str, Any], tmp_path: Path) -> None:
    assert faults(published()) == []
    assert faults(published(**forged)) != []
    file = tmp_path / "draw.json"
    for content, expected in ((published(), 0), (published(**forged), 1), ({"seed": "zz"}, 2), ([], 2)):
        file.write_text(json.dumps(content), "utf-8")
        assert main(["verify", str(file)]) == expected
    file.write_text(json.dumps(published()), "utf-8")
    assert main(["verify", str(file), "--commitment", "another"]) == 1


def test_a_draw_that_waits_is_not_called_unreadable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "draw.json"
    waiting = published(
        fixed_at=None, list_digest=None, drawn_at=None, seed=None, entries=None, beacons=None, drawn=None
    )
    file.write_text(json.dumps(waiting), "utf-8")
    assert main(["verify", str(file), "--commitment", waiting["commitment"]]) == 2
    assert "尚未公布" in capsys.readouterr().err
    assert main(["verify", str(file), "--commitment", "another"]) == 1


def test_the_list_is_fixed_on_the_first_working_day_after_the_month() -> None:
    assert fixed_on(date(2018, 9, 1), DAYS) == date(2018, 10, 8)
    assert fixed_on(date(2018, 12, 1), DAYS) == date(2019, 1, 2)


async def clock(api: Api, day: str) -> None:
    async with api.app.state.database.transaction() as tx:
        await draw_call_backs(tx, datetime.fromisoformat(f"{day}T09:00:00+08:00"))


WHO = {"name": "举报人甲", "phone": "13900000000"}


async def end(api: Api, lead: UUID, day: str, code: str = "C1") -> UUID:
    at = datetime.fromisoformat(f"{day}T12:00:00+08:00")
    await api.rows(
        "insert into conclusions (lead_id, code, unit, concluded_at) values ($1, $2, 'GA', $3)", lead, code, at
    )
    return lead


async def came(api: Api, who: Any = None) -> UUID:
    return await register(api, source="M", issuing_level=None, upstream_no=None, received_on=None, reporter=who)


async def report(api: Api, naming: str, concluded: str) -> UUID:
    """A lead of somebody, which was concluded on that day."""
    return await end(api, await came(api, None if naming == "anonymous" else WHO), concluded)


async def witnessed(api: Api, chain: str, number: int, at: datetime) -> None:
    await api.rows(
        "insert into audit_witnesses (id, chain, number, hash, at, key_id, signature, heard_at) "
        "values ($1, $2, $3, $4, $5, 'k', 'c2ln', $5)",
        uuid4(),
        f"999999-{chain}",
        number,
        bytes(32),
        at,
    )


async def listed(api: Api) -> set[UUID]:
    """The list of May as it would be fixed now."""
    async with api.app.state.database.transaction() as tx:
        found = await call_backs.ended(tx, *(datetime.fromisoformat(f"2018-0{m}-01T00:00:00+08:00") for m in (5, 6)))
    assert len(set(found)) == len(found)
    return set(found)


async def did(api: Api, lead: UUID, action: str, status: str, day: str) -> UUID:
    at = datetime.fromisoformat(f"{day}T12:00:00+08:00")
    classified = ("disorder", "general") if status == "closed" else (None, None)
    await api.rows("update leads set status = $2, tier = $3, level = $4 where id = $1", lead, status, *classified)
    await api.rows(
        "insert into lead_history (lead_id, version, action, status, actor, unit, effective_at, recorded_at) "
        "select $1, 9 + count(*), $2, $3, 'ofd', 'SB', $4, $4 from lead_history",
        lead,
        action,
        status,
        at,
    )
    return lead


async def merged(api: Api, master: UUID, day: str, who: Any = WHO) -> UUID:
    lead = await came(api, who)
    at = datetime.fromisoformat(f"{day}T12:00:00+08:00")
    await api.rows("update leads set merged_into = $2 where id = $1", lead, master)
    await api.rows(
        "insert into merges (id, region_code, lead_id, master_id, state, proposed_by, proposed_at, reason, features, decided_by, "
        "decided_at) values ($1, '999999', $2, $3, 'standing', 'ana', $4, 'x', '{}', 'ofd', $4)",
        uuid4(),
        lead,
        master,
        at,
    )
    return lead


@pytest.mark.rule("D38")
async def test_the_list_is_every_named_reporter_who_can_be_reached_and_whose_lead_ended(new_api: NewApi) -> None:
    api = await new_api("intake")
    call = {"external_no": "J-1", "called_at": "2018-05-02T09:30:00+08:00", "summary": "有人强收费用", "caller": WHO}
    letter = {"letter_no": "1", "sent_on": "2018-05-02", "reason": "x", "summary": "有人强收费用", "reporter": WHO}
    taken = await api.post("/intake/v1/police-calls", [call], by="m110", **LATER)
    moved = await api.post("/intake/v1/transfers", letter, by="prt", key="1", **LATER)
    assert (await public_report(api.client, REPORT)).status_code == 201
    [(public,)] = await api.rows("select lead_id from reports")
    named = [
        await came(api, WHO),
        UUID(taken.json()["records"][0]["lead_id"]),
        UUID(moved.json()["lead_id"]),
        UUID(str(public)),
    ]
    on = {await end(api, lead, "2018-05-20") for lead in named}
    master = await end(api, await came(api), "2018-05-20")
    earlier = await end(api, await came(api, WHO), "2018-04-20")
    on |= {await merged(api, master, "2018-05-02"), await merged(api, earlier, "2018-05-31")}
    on |= {await did(api, await came(api, WHO), "decline", "not_accepted", "2018-05-03")}
    on |= {await did(api, await came(api, WHO), "end-redirect", "closed", "2018-05-03")}
    # without the key in the vault, but with a code
    with_code = await came(api, WHO)
    await api.rows("insert into mailboxes (lead_id, public_key) values ($1, $2)", with_code, bytes(32))
    on.add(await end(api, with_code, "2018-05-31"))
    gone = await end(api, await came(api, WHO), "2018-05-20")
    for lead in (with_code, gone):
        await did(api, lead, "retire-reporter", "received", "2018-05-31")
    assert await listed(api) == on
    # nothing has ended, or in another month, or nobody is named, or nobody can be reached any more
    await end(api, await came(api, WHO), "2018-05-20", "C4")
    await came(api, WHO)
    await end(api, await came(api, WHO), "2018-06-01")
    await end(api, await came(api), "2018-05-20")
    await merged(api, master, "2018-05-02", None)
    await merged(api, await end(api, await came(api), "2018-05-20", "C4"), "2018-05-02")
    await did(api, await came(api, WHO), "decline", "received", "2018-05-03")  # accepted after all
    lost = await end(api, await came(api, WHO), "2018-05-20")
    await api.rows("update leads set reporter_ref = null where id = $1", lost)
    assert await listed(api) == on


async def answer_once(api: Api, made: dict[str, Any], wanted: Sequence[UUID]) -> None:
    """The calls: for the vault's keepers alone, each answered once."""
    calls = (await api.get(f"{CALLS}/2018-05", by="rvk")).json()
    assert [call["token"] for call in calls] == made["drawn"]
    assert {call["due_on"] for call in calls} == {"2018-06-19"}
    assert {UUID(call["lead_id"]) for call in calls} <= set(wanted)
    path, order = f"{CALLS}/{calls[0]['token']}/answer", {"outcome": "partly", "channel": "phone"}
    for other in ("icl", "ana", "ofd", "unl", "ldr"):
        asked = [await api.get(f"{CALLS}/2018-05", by=other), await api.post(path, order, by=other)]
        assert [answer.status_code for answer in asked] == [403, 403]
    assert (await api.post(path, order, by="rvk")).status_code == 204
    assert (await api.post(path, order, by="rvk")).status_code == 409
    assert (await api.get(f"{CALLS}/2018-05", by="rvk")).json()[0]["outcome"] == "partly"
    [missed] = set(made["entries"]) - set(made["drawn"])
    for wrong, status in ((missed, 404), ("0" * 32, 404), ("x", 422)):
        assert (await api.post(f"{CALLS}/{wrong}/answer", order, by="rvk")).status_code == status
    assert (await api.post(path, {"outcome": "guilty", "channel": "phone"}, by="rvk")).status_code == 422
    months = ("2017-01", "2018-13", "x")
    assert [(await api.client.get(f"{DRAWS}?month={month}")).status_code for month in months] == [404, 422, 422]


@pytest.mark.rule("D38")
async def test_seed_then_list_then_beacons_then_calls_each_once_and_on_record(new_api: NewApi, tmp_path: Path) -> None:
    api = await new_api("intake")
    await clock(api, "2018-05-02")
    before = (await api.client.get(f"{DRAWS}?month=2018-05")).json()
    assert [before[name] for name in ("fixed_at", "seed", "entries", "drawn")] == [None] * 4
    wanted = [
        await report(api, naming, "2018-05-20")
        for naming in ("named", "confidential", "named", "named", "named", "named")
    ]
    for naming, day in (("anonymous", "2018-05-20"), ("named", "2018-04-30"), ("named", "2018-06-01")):
        await report(api, naming, day)
    await witnessed(api, "verification", 1, datetime(2018, 5, 31, tzinfo=UTC))
    await clock(api, "2018-05-31")
    assert (await api.client.get(f"{DRAWS}?month=2018-05")).json()["fixed_at"] is None
    for _ in range(2):
        await clock(api, "2018-06-01")
    fixed = (await api.client.get(f"{DRAWS}?month=2018-05")).json()
    async with api.app.state.database.transaction() as tx:
        await open_digests(tx, datetime.fromisoformat("2018-06-08T19:00:00+08:00"))
    late = {}
    for on in ("2018-06-07", "2018-06-08"):
        clock_header = {"X-Local-Clock": f"{on}T10:00:00+08:00"}
        shown = (await api.client.get(f"{DRAWS}?month=2018-05", headers=clock_header)).json()
        listed = await api.client.get("/intake/v1/daily-digests/2018-06-08", headers=api.as_("ofd", **clock_header))
        late[on] = (shown["draw_by"], shown["late"], listed.json()["call_back_draws_late"])
    assert late == {
        "2018-06-07": ("2018-06-07", False, []),
        "2018-06-08": ("2018-06-07", True, ["2018-05-01"]),
    }, "the fifth working day"
    assert (fixed["commitment"], fixed["seed"], fixed["drawn"]) == (before["commitment"], None, None)
    assert fixed["list_digest"]
    await report(api, "named", "2018-05-21")  # too late for the list
    # two of the three do, as one may have nothing to sign; which are taken is not for who draws to choose: those that signed first
    await witnessed(api, "publicity", 5, datetime(2018, 6, 2, tzinfo=UTC))
    await clock(api, "2018-06-04")
    assert (await api.client.get(f"{DRAWS}?month=2018-05")).json()["drawn_at"] is None
    await witnessed(api, "discipline", 6, datetime(2018, 6, 3, tzinfo=UTC))
    await witnessed(api, "verification", 7, datetime(2018, 6, 2, 1, tzinfo=UTC))
    for _ in range(2):
        await clock(api, "2018-06-04")
    made = (await api.client.get(f"{DRAWS}?month=2018-05")).json()
    assert (len(made["entries"]), len(made["drawn"])) == (6, 5)
    assert [beacon["chain"] for beacon in made["beacons"]] == ["999999-publicity", "999999-verification"]
    assert faults(made) == []
    file = tmp_path / "draw.json"
    file.write_text(json.dumps(made), "utf-8")
    assert main(["verify", str(file), "--commitment", before["commitment"]]) == 0
    assert not [lead for lead in wanted if str(lead) in json.dumps(made)]
    deeds = await api.rows(
        "select action from audit_log where action like 'call-back.%' and subject = '2018-05-01' order by position"
    )
    assert [action for (action,) in deeds] == ["call-back.commit", "call-back.fix", "call-back.draw"]
    await answer_once(api, made, wanted)
