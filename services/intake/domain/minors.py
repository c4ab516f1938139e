"""Minors among those who are reported (G19): from 14 to 17 the lead is marked, for the special procedure; a child under 14 is no subject.

A finding of a screening that names a child is refused. A report that does so is taken, because refusing it would lose it: the director
decides what the law provides, no unit is charged before, and no unit is told whom it is about (docs/decisions/0108).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
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
_NO_SIGN = re.compile(r"[^0-9A-Za-z]+")
_BORN = re.compile(r"\d{6}(\d{4})(\d\d)(\d\d)\d{3}[\dXx]")
_LEFT_OUT = {"description": "不满14周岁的儿童,不作为核查对象"}


def with_minors(ages: Sequence[int | None]) -> bool:
    """Whether somebody under 18 is named in a finding. Raises `Invalid` for a child under 14: no child is a subject of screening."""
    for index, age in enumerate(ages):
        if age is not None and age < CHILD:
            reason = "不满14周岁的儿童不得作为排查对象 / a child under 14 is no subject of screening"
            raise Invalid(reason, fields=[(f"persons.{index}.age", reason)])
    return any(age is not None and age < ADULT for age in ages)


def marks_of(persons: Iterable[Mapping[str, Any]], on: date) -> tuple[str, ...]:
    """What a lead that was received on that day says of the minors among the persons of a report, after what was told."""
    ages = [age for person in persons for age in _ages(person, on) if age < ADULT]
    if not ages:
        return ()
    older, children = any(age >= CHILD for age in ages), any(age < CHILD for age in ages)
    return tuple(mark for mark, holds in zip(_MARKS, (older, children), strict=True) if holds)


def told(allegations: Iterable[str]) -> list[str]:
    """What was told, without such marks: they say nothing of the matter."""
    return [each for each in allegations if each not in _MARKS]


def without_children(content: Mapping[str, Any], on: date) -> Mapping[str, Any]:
    """The whole blocks of a report that was received on that day as a unit is told them: in the place of each child, that there is one."""
    persons = content.get("persons", ())
    if CHILDREN not in marks_of(persons, on):
        return content
    return {**content, "persons": [_LEFT_OUT if CHILDREN in marks_of([one], on) else one for one in persons]}


def _ages(person: Mapping[str, Any], on: date) -> Iterator[int]:
    """How old a person is said to be, and how old by the day of birth in his ID number (GB 11643): whoever is a child by one of them is
    taken for one."""
    if (said := person.get("age")) is not None:
        yield said
    written = person.get("id_number")
    if written and (found := _BORN.fullmatch(_NO_SIGN.sub("", unicodedata.normalize("NFKC", written)))):
        year, month, day = map(int, found.groups())
        # a year is complete on the day after the birthday (法释〔2006〕1号 §2)
        years = on.year - year - ((on.month, on.day) <= (month, day))
        if years >= -1 and 1 <= month <= 12 and 1 <= day <= 31:
            yield max(years, 0)


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
