"""Merging and undoing: who may, from where, and that undoing leaves both leads as they would be without the merge."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.codes import Area, Ground, IssuingLevel, Level, Tier
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action, Status
from services.intake.domain.merge import Merge, MergeState, ReExamination, ReExaminationState, suggested_level
from shared.errors import Forbidden, Invalid, NotAllowed, Registered
from tests.support.builders import DAY, DAYS, NOON, assigned, classified, lead, person

LATER = NOON + timedelta(days=3)


def proposed(one: Lead, master: Lead, **changes: Any) -> Merge:
    values: dict[str, Any] = {
        "id": uuid4(),
        "lead_id": one.id,
        "master_id": master.id,
        "proposed_at": NOON,
        "reason": "同一事项",
        "proposed_by": "ana-1",
    }
    return Merge(**(values | changes))


def confirmed(merge: Merge, one: Lead, master: Lead, by: str = "ofd-1") -> tuple[Merge, Lead]:
    return merge.confirm(one, master, repeats=(), has_repeats=False, by=person(by), at=NOON)[:2]


STATES: dict[Status, Callable[[], Lead]] = {
    Status.RECEIVED: lead,
    Status.CLASSIFIED: classified,
    Status.ASSIGNED: assigned,
    Status.VERIFYING: lambda: replace(assigned(), status=Status.VERIFYING),
    Status.CONCLUDED: lambda: replace(assigned(), status=Status.CONCLUDED),
}


@pytest.mark.parametrize("status", STATES)
def test_a_lead_is_merged_before_it_is_assigned_into_a_master_of_any_state(status: Status) -> None:
    other = lead()
    assert other.merge_into(STATES[status]()).standing is Status.MERGED
    if status in (Status.RECEIVED, Status.CLASSIFIED):
        assert STATES[status]().merge_into(other).merged_into == other.id
    else:
        with pytest.raises(NotAllowed):
            STATES[status]().merge_into(other)


def test_a_merged_lead_does_nothing_by_itself() -> None:
    one = classified().merge_into(lead())
    for act in (
        lambda: one.classify(Tier.EVIL, Level.KEY, (Area.SITE,), (), may_major=True, at=NOON),
        lambda: one.assign("GA", (), on=DAY, days=DAYS, at=NOON),
        lambda: one.merge_into(lead()),
        lambda: one.step(Action.BEGIN),
        lambda: one.step(Action.CONCLUDE),
    ):
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(NotAllowed):
        lead().merge_into(one)
    with pytest.raises(NotAllowed):
        lead().unmerge()
    with pytest.raises(Invalid):
        (same := lead()).merge_into(same)


@pytest.mark.rule("G10")
def test_a_merge_and_its_undoing_each_take_two_people() -> None:
    one, master = lead(), lead()
    merge = proposed(one, master)
    with pytest.raises(Forbidden):
        confirmed(merge, one, master, by="ana-1")
    with pytest.raises(Forbidden):
        merge.refuse(by=person("ana-1"), at=NOON)
    merge, one = confirmed(merge, one, master)
    undoing = merge.propose_undo("不是一回事", by="ofd-1", at=LATER)
    with pytest.raises(Forbidden):
        undoing.confirm_undo(one, left=0, by=person("ofd-1"), at=LATER)
    with pytest.raises(Forbidden):
        undoing.refuse_undo(by=person("ofd-1"))
    assert undoing.refuse_undo(by=person("ana-1")) == merge
    assert undoing.confirm_undo(one, left=0, by=person("ana-1"), at=LATER)[0].state is MergeState.UNDONE


def act_on(merge: Merge, action: str, one: Lead, master: Lead) -> Merge:
    if action == "confirm":
        return merge.confirm(one, master, repeats=(), has_repeats=False, by=person("second"), at=LATER)[0]
    if action == "refuse":
        return merge.refuse(by=person("second"), at=LATER)
    if action == "propose-undo":
        return merge.propose_undo("r", by="third", at=LATER)
    if action == "confirm-undo":
        return merge.confirm_undo(replace(one, merged_into=master.id), left=0, by=person("second"), at=LATER)[0]
    return merge.refuse_undo(by=person("second"))


ALLOWED = {
    (MergeState.PROPOSED, "confirm"): MergeState.STANDING,
    (MergeState.PROPOSED, "refuse"): MergeState.REFUSED,
    (MergeState.STANDING, "propose-undo"): MergeState.UNDO_PROPOSED,
    (MergeState.UNDO_PROPOSED, "confirm-undo"): MergeState.UNDONE,
    (MergeState.UNDO_PROPOSED, "refuse-undo"): MergeState.STANDING,
}


@pytest.mark.parametrize("state", MergeState, ids=lambda state: f"when-{state}")
@pytest.mark.parametrize("action", ["confirm", "refuse", "propose-undo", "confirm-undo", "refuse-undo"])
def test_every_state_of_a_merge_takes_the_steps_it_has_and_no_other(state: MergeState, action: str) -> None:
    one, master = lead(), lead()
    merge = proposed(one, master, state=state)
    if (state, action) in ALLOWED:
        assert act_on(merge, action, one, master).state is ALLOWED[state, action]
    else:
        with pytest.raises(NotAllowed):
            act_on(merge, action, one, master)


def test_a_lead_that_has_repeats_is_not_merged_itself() -> None:
    one, master = lead(), lead()
    with pytest.raises(NotAllowed):
        proposed(one, master).confirm(one, master, repeats=(), has_repeats=True, by=person("ofd-1"), at=NOON)


def test_the_number_of_repeats_raises_the_suggested_level_and_the_event_counts_them() -> None:
    master = lead(issuing_level=IssuingLevel.CITY)
    assert [suggested_level(master, count) for count in range(5)] == [Level.GENERAL] * 3 + [Level.MAJOR] * 2
    assert suggested_level(lead(issuing_level=IssuingLevel.PROVINCE), 1) is Level.KEY
    one = lead()
    merge, _, event = proposed(one, master).confirm(
        one, master, repeats=(lead(), lead()), has_repeats=False, by=person("ofd-1"), at=NOON
    )
    assert (merge.suggested_level, event.repeat_count, event.master_id) == (Level.MAJOR, 3, master.id)


def test_a_re_examination_goes_to_another_team_once() -> None:
    entry = ReExamination(merge_id=uuid4(), lead_id=uuid4(), repeat_id=uuid4(), earlier_unit="GA", opened_at=NOON)
    with pytest.raises(Invalid):
        entry.give("GA", by="ofd-1", at=NOON)
    given_ = entry.give("ZF", by="ofd-1", at=NOON)
    assert (given_.state, given_.unit) == (ReExaminationState.GIVEN, "ZF")
    with pytest.raises(NotAllowed):
        given_.give("JS", by="ofd-1", at=NOON)
    assert given_.withdraw() == given_
    assert entry.withdraw().state is ReExaminationState.WITHDRAWN


def step(one: Lead, action: str) -> Lead:
    """One step of a lead's life, or nothing where it is not allowed."""
    try:
        if action.startswith("classify"):
            level = Level.KEY if action.endswith("key") else Level.GENERAL
            return one.classify(Tier.EVIL, level, (Area.MARKET,), ("06",), may_major=True, at=NOON)[0]
        if action == "assign":
            return one.assign("GA", (), on=DAY, days=DAYS, at=NOON)[0]
        if action == "ground":
            return one.add_grounds((Ground.UMBRELLA,))
        return one.step(Action.BEGIN if action == "accept" else Action.CONCLUDE)
    except (NotAllowed, Registered):
        return one


ACTIONS = st.sampled_from(["classify", "classify-key", "assign", "ground", "accept", "conclude"])


@given(
    before=st.lists(st.sampled_from(["classify", "classify-key", "ground"]), max_size=4),
    masters=st.lists(ACTIONS, max_size=6),
    meanwhile=st.lists(st.tuples(st.booleans(), ACTIONS), max_size=12),
    after=st.lists(st.tuples(st.booleans(), ACTIONS), max_size=8),
    times=st.integers(1, 3),
)
def test_merged_and_unmerged_both_leads_stand_as_without_the_merge(
    before: list[str],
    masters: list[str],
    meanwhile: list[tuple[bool, str]],
    after: list[tuple[bool, str]],
    times: int,
) -> None:
    one, master = lead(), lead()
    for action in before:
        one = step(one, action)
    for action in masters:
        master = step(master, action)
    with_merge, without = [one, master], [one, master]
    for _ in range(times):
        merge, with_merge[0] = confirmed(proposed(*with_merge), with_merge[0], with_merge[1])
        for on_master, action in meanwhile:
            with_merge[on_master] = step(with_merge[on_master], action)
            if on_master or action == "ground":
                without[on_master] = step(without[on_master], action)
        undoing = merge.propose_undo("r", by="ana-1", at=LATER)
        with_merge[0] = undoing.confirm_undo(with_merge[0], left=0, by=person("ofd-1"), at=LATER)[1]
    for on_master, action in after:
        with_merge[on_master] = step(with_merge[on_master], action)
        without[on_master] = step(without[on_master], action)
    assert [replace(each, version=0) for each in with_merge] == [replace(each, version=0) for each in without]
    assert with_merge[1] == without[1], "the master's row was never touched, its version included"
