"""State × action of what is decided once; and that each set of states of intake's domain has such a table somewhere."""

import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.places import ROOT
from services.intake import domain
from services.intake.domain import decision, extension, objection
from services.intake.domain.deadline import to_conclude
from services.intake.domain.decision import PAIRS, Decision, Kind
from services.intake.domain.extension import Extension
from services.intake.domain.lead_states import Status
from services.intake.domain.merge import ReExamination, ReExaminationState
from services.intake.domain.objection import Against, Objection
from shared.codes import Labelled
from shared.errors import Forbidden, NotAllowed
from tests.support.builders import DAY, DAYS, NOON, assigned, person

HERE = "intake/domain/test_decided_once.py"
TABLES = {
    "lead_states.Status": "intake/domain/test_lead_states.py",
    "attachment.State": "intake/domain/test_attachment.py",
    "opening.State": "intake/domain/test_opening.py",
    "reward.State": "intake/domain/test_reward.py",
    "merge.MergeState": "intake/domain/test_merge.py",
    "merge.ReExaminationState": HERE,
    "decision.State": HERE,
    "objection.State": HERE,
    "extension.State": HERE,
    "pause.Status": "intake/domain/test_deadline.py",
    "dual_assignment.Status": "intake/domain/test_dual_assignment.py",
    "dual_exchange.HoldState": "intake/api/test_dual_exchange.py",
    "conflict.InterestStatus": "intake/directory/test_conflict.py",
    "code_list.VersionState": "intake/domain/test_code_list.py",
    "screening.ScreeningState": "intake/domain/test_screening.py",
    "gateway_message.MessageState": "intake/domain/test_gateway_message.py",
}
"""Where all states of each are tried with all that is done to them."""
LEAD = replace(assigned(), status=Status.VERIFYING)
LIMIT = to_conclude(LEAD, days=DAYS, at=NOON)


def _decision(state: Any, kind: Kind = Kind.SEAL) -> Decision:
    return Decision(
        id=uuid4(), lead_id=uuid4(), kind=kind, reason="到期", proposed_by="first", proposed_at=NOON, state=state
    )


def _objection(state: Any) -> Objection:
    return Objection(
        lead_id=uuid4(), deed=3, against=Against.FEEDBACK, answered_by="first", made_on=DAY, message=2, state=state
    )


def _extension(state: Any) -> Extension:
    asked = Extension.ask(uuid4(), LEAD, LIMIT, 20, "取证需要时间", by="first", calendar=DAYS, at=NOON)
    return replace(asked, state=state)


def _re_examination(state: Any) -> ReExamination:
    return ReExamination(
        merge_id=uuid4(), lead_id=uuid4(), repeat_id=uuid4(), earlier_unit="GA", opened_at=NOON, state=state
    )


def _extended(one: Extension, by: str, *, grant: bool) -> Extension:
    return one.decide(LEAD, LIMIT, grant=grant, reason=None, by=person(by, "ofd"), calendar=DAYS, at=NOON)[0]


Act = Callable[[Any, str], Any]
DECIDED: dict[type[Labelled], tuple[Callable[[Any], Any], dict[str, Act]]] = {
    decision.State: (
        _decision,
        {
            "confirmed": lambda one, by: one.decide(confirm=True, reason=None, by=person(by, "dpo"), at=NOON),
            "refused": lambda one, by: one.decide(confirm=False, reason="不宜", by=person(by, "dpo"), at=NOON),
        },
    ),
    objection.State: (
        _objection,
        {
            "upheld": lambda one, by: one.decide(objection.State.UPHELD, by=person(by, "ofd"), at=NOON),
            "refused": lambda one, by: one.decide(objection.State.REFUSED, by=person(by, "ofd"), at=NOON),
        },
    ),
    extension.State: (
        _extension,
        {
            "granted": lambda one, by: _extended(one, by, grant=True),
            "refused": lambda one, by: _extended(one, by, grant=False),
        },
    ),
}


@pytest.mark.rule("G10")
@pytest.mark.parametrize("states", DECIDED, ids=lambda states: states.__module__.rsplit(".", 1)[-1])
def test_it_is_decided_once_by_another_person_and_stays_so(states: type[Labelled]) -> None:
    build, acts = DECIDED[states]
    waiting, *done = list(states)
    assert {state.value for state in done} == set(acts), "each way in which it may end is tried"
    for name, act in acts.items():
        after = act(build(waiting), "second")
        assert (after.state.value, after.decided_by, after.decided_at) == (name, "second", NOON)
        with pytest.raises(Forbidden):
            act(build(waiting), "first")
        for state in done:
            with pytest.raises(NotAllowed):
                act(build(state), "second")


@pytest.mark.rule("G10")
@pytest.mark.parametrize("kind", Kind)
def test_a_decision_is_for_the_role_that_decides_it_alone(kind: Kind) -> None:
    for role in ("icl", "ana", "ofd", "qrv", "dpo", "aud", "ldr"):
        one = _decision(decision.State.PROPOSED, kind)
        if role == PAIRS[kind].decides:
            assert one.decide(confirm=True, reason=None, by=person("x", role), at=NOON).decided_by == "x"
        else:
            with pytest.raises(Forbidden):
                one.decide(confirm=True, reason=None, by=person("x", role), at=NOON)


@pytest.mark.parametrize("state", ReExaminationState)
def test_a_re_examination_is_given_or_withdrawn_while_it_is_open(state: ReExaminationState) -> None:
    one = _re_examination(state)
    if state is ReExaminationState.OPEN:
        assert one.give("ZF", by="ofd-1", at=NOON).state is ReExaminationState.GIVEN
        assert one.withdraw().state is ReExaminationState.WITHDRAWN
        assert replace(one, conclusion="C1").note(by="ofd-1", at=NOON).state is ReExaminationState.NOTED
        with pytest.raises(NotAllowed):
            one.note(by="ofd-1", at=NOON)
    else:
        with pytest.raises(NotAllowed):
            one.give("ZF", by="ofd-1", at=NOON)
        with pytest.raises(NotAllowed):
            replace(one, conclusion="C1").note(by="ofd-1", at=NOON)
        assert one.withdraw() == one, "what was given stays, as work done meanwhile"


def test_each_set_of_states_is_tried_somewhere() -> None:
    found = {
        f"{module.name}.{name}": kind
        for module in pkgutil.iter_modules(domain.__path__)
        for name, kind in inspect.getmembers(import_module(f"{domain.__name__}.{module.name}"), inspect.isclass)
        if issubclass(kind, Labelled) and name.endswith(("State", "Status")) and kind.__module__.endswith(module.name)
    }
    assert set(found) == set(TABLES), "a new set of states gets its table"
    for name, place in TABLES.items():
        text = Path(ROOT, "tests", place).read_text("utf-8")
        assert name.rsplit(".", 1)[-1] in text, name
