"""What a restore forgot of a lead's later life is learned again so that the lead can go on to its end (§4.2, docs/operations.md)."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.consumer import HANDLERS, OWN
from services.intake.domain.lead_life import FOLLOWED
from services.intake.domain.lead_states import Status
from shared.contracts import verification as said
from shared.contracts.ends import LeadReviewDateSet, LeadTransferReceived, LeadTransferred, LeadTransferUndone
from shared.contracts.envelope import AboutLead
from shared.contracts.intake import (
    FeedbackDelivered,
    FeedbackObjected,
    LeadAssigned,
    LeadClosed,
    LeadRecalled,
    LeadRedirected,
    LeadRedirectReturned,
    LeadResumed,
    LeadRuled,
    LeadSuspended,
)
from shared.errors import NotAllowed
from shared.inbox import Received
from tests.conftest import NewApi
from tests.intake.api.test_conclusions import pass_to
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import DEPARTMENT, DRAWN, PUBLIC, concluded, do, hear, limits, status
from tests.intake.api.test_merges import AGAIN, merge
from tests.intake.api.test_upstream_replies import SIGNED, SUPERIOR, reply
from tests.support.api import Api


async def learn(api: Api, lead: UUID, kind: type[AboutLead], *, day: str, **more: Any) -> None:
    at = datetime.fromisoformat(f"{day}T03:00:00").replace(tzinfo=UTC)
    event: Any = kind(**{"lead_id": lead, "effective_at": at, **more})
    received = Received(uuid4(), event.TYPE, event.TOPIC, event.subject, 9, "999999", at, at)
    async with api.app.state.database.transaction() as tx:
        await OWN[kind](tx, event, received)


@pytest.mark.parametrize("known", [True, False])
async def test_a_lead_whose_feedback_was_forgotten_can_be_answered_for_and_closed(
    new_api: NewApi, *, known: bool
) -> None:
    api = await new_api("intake")
    if known:
        lead = await concluded(api, **SUPERIOR, upstream_no="C1")
    else:
        # the result was heard after the backup, too
        lead = await register(api, **SUPERIOR, upstream_no="C1")
        await classify(api, lead)
        await assign(api, lead)
        await hear(api, lead, said.WorkAccepted, **SIGNED)
    await learn(api, lead, FeedbackDelivered, outcome="delivered", day="2018-06-21")
    assert await status(api, lead) == "fed_back"
    assert (await reply(api, lead)).status_code == 201
    early = await do(api, lead, "closing", day="2018-07-20")
    assert (early.status_code, "提出异议" in early.json()["detail"]) == (409, True), "D12 runs"
    assert (await do(api, lead, "closing", day="2018-07-25")).json()["status"] == "closed"


async def test_a_matter_whose_way_to_a_regulator_was_forgotten_ends_or_comes_back_once(new_api: NewApi) -> None:
    api = await new_api("intake")
    await api.rows(DEPARTMENT)
    lead, ended = [await register(api, **PUBLIC) for _ in range(2)]
    repeat = await register(api, **SUPERIOR, upstream_no="C2", summary=AGAIN)
    await merge(api, repeat, ended)
    for each in (lead, ended):
        await classify(api, each, tier="disorder")
        await learn(api, each, LeadRedirected, regulator="CSGL", number=1, day="2018-06-05")
    await learn(api, lead, LeadRedirectReturned, day="2018-06-06")
    await learn(api, lead, LeadRedirected, regulator="CSGL", number=2, day="2018-06-07")
    # and it was taken back from that regulator, given to the other one
    await learn(api, lead, LeadRedirected, regulator="CSGL", number=3, day="2018-06-07")
    back = await do(api, lead, "redirect/return", {"reason": "不属于本部门职责"}, day="2018-06-08")
    assert (back.status_code, "退回过一次" in back.json()["detail"]) == (409, True)
    receipt = {"receipt_no": "城管收1号", "receipt_on": "2018-06-08"}
    assert (await do(api, lead, "redirect/receipt", receipt, day="2018-06-08")).status_code == 200
    result = {"result": "已责令改正", "result_on": "2018-06-20"}
    assert (await do(api, lead, "redirect/result", result, day="2018-06-20")).status_code == 200
    closed = await do(api, lead, "redirect/closing", day="2018-06-20")
    assert closed.json()["status"] == "closed", closed.text
    # the end was forgotten with it: the repeat's superior is answered all the same
    await learn(api, ended, LeadClosed, by="regulator", day="2018-06-20")
    assert (await reply(api, repeat)).status_code == 201


Story = list[tuple[type[AboutLead], str, dict[str, Any]]]
CHARGED: dict[str, Any] = {
    "unit": "ZF", "level": "general", "assignment_no": 2, "sign_by": "2018-07-30", "due_on": "2018-08-30", "provisional": False,
}  # fmt: skip
DONE: Story = [(said.WorkAccepted, "2018-06-04", SIGNED), (said.WorkConcluded, "2018-06-20", {"conclusion": "C3"})]
REVIEWED: Story = [
    DONE[0],
    (said.WorkConcluded, "2018-06-19", DRAWN),
    (said.WorkReturnedByReview, "2018-06-19", {}),
    (said.WorkConcluded, "2018-06-19", DRAWN),
    (said.WorkReviewed, "2018-06-20", {"conclusion": "C3"}),
]
TOLD: Story = [(FeedbackDelivered, "2018-06-21", {"outcome": "delivered"})]
AGAIN_AT: Story = [(FeedbackObjected, "2018-07-02", {}), (LeadAssigned, "2018-07-02", CHARGED)]
RULED: Story = [
    (said.WorkDisputed, "2018-06-04", {"assignment_no": 1}),
    (LeadRuled, "2018-06-05", {"disputed_no": 1, "unit": "ZF", "binding": False}),
    (LeadAssigned, "2018-06-05", CHARGED),
]
ZF = {**SIGNED, "unit": "ZF"}
RECALLED: Story = [
    (said.WorkAccepted, "2018-06-04", {**SIGNED, "assignment_no": 1}),
    (LeadRecalled, "2018-06-05", {"recalled_no": 1}),
    (LeadAssigned, "2018-06-05", CHARGED),
    # it was on its way then
    (said.WorkConcluded, "2018-06-05", {"conclusion": "C3", "assignment_no": 1}),
]
STORIES: dict[str, tuple[Story, str, tuple[str, str] | None]] = {
    "told": (DONE + TOLD, "fed_back", ("C3", "GA")),
    "closed": (DONE + TOLD + [(LeadClosed, "2018-07-25", {"by": "feedback"})], "closed", ("C3", "GA")),
    "given to another team": (DONE + TOLD + AGAIN_AT, "assigned", ("C3", "GA")),
    "which signed": (DONE + TOLD + AGAIN_AT + [(said.WorkAccepted, "2018-07-03", ZF)], "verifying", ("C3", "GA")),
    "and found something": (
        [*DONE, *TOLD, *AGAIN_AT, (said.WorkAccepted, "2018-07-03", ZF), (said.WorkConcluded, "2018-07-09", {"conclusion": "C1"})],
        "concluded",
        ("C1", "ZF"),
    ),
    "which waits for its review": (REVIEWED[:2], "in_review", None),
    "which was reviewed": (REVIEWED, "concluded", ("C3", "GA")),
    "which was reviewed and told": (REVIEWED + TOLD, "fed_back", ("C3", "GA")),
    "ruled": (RULED, "assigned", None),
    "ruled and signed": ([*RULED, (said.WorkAccepted, "2018-06-06", ZF)], "verifying", None),
    "recalled": (RECALLED, "assigned", None),
    "recalled and signed": ([*RECALLED, (said.WorkAccepted, "2018-06-06", {**ZF, "assignment_no": 2})], "verifying", None),
    "stood still meanwhile": (
        [DONE[0], (LeadSuspended, "2018-06-05", {}), (LeadResumed, "2018-06-07", {}), DONE[1]],
        "concluded",
        ("C3", "GA"),
    ),
}  # fmt: skip
"""What happened in its order after the backup, which knows an assignment; how the lead stands then, and with which conclusion."""


async def restored(api: Api, story: Story) -> UUID:
    """What intake said is learned first, then verification is heard from the beginning."""
    lead = await register(api, **PUBLIC)
    await classify(api, lead)
    await assign(api, lead)
    await api.rows("update lead_history set effective_at = '2018-06-01' where lead_id = $1", lead)
    await api.rows("update deadlines set started_at = '2018-06-01' where lead_id = $1 and stopped_at is null", lead)
    for kind, day, more in story:
        if kind in OWN:
            await learn(api, lead, kind, day=day, **more)
    for kind, day, more in story:
        if kind in HANDLERS:
            await hear(api, lead, kind, day=day, **more)
    return lead


async def test_what_verification_said_before_our_own_later_word_is_taken_again_and_moves_nothing_back(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    for name, (story, end, conclusion) in STORIES.items():
        lead = await restored(api, story)
        assert await status(api, lead) == end, name
        found = await api.rows("select code, unit from conclusions where lead_id = $1", lead)
        assert found == ([conclusion] if conclusion else []), name
        [(refused,)] = await api.rows("select refused_by from leads where id = $1", lead)
        assert refused == (["GA"] if name.startswith("ruled") else []), name
        if "ruled" not in name and "recalled" not in name:
            [(signed,)] = await api.rows(
                "select stopped_at::text from deadlines where lead_id = $1 and kind = 'sign' and round = 1", lead
            )
            assert signed.startswith("2018-06-04"), f"{name}: it was signed in time"
        running = await api.rows("select kind from deadlines where lead_id = $1 and stopped_at is null", lead)
        assert {kind for (kind,) in running} == RUNS[end], name


RUNS = {
    "fed_back": set(),
    "closed": set(),
    "assigned": {"sign", "conclude"},
    "verifying": {"conclude"},
    "in_review": {"review"},
    "concluded": {"feedback"},
}  # fmt: skip


async def test_in_every_state_what_is_overtaken_moves_nothing_and_of_a_lead_that_forgot_nothing_it_is_refused(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    lead = await restored(api, DONE + TOLD)
    for constraint in ("classified_whole", "assigned_by_status"):
        await api.rows(f"alter table leads drop constraint ck_leads_{constraint}")
    works: dict[type[AboutLead], dict[str, Any]] = {
        said.WorkAccepted: SIGNED,
        said.WorkConcluded: {"conclusion": "C1"},
        said.WorkDisputed: {"assignment_no": 1},
        said.WorkFirstReported: {},
        said.WorkReviewed: {"conclusion": "C1"},
        **{kind: {} for kind in FOLLOWED if kind is not said.WorkDisputed},
    }
    assert set(works) == {kind for kind in HANDLERS if kind.TOPIC == "verification.works"}
    row = "select version, status, refused_by from leads where id = $1"
    for standing in Status:
        if standing in (Status.SUSPENDED, Status.MERGED):
            continue
        await api.rows("update leads set status = $1 where id = $2", standing.value, lead)
        before = await api.rows(row, lead)
        for kind, more in works.items():
            await hear(api, lead, kind, day="2018-06-15", **more)
        assert await api.rows(row, lead) == before, standing
    assert await api.rows("select code from conclusions") == [("C3",)], "a later end is known"
    # nothing was forgotten: what does not fit is no word of before a restore
    await api.rows("update lead_history set action = 'follow' where action = 'relearn'")
    with pytest.raises(NotAllowed):
        await hear(api, lead, said.WorkAccepted, day="2018-06-15", **SIGNED)


async def test_a_letter_is_read_on_a_day_and_came_after_what_was_said_on_it(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = await restored(api, DONE[:1])
    read_on = datetime(2018, 6, 19, 16, tzinfo=UTC)
    await learn(api, lead, FeedbackDelivered, outcome="delivered", day="2018-06-20", effective_at=read_on)
    await hear(api, lead, said.WorkConcluded, conclusion="C3", day="2018-06-20")
    assert await status(api, lead) == "fed_back"


SENT: tuple[type[AboutLead], str, dict[str, Any]] = (LeadTransferred, "2018-06-21", {"organ": "JS", "number": 1})
ENDS: dict[str, Story] = {
    "C4": [(LeadReviewDateSet, "2018-06-21", {"review_on": date(2018, 9, 3), "since": date(2018, 6, 20)})],
    "C5": [SENT, (LeadTransferUndone, "2018-06-26", {"number": 1})],
    "C5 taken": [SENT, (LeadTransferReceived, "2018-06-22", {"number": 1, "receipt_on": date(2018, 6, 22)})],
    "C6": [
        (LeadRedirected, "2018-06-21", {"regulator": "CSGL", "number": 1}),
        (LeadClosed, "2018-06-25", {"by": "regulator"}),
    ],
}
"""Which conclusion it was, and what intake said of it and forgot."""


@pytest.mark.rule("D05", "D29")
@pytest.mark.parametrize("known", [True, False])
async def test_what_a_conclusion_waits_for_is_learned_again_and_whose_it_is(new_api: NewApi, *, known: bool) -> None:
    api = await new_api("intake")
    await api.rows(DEPARTMENT)
    found: dict[str, UUID] = {}
    for name, story in ENDS.items():
        code = name[:2]
        if known:
            found[name] = await concluded(api, code)
            for kind, day, more in story:
                await learn(api, found[name], kind, day=day, **more)
        else:
            # the conclusion was heard after the backup, too
            done = (said.WorkConcluded, "2018-06-20", {"conclusion": code})
            found[name] = await restored(api, [DONE[0], done, *story])
        assert await api.rows("select code, unit from conclusions where lead_id = $1", found[name]) == [(code, "GA")]
    stands = {name: await status(api, lead) for name, lead in found.items()}
    assert stands == {"C4": "concluded", "C5": "concluded", "C5 taken": "transferred", "C6": "closed"}
    running = "select limit_id from deadlines where stopped_at is null and lead_id = $1"
    runs = {name: await api.rows(running, lead) for name, lead in found.items()}
    assert runs == {"C4": [("D07w",)], "C5": [("D11",)], "C5 taken": [("D11",)], "C6": []}
    again = (await limits(api, found["C4"], "2018-06-25"))["assign"]
    assert again["due_on"] == "2018-09-03"
    later = {"review_on": "2018-12-20", "missing": "关键证人在外地"}
    assert (
        await do(api, found["C4"], "review-date", later | {"review_on": "2018-12-21"}, day="2018-06-25")
    ).status_code == 422
    assert (await do(api, found["C4"], "review-date", later, day="2018-06-25")).status_code == 200, "of six months"
    await pass_to(api, "2018-12-20")
    assert await status(api, found["C4"]) == "reopened"
    assert (await do(api, found["C5 taken"], "feedback", {}, day="2018-06-25")).json()["status"] == "fed_back"
    letter = {"organ": "JS", "letter_no": "示例移〔2018〕4号"}
    assert (await do(api, found["C5"], "transfer", letter, day="2018-06-27")).json()["status"] == "transferred"
    rows = (await api.get(f"/intake/v1/leads/{found['C5']}/transfers", by="sup")).json()
    assert [(row["number"], row["organ"], bool(row["undone_at"])) for row in rows] == [
        (1, "JS", True),
        (2, "JS", False),
    ]
