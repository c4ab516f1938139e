"""Minors among those who are reported (G19): from 14 to 17 the lead is marked, for the special procedure; a child under 14 is no subject.

A finding of a screening that names a child is refused. A report that does so is taken, because refusing it would lose it: the director
decides what the law provides, no unit is charged before, and no unit is told whom it is about (docs/decisions/0108).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action
from shared.errors import Invalid, NotAllowed

CHILD, ADULT = 14, 18
"""Years 周岁."""
DEED = "leave-children-out"
"""How the director's word on children stands on the history."""
MINORS = "涉及已满14不满18周岁的人,按未成年人特别程序办理"
CHILDREN = "涉及不满14周岁的儿童,不作为核查对象,由扫黑办主任依法处理"
_MARKS = (MINORS, CHILDREN)
_LEFT_OUT = {"description": "不满14周岁的儿童,不作为核查对象"}


def with_minors(ages: Sequence[int | None]) -> bool:
    """Whether somebody under 18 is named in a finding. Raises `Invalid` for a child under 14: no child is a subject of screening."""
    for index, age in enumerate(ages):
        if age is not None and age < CHILD:
            reason = "不满14周岁的儿童不得作为排查对象 / a child under 14 is no subject of screening"
            raise Invalid(reason, fields=[(f"persons.{index}.age", reason)])
    return any(age is not None and age < ADULT for age in ages)


def marks_of(persons: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """What a lead says of the minors among the persons of a report, after what was told."""
    ages = [age for person in persons if (age := person.get("age")) is not None and age < ADULT]
    if not ages:
        return ()
    older, children = any(age >= CHILD for age in ages), any(age < CHILD for age in ages)
    return tuple(mark for mark, holds in zip(_MARKS, (older, children), strict=True) if holds)


def told(allegations: Iterable[str]) -> list[str]:
    """What was told, without such marks: they say nothing of the matter."""
    return [each for each in allegations if each not in _MARKS]


def without_children(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The blocks of a report as a unit is told them: in the place of each child, that there is one."""
    persons = content.get("persons", ())
    if CHILDREN not in marks_of(persons):
        return content
    return {**content, "persons": [_LEFT_OUT if CHILDREN in marks_of([one]) else one for one in persons]}


def decide_on_children(lead: Lead) -> Lead:
    """The director has seen to the children as the law provides; the lead goes on without them. Raises `NotAllowed`."""
    return lead.step(Action.LEAVE_CHILDREN_OUT)


def must_name_children(leads: Iterable[Lead]) -> None:
    """Raises `NotAllowed` when neither a lead nor a repeat of it names a child."""
    if not name_children(leads):
        raise NotAllowed("线索未涉及不满14周岁的儿童 / no child under 14 is named in it")


def name_children(leads: Iterable[Lead]) -> bool:
    """Whether one of these, a lead with its repeats, names a child under 14."""
    return any(CHILDREN in lead.allegations for lead in leads)


def must_be_decided() -> Invalid:
    """The refusal of a charge before the director has decided on the children."""
    reason = (
        "举报涉及不满14周岁的儿童,不得作为核查对象:先由扫黑办主任登记依法处理情况(…/children),或不予受理、转主管部门"
        " / a child under 14 is reported, who is no subject: first the director puts down what the law provides (…/children), or declines"
        " or redirects the lead"
    )
    return Invalid(reason, fields=[("unit", reason)])
