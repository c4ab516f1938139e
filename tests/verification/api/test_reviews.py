"""A drawn conclusion waits for its review by another person: it passes, or goes back with reasons; the random part is drawn by a seed that
was committed to before (D36)."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import insert

from deploy.local import issuer
from services.verification.domain.review import faults
from services.verification.usecases.keep_review_draws import keep_review_draws
from shared.audit_witness import audit_witnesses
from shared.contracts.intake import (
    After,
    DeadlineKind,
    DeadlineMoved,
    LeadAssigned,
    LeadExpunged,
    LeadMerged,
    LeadUnmerged,
)
from shared.contracts.intake import VerificationFactsSealed as Sealed
from shared.departures import staff_accounts
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.builders import NOON
from tests.support.hearing import Hearing
from tests.verification.api.test_works import FACTS, ON, WORKS, assigned, order, said

REVIEWS, DRAWS = "/verification/v1/reviews", "/verification/v1/review-draws"
WHY = "两名证人未询问-CANARYrv"
BACK = {"passed": False, "reason": WHY}


async def concluded(
    api: Api, hearing: Hearing, conclusion: str = "C3", *, level: str = "general", repeats: int = 0
) -> UUID:
    lead = uuid4()
    await hearing.tell(assigned(lead).model_copy(update={"level": level}))
    for _ in range(repeats):
        await hearing.tell(merged(lead))
    [(work,)] = await api.rows("select id from works where lead_id = $1", lead)
    path = f"{WORKS}/{work}"
    assert (await api.post(f"{path}/acceptance", order("GA-101", "P002"), by="unl", **ON)).status_code == 200
    assert (await api.post(f"{path}/conclusion", {"conclusion": conclusion}, by="unl", **ON)).status_code == 200
    return UUID(str(work))


def merged(master: UUID, repeat: UUID | None = None) -> LeadMerged:
    return LeadMerged(merge_id=uuid4(), lead_id=repeat or uuid4(), master_id=master, repeat_count=1, effective_at=NOON)


async def decide(api: Api, work: UUID, body: Any, *, by: str = "qrv", key: str | None = None) -> Any:
    return await api.post(f"{REVIEWS}/{work}/decision", body, by=by, key=key or uuid4().hex, **ON)


async def because(api: Api, work: UUID) -> str | None:
    rows = await api.rows(
        "select convert_from(value, 'UTF8')::jsonb ->> 'review_because' from outbox "
        "where subject = $1 and type like '%work.concluded.v1'",
        str(work),
    )
    return rows[-1][0]  # type: ignore[no-any-return]


@pytest.mark.rule("D36")
async def test_what_is_drawn_waits_and_what_is_not_stands_at_once(new_api: NewApi) -> None:
    api = await new_api("verification")
    hearing = Hearing(api, "verification")
    await keep_draws(api)
    works = {
        "major": await concluded(api, hearing, "C1", level="major"),
        "repeats": await concluded(api, hearing, "C3", repeats=2),
        None: await concluded(api, hearing, "C1", repeats=2),
    }
    for why, work in works.items():
        assert await because(api, work) == why
        standing = (await api.get(f"{WORKS}/{work}", by="unl")).json()["status"]
        assert standing == ("in_review" if why else "concluded")
    # a merge that was undone counts no more
    lead, repeat = uuid4(), uuid4()
    undone = LeadUnmerged(merge_id=uuid4(), lead_id=repeat, master_id=lead, repeat_count=1, effective_at=NOON)
    await hearing.tell(assigned(lead), merged(lead), merged(lead, repeat), undone)
    [(count,)] = await api.rows("select count(*) from lead_standings where merged_into = $1", lead)
    assert count == 1
    listed = (await api.get(f"{REVIEWS}?limit=1", by="qrv", **ON)).json()
    more = (await api.get(f"{REVIEWS}?limit=5&after={listed['next']}", by="qrv", **ON)).json()
    assert {item["because"] for item in listed["items"] + more["items"]} == {"major", "repeats"}
    first = listed["items"][0]
    assert (first["due_on"], first["overdue"], first["unit"]) == ("2018-06-06", False, "GA")
    late = (await api.get(REVIEWS, by="qrv", **{"X-Local-Clock": "2018-06-07T09:00:00+08:00"})).json()["items"]
    assert all(item["overdue"] for item in late)


async def test_the_reviewer_reads_with_a_purpose_on_record_passes_or_returns_and_the_unit_sees_why(
    new_api: NewApi,
) -> None:
    api = await new_api("verification")
    hearing = Hearing(api, "verification")
    work = await concluded(api, hearing, "C2", level="major")
    [(lead,)] = await api.rows("select lead_id from works where id = $1", work)
    after = After(topic=LeadAssigned.TOPIC, subject=str(lead), sequence=1)
    await hearing.tell(Sealed(lead_id=lead, after=after, sealed=hearing.seal(FACTS), effective_at=NOON))
    path = f"{REVIEWS}/{work}"
    assert (await api.client.get(path, headers=api.as_("qrv"))).status_code == 400, "what for?"
    read = (await api.get(path, by="qrv", **ON)).json()
    assert (read["work"]["facts"]["summary"], read["work"]["plan"][:2]) == (FACTS.summary, "走访")
    assert await api.rows("select actor, purpose from audit_log where action = 'review.read'") == [("qrv", "handle")]
    for by in ("unl", "ofd", "sup", "ldr", "dcm", "aud"):
        assert (await api.get(path, by=by)).status_code == 403, by
        assert (await decide(api, work, {"passed": True}, by=by)).status_code == 403, by
    assert (await decide(api, work, {"passed": False})).json()["errors"][0]["field"] == "reason"
    assert (await decide(api, uuid4(), {"passed": True})).status_code == 404
    back = await decide(api, work, BACK, key="once")
    assert (back.status_code, back.json()["state"], back.json()["rework_by"]) == (200, "returned", "2018-06-05")
    again = await decide(api, work, BACK, key="once")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (back.json(), "true")
    assert (await decide(api, work, {"passed": True})).status_code == 409, "nothing waits"
    assert (await api.get(path, by="qrv", **ON)).status_code == 409
    seen = (await api.get(f"{WORKS}/{work}", by="unl")).json()
    assert (seen["status"], seen["conclusion"]) == ("accepted", None)
    assert [(one["conclusion"], one["reason"], one["rework_by"]) for one in seen["returns"]] == [
        ("C2", WHY, "2018-06-05")
    ]
    assert (await api.post(f"{WORKS}/{work}/conclusion", {"conclusion": "C1"}, by="unl", **ON)).json()[
        "status"
    ] == "in_review"
    assert (await decide(api, work, {"passed": True})).json()["number"] == 2, "the same reviewer looks again"
    assert (await api.get(f"{WORKS}/{work}", by="unl")).json()["status"] == "concluded"
    assert await said(api) == ["opened", "accepted", "concluded", "returned-by-review", "concluded", "reviewed"]
    assert WHY not in str(await api.rows("select convert_from(value, 'UTF8') from outbox"))
    [(details,)] = await api.rows("select count(*) from audit_log where action = 'review.decide' and actor = 'qrv'")
    assert details == 2
    # the words of the review are destroyed with the lead
    await hearing.tell(LeadExpunged(lead_id=lead, effective_at=NOON))
    assert WHY not in str(await api.rows("select reason from reviews union all select reason from work_history"))


@pytest.mark.rule("G4", "G10")
async def test_nobody_of_the_unit_and_nobody_who_took_part_or_is_concerned_reviews(new_api: NewApi) -> None:
    api = await new_api("verification")
    hearing = Hearing(api, "verification")
    work = await concluded(api, hearing, "C1", level="major")
    [(lead,)] = await api.rows("select lead_id from works where id = $1", work)
    known = issuer.accounts()

    async def refused(unit: str, *staff: str) -> None:
        async with api.app.state.database.transaction() as tx:
            await tx.execute(staff_accounts.delete())
            if staff:
                await tx.execute(
                    insert(staff_accounts),
                    [{"account": one, "staff": number} for one, number in zip(("qrv", "unl"), staff, strict=False)],
                )
        api.app.state.departures._looked = float("-inf")
        with patch.object(issuer, "accounts", lambda: known | {"qrv": known["qrv"] | {"unit": unit}}):
            assert (await decide(api, work, {"passed": True})).status_code == 403, (unit, staff)
            assert (await api.get(f"{REVIEWS}/{work}", by="qrv", **ON)).status_code == 403, (unit, staff)

    await refused("GA")
    with patch.object(issuer, "accounts", lambda: known | {"qrv": known["qrv"] | {"unit": "GA"}}):
        assert (await api.get(REVIEWS, by="qrv", **ON)).json()["items"] == []
    await refused("ZF", "GA-101")
    await refused("ZF", "QT-1", "QT-1")
    facts = FACTS.model_copy(update={"excluded_staff": ("ZF-9",)})
    after = After(topic=LeadAssigned.TOPIC, subject=str(lead), sequence=1)
    await hearing.tell(Sealed(lead_id=lead, after=after, sealed=hearing.seal(facts), effective_at=NOON))
    await refused("ZF", "ZF-9")
    assert await said(api) == ["opened", "accepted", "concluded"]


@pytest.mark.rule("D36")
async def test_of_two_reviewers_at_once_one_decides(new_api: NewApi) -> None:
    api = await new_api("verification")
    work = await concluded(api, Hearing(api, "verification"), "C1", level="major")
    known = issuer.accounts()
    with patch.object(issuer, "accounts", lambda: known | {"qrv2": known["qrv"] | {"sub": "qrv2", "role": "qrv"}}):
        answers = await asyncio.gather(
            *(decide(api, work, body, by=by) for by, body in (("qrv", BACK), ("qrv2", {"passed": True})))
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert (await said(api))[:3] == ["opened", "accepted", "concluded"]
    assert len(await said(api)) == 4
    assert await api.rows("select count(*) from reviews where outcome is not null") == [(1,)]
    with pytest.raises(asyncpg.CheckViolationError):
        await api.rows("update reviews set decided_by = concluded_by")


async def test_a_limit_that_was_moved_is_shown_moved(new_api: NewApi) -> None:
    api = await new_api("verification")
    hearing = Hearing(api, "verification")
    work = await concluded(api, hearing, "C1", level="major")
    [(lead,)] = await api.rows("select lead_id from works where id = $1", work)

    def moved(kind: DeadlineKind, to: date) -> DeadlineMoved:
        common: dict[str, Any] = {"lead_id": lead, "round": 1, "limit_id": "D36", "provisional": False}
        return DeadlineMoved(kind=kind, due_on=to, because="notice", effective_at=NOON, **common)

    await hearing.tell(moved(DeadlineKind.REVIEW, date(2018, 6, 8)))
    assert (await api.get(REVIEWS, by="qrv", **ON)).json()["items"][0]["due_on"] == "2018-06-08"
    await decide(api, work, BACK)
    await hearing.tell(moved(DeadlineKind.REWORK, date(2018, 6, 11)), moved(DeadlineKind.REVIEW, date(2018, 6, 12)))
    assert await api.rows("select due_on, rework_by from reviews") == [(date(2018, 6, 8), date(2018, 6, 11))]


async def keep_draws(
    api: Api,
    at: datetime = datetime(2018, 5, 28, 1, tzinfo=UTC),
    *,
    signed: Sequence[str] = ("intake", "discipline"),
) -> None:
    """The clock looks; others sign; the clock looks again."""
    async with api.app.state.database.transaction() as tx:
        await keep_review_draws(tx, at)
    rows = [
        {"id": uuid4(), "chain": f"999999-{name}", "number": 7, "hash": b"h", "at": at + timedelta(minutes=1)}
        | {"key_id": "k", "signature": "c2ln", "heard_at": at}
        for name in signed
    ]
    async with api.app.state.database.transaction() as tx:
        await tx.execute(insert(audit_witnesses), rows)
        await keep_review_draws(tx, at + timedelta(minutes=2))


@pytest.mark.rule("D36")
async def test_the_random_part_is_drawn_by_a_seed_of_before_the_month_that_is_published_after_it(
    new_api: NewApi,
) -> None:
    api = await new_api("verification")
    hearing = Hearing(api, "verification")
    first = await concluded(api, hearing)
    assert await because(api, first) == "random", "no draw is there: what is refuted is reviewed"
    await keep_draws(api, signed=["intake"])
    second = await concluded(api, hearing)
    assert await because(api, second) == "random", "it is not fixed: one other service alone has signed"
    assert await api.rows("select count(*) from review_entries") == [(0,)]
    committed = await api.rows("select month, commitment from review_draws order by month")
    await keep_draws(api)
    assert await api.rows("select month, commitment from review_draws order by month") == committed
    assert [month for month, _ in committed] == [date(2018, 5, 1), date(2018, 6, 1)]
    works = [await concluded(api, hearing) for _ in range(12)]
    told = [await because(api, work) for work in works]
    path, may = f"{DRAWS}?month=2018-06", {"X-Local-Clock": "2018-06-30T10:00:00+08:00"}
    before = (await api.get(path, by="unl", **may)).json()
    assert (before["seed"], before["entries"], before["commitment"]) == (None, None, committed[1][1])
    after = (await api.get(path, by="aud", **{"X-Local-Clock": "2018-07-01T00:00:00+08:00"})).json()
    assert faults(after) == []
    assert len(after["entries"]) == 12
    assert sum(entry["drawn"] for entry in after["entries"]) == told.count("random")
    assert (await api.get(f"{DRAWS}?month=2017-01", by="unl")).status_code == 404
    assert (await api.get(f"{DRAWS}?month=2018", by="unl")).status_code == 422
    kept = await api.rows("select action from audit_log where action like 'review-draw.%' order by at, action")
    assert [action for (action,) in kept] == ["review-draw.commit"] * 2 + ["review-draw.fix"] * 2
