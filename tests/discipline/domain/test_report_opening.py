"""Every state × action of an opening of a reporter past the office, who may, and when (G1, G10, G22)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.discipline.domain.opening import LAPSES, Opening, Purpose, State
from shared.auth import Principal
from shared.errors import Forbidden, Invalid, NotAllowed
from tests.support.builders import NOON


def person(sub: str, role: str) -> Principal:
    return Principal(sub=sub, roles=frozenset({role}), unit="JW")


ASKER, LEADER, OTHER, CLERK = (
    person("dhd2", "dhd"),
    person("dld", "dld"),
    person("dhd9", "dhd"),
    person("dcm", "dcm"),
)
HANDLED = frozenset({"dcm", "dhd"})


def asked(by: Principal = ASKER, reason: str = "联系补充材料") -> Opening:
    return Opening.ask(uuid4(), uuid4(), Purpose.CONTACT, reason=reason, minutes=30, handled_by=HANDLED, by=by, at=NOON)


def decide(one: Opening, *, grant: bool = True, by: Principal = LEADER, at: datetime = NOON) -> Opening:
    return one.decide(grant=grant, reason=None, handled_by=HANDLED, by=by, at=at)


AT: dict[State, Callable[[], Opening]] = {
    State.ASKED: asked,
    State.GRANTED: lambda: decide(asked()),
    State.REFUSED: lambda: decide(asked(), grant=False),
    State.ENDED: lambda: asked().end(by=ASKER, at=NOON),
}
ACTIONS: dict[str, Callable[[Opening], Any]] = {
    "grant": decide,
    "refuse": lambda one: decide(one, grant=False),
    "read": lambda one: one.must_be_readable(handled_by=HANDLED, by=ASKER, at=NOON),
    "end": lambda one: one.end(by=LEADER, at=NOON),
}
BECOMES = {
    (State.ASKED, "grant"): State.GRANTED,
    (State.ASKED, "refuse"): State.REFUSED,
    (State.ASKED, "end"): State.ENDED,
    (State.GRANTED, "read"): State.GRANTED,
    (State.GRANTED, "end"): State.ENDED,
}


@pytest.mark.rule("G22")
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", State)
def test_each_action_in_each_state_moves_or_is_refused(state: State, action: str) -> None:
    before = AT[state]()
    assert before.state is state
    if (state, action) not in BECOMES:
        with pytest.raises(NotAllowed):
            ACTIONS[action](before)
        return
    assert (ACTIONS[action](before) or before).state is BECOMES[state, action]


@pytest.mark.rule("G1", "G10", "G22")
def test_two_who_have_not_handled_it_and_never_the_clerk() -> None:
    for by in (CLERK, person("dhd", "dhd"), person("ofd", "ofd"), person("rvk", "rvk")):
        with pytest.raises(Forbidden):
            asked(by)
    for by in (ASKER, OTHER, CLERK, person("dhd", "dhd"), person("ldr", "ldr")):
        with pytest.raises(Forbidden):
            decide(asked(), by=by)
    for by in (LEADER, replace(person("dld2", "dld"), others=frozenset({LEADER.sub}))):
        with pytest.raises(Forbidden):
            decide(asked(LEADER), by=by)
    with pytest.raises(Forbidden):
        asked().decide(grant=True, reason=None, handled_by=HANDLED | {"dld"}, by=LEADER, at=NOON)
    granted = decide(asked())
    for reader, handled in ((OTHER, HANDLED), (LEADER, HANDLED), (ASKER, HANDLED | {ASKER.sub})):
        with pytest.raises(Forbidden):
            granted.must_be_readable(handled_by=handled, by=reader, at=NOON)
    with pytest.raises(Forbidden):
        granted.end(by=OTHER, at=NOON)
    with pytest.raises(Invalid):
        asked(reason="本件为机密★")


def interview(*officers: str, persons: int = 2, minutes: int = 480, purpose: Purpose = Purpose.INTERVIEW) -> Opening:
    return Opening.ask(
        uuid4(), uuid4(), purpose, reason="当面核实", minutes=minutes, officers=officers, persons=persons,
        handled_by=HANDLED, by=ASKER, at=NOON,
    )  # fmt: skip


@pytest.mark.rule("G-MEET", "G1", "G10", "G22")
def test_an_interview_is_by_exactly_two_who_have_not_handled_it_and_granted_by_a_third() -> None:
    wrong: list[tuple[str, Callable[[], Opening]]] = [
        ("officers", interview),
        ("officers", lambda: interview("dhd2", persons=1)),
        ("officers", lambda: interview("dhd2", "dhd3", persons=1)),
        ("officers", lambda: interview("dhd2", "dhd9", "dhd3", persons=3)),
        ("officers", lambda: interview("dhd2", "dhd")),
        ("officers", lambda: interview("dhd2", "dhd9", purpose=Purpose.CONTACT, minutes=30)),
        ("minutes", lambda: interview("dhd2", "dhd9", minutes=481)),
        ("minutes", lambda: interview(purpose=Purpose.CONTACT, minutes=61)),
    ]
    for field, ask in wrong:
        with pytest.raises(Invalid) as refused:
            ask()
        assert [one[0] for one in refused.value.fields] == [field]
    one = interview("dhd9", "dld")
    for by in (LEADER, replace(person("dld2", "dld"), others=frozenset({"dhd9"}))):
        with pytest.raises(Forbidden):
            decide(one, by=by)
    granted = decide(one, by=person("dld2", "dld"))
    for reader in (OTHER, LEADER):
        granted.must_be_readable(handled_by=HANDLED, by=reader, at=NOON + timedelta(minutes=479))
    late = NOON + timedelta(minutes=480)
    for reader, handled, at in (
        (ASKER, HANDLED, NOON),
        (person("dld2", "dld"), HANDLED, NOON),
        (person("dhd9", "dcm"), HANDLED, NOON),
        (replace(OTHER, others=frozenset({"dhd"})), HANDLED, NOON),
        (OTHER, HANDLED | {"dhd9"}, NOON),
        (OTHER, HANDLED, late),
    ):
        with pytest.raises(NotAllowed if at == late else Forbidden):
            granted.must_be_readable(handled_by=handled, by=reader, at=at)
    with pytest.raises(NotAllowed):
        granted.must_show_originals()


@pytest.mark.rule("G1")
def test_time_begins_with_the_grant_and_a_request_lapses() -> None:
    late = NOON + timedelta(hours=2)
    granted = decide(asked(), at=late)
    for at in (late - timedelta(seconds=1), late + timedelta(minutes=30)):
        with pytest.raises(NotAllowed):
            granted.must_be_readable(handled_by=HANDLED, by=ASKER, at=at)
    granted.must_be_readable(handled_by=HANDLED, by=ASKER, at=late + timedelta(minutes=29))
    with pytest.raises(NotAllowed):
        decide(asked(), at=NOON + LAPSES + timedelta(seconds=1))
