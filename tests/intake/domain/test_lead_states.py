"""Every state × action of a lead (domain.md §4.2): written out here a second time, so that the table and this page have to agree."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.intake.domain import lead_life
from services.intake.domain.codes import Area, Ground, Level, Source, Tier
from services.intake.domain.feedback import Channel, Feedback, Try, must_be_final, outcome_of
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import MOVES, NEVER_ASSIGNED, Action, Status
from services.intake.domain.minors import decide_on_children
from services.intake.domain.redirect import Redirect, counted_from
from services.intake.domain.urgency import say_urgent
from shared.deadlines import Deadline, profile_of
from shared.errors import Forbidden, Invalid, NotAllowed
from tests.support.builders import DAY, DAYS, NOON, assigned, classified, lead

# §4.2 line by line, `before` → `after`; what is not written here is refused
WRITTEN = """
classify: received classified classified classified
decline: received not_accepted
accept-after-all: not_accepted received
redirect: classified redirected concluded redirected
receipt-of-redirect: redirected redirected
result-of-redirect: redirected redirected
return-redirect: redirected classified
return-finding: redirected reopened
end-redirect: redirected closed
merge: received merged classified merged
unmerge: merged received
assign: classified assigned reopened assigned
dispute: assigned disputed
rule: disputed assigned
recall: assigned assigned verifying assigned taskforce assigned in_signoff assigned in_review assigned parked assigned
recall-redirect: redirected redirected
begin: assigned verifying
extend: verifying verifying taskforce taskforce redirected redirected
form-taskforce: verifying taskforce
submit-report: verifying in_signoff taskforce in_signoff
return-report: in_signoff verifying
conclude: verifying concluded taskforce concluded in_signoff concluded
conclude-for-review: verifying in_review taskforce in_review in_signoff in_review
pass-review: in_review concluded
return-by-review: in_review verifying
park: concluded parked
wake: parked verifying
set-review: concluded concluded parked parked
take-up: concluded reopened parked reopened
transfer: concluded transferred
receipt-of-transfer: transferred transferred
undo-transfer: transferred concluded
feed-back: concluded fed_back transferred fed_back
re-examine: fed_back assigned reopened assigned
object: fed_back assigned
close: fed_back closed
reopen: closed reopened
seal: closed sealed not_accepted sealed merged sealed
expunge: sealed expunged
resume: suspended assigned
"""
WITH_A_UNIT = ("assigned", "disputed", "verifying", "taskforce", "in_signoff")
ACTIVE = [
    *("received", "classified", "redirected", "assigned", "disputed", "verifying", "taskforce", "in_signoff"),
    *("in_review", "concluded", "parked", "transferred", "fed_back", "reopened"),
]


def written() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for line in WRITTEN.strip().splitlines():
        action, steps = line.split(":")
        words = steps.split()
        found |= {(action, before): after for before, after in zip(words[::2], words[1::2], strict=True)}
    found |= {("raise-level", status): status for status in (*WITH_A_UNIT, "parked", "reopened")}
    found |= {("suspend", status): "suspended" for status in ACTIVE}
    found |= {("say-urgent", status): status for status in (*ACTIVE, "closed", "suspended")}
    found |= {("leave-children-out", status): status for status in ACTIVE}
    late = ("not_accepted", "closed", "suspended", "merged")
    return found | {("add-grounds", status): status for status in (*ACTIVE, *late)}


def at(status: Status) -> Lead:
    """A lead that stands there."""
    if status is Status.MERGED:
        return lead(source=Source.PUBLIC).merge_into(lead())
    if status is Status.SUSPENDED:
        return lead_life.suspend(assigned(), at=NOON)[0]
    if status in (Status.RECEIVED, Status.NOT_ACCEPTED):
        return lead(source=Source.PUBLIC, status=status)
    if status in NEVER_ASSIGNED:
        one = lead(source=Source.PUBLIC).classify(
            Tier.DISORDER, Level.GENERAL, (Area.MARKET,), (), may_major=False, at=NOON
        )[0]
        return replace(one, status=status)
    return replace(assigned(), status=status)


def recall(
    one: Lead, unit: str = "JS", *, near: bool = True, leading: bool = False, due: Deadline | None = None
) -> Any:
    return lead_life.recall(one, unit, near=near, leading_group=leading, due=due, days=DAYS, at=NOON)


DOORS: dict[Action, Callable[[Lead], Any]] = {
    Action.CLASSIFY: lambda one: one.classify(Tier.EVIL, Level.KEY, (Area.SITE,), (), may_major=False, at=NOON),
    Action.SAY_URGENT: lambda one: say_urgent(one, urgent=True, of_repeat=True),
    Action.LEAVE_CHILDREN_OUT: decide_on_children,
    Action.DECLINE: lambda one: lead_life.decline(one, "court", concerns_office=False, at=NOON),
    Action.ACCEPT_AFTER_ALL: lambda one: lead_life.accept_after_all(one, at=NOON),
    Action.REDIRECT: lambda one: lead_life.redirect(one, "SJ", number=1, at=NOON, conclusion="C6"),
    Action.TAKE_UP: lambda one: lead_life.take_up(one, at=NOON),
    Action.RETURN_REDIRECT: lambda one: lead_life.return_redirect(one, at=NOON),
    Action.END_REDIRECT: lambda one: lead_life.end_redirect(one, leg_open=False, at=NOON),
    Action.MERGE: lambda one: one.merge_into(lead()),
    Action.UNMERGE: lambda one: one.unmerge(),
    Action.ADD_GROUNDS: lambda one: one.add_grounds((Ground.UMBRELLA,)),
    Action.ASSIGN: lambda one: one.assign("JS", (), on=DAY, days=DAYS, at=NOON),
    Action.DISPUTE: lambda one: (
        lead_life.refused(replace(one, suspended_at=None), "GA") if not one.suspended_at else one.step(Action.DISPUTE)
    ),
    Action.RULE: lambda one: lead_life.rule(one, "JS", leading_group=False, days=DAYS, since=None, at=NOON),
    Action.RAISE: lead_life.raise_level,
    Action.RECALL: recall,
    Action.RECALL_REDIRECT: lambda one: lead_life.recall_redirect(
        one, "CSGL", near=True, leading_group=False, number=2, at=NOON
    ),
    Action.FEED_BACK: lambda one: lead_life.feed_back(one, "delivered", at=NOON),
    Action.RE_EXAMINE: lambda one: lead_life.re_examine(one, "JS", days=DAYS, at=NOON),
    Action.OBJECT: lambda one: lead_life.object_to(one, "JS", days=DAYS, at=NOON),
    Action.CLOSE: lambda one: lead_life.close(one, leg_open=False, at=NOON),
    Action.REOPEN: lambda one: lead_life.reopen(one, at=NOON),
    Action.SEAL: lambda one: lead_life.seal(one, conclusion="C3", held=False, at=NOON),
    Action.EXPUNGE: lambda one: lead_life.expunge(one, held=False, at=NOON),
    Action.SUSPEND: lambda one: lead_life.suspend(one, at=NOON),
    Action.RESUME: lambda one: lead_life.resume(one, at=NOON),
}
"""Each action as its use case does it; those that only follow verification are the bare step."""


def test_every_state_can_be_built() -> None:
    assert [at(status).standing for status in Status] == list(Status)
    assert len(Status) == 20


def do(action: Action, one: Lead) -> Any:
    """As its use case does it."""
    return DOORS[action](one) if action in DOORS else one.step(action)


@pytest.mark.parametrize("action", Action)
def test_each_action_in_each_state_moves_or_is_refused(action: Action) -> None:
    wanted = written()
    for status in Status:
        before = at(status)
        if (action.value, status.value) not in wanted:
            with pytest.raises(NotAllowed):
                do(action, before)
            assert status not in MOVES[action]
            continue
        done = do(action, before)
        after = done[0] if isinstance(done, tuple) else done
        assert after.standing == wanted[action.value, status.value], (status, action)
        assert after.version == before.version + 1
        fixed = ("id", "lead_no", "source", "received_on", "upstream_no", "summary", "reporter_ref")
        assert all(getattr(after, name) == getattr(before, name) for name in fixed)


def test_no_state_is_a_dead_end_but_the_last() -> None:
    leaves = {status: any(status in moves for moves in MOVES.values()) for status in Status}
    assert [status for status, found in leaves.items() if not found] == [Status.EXPUNGED]


@pytest.mark.parametrize("status", [Status(each) for each in ACTIVE])
def test_resuming_brings_back_exactly_what_stood_before(status: Status) -> None:
    before = at(status)
    again, said = lead_life.resume(lead_life.suspend(before, at=NOON)[0], at=NOON)
    assert replace(again, version=before.version) == before
    assert said.lead_id == before.id


def test_what_verification_said_before_it_heard_of_the_suspension_counts_beneath_it() -> None:
    standing_still = lead_life.suspend(assigned(), at=NOON)[0]
    followed = lead_life.follow(standing_still, Action.BEGIN)
    assert (followed.standing, followed.status) == (Status.SUSPENDED, Status.VERIFYING)
    with pytest.raises(NotAllowed):
        lead_life.follow(standing_still, Action.CONCLUDE)


@pytest.mark.rule("G22")
@pytest.mark.parametrize("text", ["反映扫黑办张某压案不查", "区专项办有人通风报信"])
def test_a_report_about_the_office_itself_is_never_declined(text: str) -> None:
    for one, concerns in ((lead(summary=text), False), (lead(allegations=(text,)), False), (lead(), True)):
        with pytest.raises(Forbidden, match="应报上级"):
            lead_life.decline(one, "court", concerns_office=concerns, at=NOON)


@pytest.mark.rule("M07")
def test_only_disorder_is_redirected_and_a_superiors_lead_never() -> None:
    with pytest.raises(Invalid):
        lead_life.redirect(classified(source=Source.PUBLIC), "SJ", number=1, at=NOON)
    with pytest.raises(Invalid):
        lead_life.redirect(replace(at(Status.CLASSIFIED), source=Source.SUPERIOR), "SJ", number=1, at=NOON)


@pytest.mark.rule("D29")
def test_a_regulators_result_needs_its_receipt_first_and_a_return_happens_once() -> None:
    sent = Redirect(lead_id=lead().id, number=1, regulator="SJ", sent_by="ofd", sent_at=NOON)
    with pytest.raises(NotAllowed, match="回执"):
        sent.answer("已处理", DAY, today=DAY)
    with pytest.raises(NotAllowed, match="结果尚未登记"):
        sent.answered_on()
    taken = sent.receive("SJ-1", DAY, today=DAY)
    with pytest.raises(NotAllowed):
        taken.receive("SJ-2", DAY, today=DAY)
    with pytest.raises(Invalid):
        taken.answer("已处理", date(2018, 5, 31), today=DAY)
    answered = taken.answer("已处理", DAY, today=DAY)
    assert answered.answered_on() == DAY
    with pytest.raises(NotAllowed, match="结果已登记"):
        answered.answer("又处理", DAY, today=DAY)
    with pytest.raises(NotAllowed, match="结果已登记"):
        answered.give_back("不属本局", returned_before=False, at=NOON)
    assert sent.give_back("不属本局", returned_before=False, at=NOON).returned_at == NOON
    with pytest.raises(NotAllowed):
        sent.give_back("不属本局", returned_before=True, at=NOON)


@pytest.mark.rule("D05")
def test_a_unit_disputes_once_and_after_the_second_refusal_the_leading_group_rules_for_good() -> None:
    one = lead_life.refused(assigned(), "GA")
    two, ruled, said = lead_life.rule(one, "JS", leading_group=False, days=DAYS, since=None, at=NOON)
    assert (said.unit, said.assignment_no, ruled.binding, said.dispute_by) == ("JS", 2, False, date(2018, 6, 5))
    three = lead_life.refused(two, "JS")
    with pytest.raises(Forbidden, match="领导小组"):
        lead_life.rule(three, "GA", leading_group=False, days=DAYS, since=None, at=NOON)
    four, ruled, said = lead_life.rule(three, "GA", leading_group=True, days=DAYS, since=DAY, at=NOON)
    assert (ruled.binding, said.dispute_by) == (True, None)
    for unit in ("GA", "JS", "ZF"):
        with pytest.raises(NotAllowed, match="裁定"):
            lead_life.refused(four, unit)
    # the unit that disputed and is charged all the same cannot say so again
    kept, ruled, _ = lead_life.rule(one, "GA", leading_group=False, days=DAYS, since=DAY, at=NOON)
    assert ruled.binding
    with pytest.raises(NotAllowed):
        lead_life.refused(kept, "GA")


@pytest.mark.rule("D05", "D07")
def test_nobody_gains_time_by_disputing() -> None:
    one = lead_life.refused(assigned(), "GA")
    later = date(2018, 6, 8)
    assert one.assignment is not None
    kept = lead_life.rule(one, "GA", leading_group=False, days=DAYS, since=DAY, at=NOON.replace(day=8))[2]
    assert kept.due_on == one.assignment.due_on
    other = lead_life.rule(one, "JS", leading_group=False, days=DAYS, since=DAY, at=NOON.replace(day=8))[2]
    assert other.due_on == profile_of(one.profile_version)["D07a"].after(later, DAYS).on


@pytest.mark.rule("G-CONF", "D05", "D07", "D04")
def test_a_lead_is_taken_back_only_while_something_stands_between_and_no_unit_has_it_twice() -> None:
    one = replace(assigned(), status=Status.VERIFYING, earlier_units=("SJ",), refused_by=("ZF",))
    with pytest.raises(NotAllowed, match="没有利害关系"):
        recall(one, near=False)
    for before in ("GA", "SJ"):
        with pytest.raises(Invalid, match="其他力量"):
            recall(one, before)
    runs = Deadline(date(2018, 6, 20), provisional=False)
    two, taken, said = recall(one, due=runs)
    assert (taken.recalled_no, said.assignment_no, said.unit, two.earlier_units) == (1, 2, "JS", ("SJ", "GA"))
    assert (said.due_on, said.sign_by, said.dispute_by) == (runs.on, date(2018, 6, 4), date(2018, 6, 5)), "D07 runs on"
    # whoever has said "not ours" before says so no second time, and it counts on
    assert recall(one, "ZF")[2].dispute_by is None
    assert two.refused_by == ("ZF",)
    fresh = recall(replace(one, status=Status.PARKED))[2]
    assert fresh.due_on == profile_of(one.profile_version)["D07a"].after(DAY, DAYS).on, "what waited begins anew"
    again = replace(one, version=two.version - 1).after(said, recalled=True)
    assert again == two, "after a restore it stands as it stood"


@pytest.mark.rule("G-CONF", "D29")
def test_a_regulators_time_is_counted_from_the_first_of_those_it_was_taken_back_from() -> None:
    one = at(Status.REDIRECTED)
    with pytest.raises(NotAllowed, match="没有利害关系"):
        lead_life.recall_redirect(one, "CSGL", near=False, leading_group=True, number=2, at=NOON)
    major = replace(one, level=Level.MAJOR)
    with pytest.raises(Forbidden, match="领导小组"):
        lead_life.recall_redirect(major, "CSGL", near=True, leading_group=False, number=2, at=NOON)
    days = [NOON.replace(day=day) for day in (1, 4, 8)]
    sent = [
        Redirect(lead_id=one.id, number=number, regulator="SJ", sent_by="ofd", sent_at=day)
        for number, day in enumerate(days, 1)
    ]
    assert counted_from(sent[:1]) == counted_from(sent) == days[0]
    assert counted_from([replace(sent[0], returned_at=days[1]), *sent[1:]]) == days[1], (
        "what came back was another time"
    )
    assert counted_from([sent[0], replace(sent[1], result="已处理"), sent[2]]) == days[2]
    sent[0].must_be_open()
    with pytest.raises(NotAllowed, match="结果已登记"):
        replace(sent[0], result="已处理").must_be_open()


@pytest.mark.rule("G-CONF", "G10")
def test_a_major_lead_is_taken_back_by_the_leading_group() -> None:
    one = replace(assigned(), level=Level.MAJOR)
    with pytest.raises(Forbidden, match="领导小组"):
        recall(one)
    assert recall(one, leading=True)[0].status is Status.ASSIGNED


def test_a_reopened_lead_goes_to_another_team_than_all_before() -> None:
    one = lead_life.reopen(replace(at(Status.CLOSED), earlier_units=("ZF",)), at=NOON)[0]
    for unit in ("GA", "ZF"):
        with pytest.raises(Invalid):
            one.assign(unit, (), on=DAY, days=DAYS, at=NOON)
        with pytest.raises(Invalid):
            lead_life.re_examine(one, unit, days=DAYS, at=NOON)
    again, said = one.assign("JS", (), on=DAY, days=DAYS, at=NOON)
    assert (again.earlier_units, said.assignment_no) == (("ZF", "GA"), 2)


@pytest.mark.rule("M17")
def test_a_lead_is_not_closed_while_a_leg_is_open() -> None:
    with pytest.raises(NotAllowed, match="双交办"):
        lead_life.close(at(Status.FED_BACK), leg_open=True, at=NOON)


@pytest.mark.rule("G14")
def test_only_what_is_unfounded_or_merged_is_sealed_and_nothing_under_a_hold() -> None:
    for code in ("C1", "C2", "C5", "C6", None):
        with pytest.raises(NotAllowed):
            lead_life.seal(at(Status.CLOSED), conclusion=code, held=False, at=NOON)
    assert lead_life.seal(at(Status.MERGED), conclusion=None, held=False, at=NOON)[0].standing is Status.SEALED
    for deed in (
        lambda: lead_life.seal(at(Status.CLOSED), conclusion="C3", held=True, at=NOON),
        lambda: lead_life.expunge(at(Status.SEALED), held=True, at=NOON),
    ):
        with pytest.raises(NotAllowed, match="保留"):
            deed()


def tries(*made: tuple[Channel, int, bool]) -> list[Try]:
    return [Try(channel=channel, on=date(2018, 6, day), reached=reached) for channel, day, reached in made]


@pytest.mark.rule("D11")
def test_the_reporter_was_told_or_three_tries_on_three_days_by_two_ways_were_made() -> None:
    assert outcome_of([], reachable=False) == "not-applicable"
    assert outcome_of(tries((Channel.PHONE, 1, True)), reachable=True) == "delivered"
    three = tries((Channel.PHONE, 1, False), (Channel.TEXT, 2, False), (Channel.PHONE, 3, False))
    assert outcome_of(three, reachable=True) == "attempts"
    for fewer in (three[:2], tries(*[(Channel.PHONE, day, False) for day in (1, 2, 3)]), [*three[:2], three[1]], []):
        with pytest.raises(NotAllowed):
            outcome_of(fewer, reachable=True)


@pytest.mark.rule("D12")
def test_a_lead_is_closed_only_when_nobody_objects_any_more() -> None:
    limit = profile_of("district-default-1")["D12"]

    def final(outcome: Any, *, accepted: bool, today: date) -> None:
        told = Feedback(outcome=outcome, accepted=accepted, told_on=DAY)
        must_be_final(told, objection=limit, days=DAYS, today=today)

    final("not-applicable", accepted=False, today=DAY)
    final("delivered", accepted=True, today=DAY)
    final("attempts", accepted=False, today=date(2018, 7, 3))
    for outcome in ("delivered", "attempts"):
        with pytest.raises(NotAllowed, match="2018-07-02"):
            final(outcome, accepted=False, today=date(2018, 7, 2))
