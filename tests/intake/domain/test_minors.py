"""Minors among the reported (G19): what a lead says of them, and what no unit is told."""

from datetime import date
from typing import Any

import pytest

from services.intake.domain.minors import CHILDREN, MINORS, marks_of, told, without_children
from services.intake.domain.repeat_marks import reported
from services.intake.domain.report import allegations, lead_summary
from services.intake.domain.restricted import retold
from tests.support.builders import BOOK

ON = date(2018, 6, 1)
CHILD = {"name": "小甲", "age": 13, "id_number": "x"}
CONTENT: dict[str, Any] = {
    "facts": {"summary": "有人强收费用", "allegations": [{"act": "每月收费"}]},
    "persons": [CHILD, {"name": "某乙", "age": 40}],
}


@pytest.mark.rule("G19")
@pytest.mark.parametrize(
    ("ages", "marks"),
    [
        ([], ()),
        ([None, 18, 120], ()),
        ([17], (MINORS,)),
        ([14], (MINORS,)),
        ([13], (CHILDREN,)),
        ([0], (CHILDREN,)),
        ([40, 9, 15], (MINORS, CHILDREN)),
    ],
)
def test_a_lead_says_that_minors_are_reported(ages: list[int | None], marks: tuple[str, ...]) -> None:
    assert marks_of([{} if age is None else {"age": age} for age in ages], ON) == marks


@pytest.mark.rule("G19")
@pytest.mark.parametrize(
    ("number", "age", "marks"),
    [
        ("99999920040601001X", None, (CHILDREN,)),  # 14 is whoever had the birthday yesterday
        ("99999920040531001x", None, (MINORS,)),
        ("999999 2009-01-01 0011", None, (CHILDREN,)),
        ("９９９９９９２００９０１０１００１１", None, (CHILDREN,)),
        ("999999200901010011", 40, (CHILDREN,)),
        ("999999198001010011", 9, (CHILDREN,)),
        ("999999200005310011", None, ()),
        ("999999200006010011", None, (MINORS,)),
        ("999999201813010011", None, ()),
        ("999999209901010011", None, ()),
        ("不详", None, ()),
    ],
)
def test_a_child_is_known_by_the_number_of_its_identity_card_too(
    number: str, age: int | None, marks: tuple[str, ...]
) -> None:
    one = {"name": "小甲", "id_number": number} | ({} if age is None else {"age": age})
    assert marks_of([one], ON) == marks
    assert (without_children({"persons": [one]}, ON)["persons"] == [one]) is (CHILDREN not in marks)


@pytest.mark.rule("G19")
def test_a_child_is_taken_out_of_what_a_unit_reads_and_nobody_else() -> None:
    items = (*allegations(CONTENT), *marks_of(CONTENT["persons"], ON))
    summary, kept = retold(lead_summary(CONTENT, BOOK), items, CONTENT, without_children(CONTENT, ON))
    assert "小甲" not in summary
    assert "被举报人1:特征和其他情况 不满14周岁的儿童,不作为核查对象" in summary
    assert "被举报人2:姓名 某乙" in summary
    assert kept == items
    grown = {**CONTENT, "persons": [CHILD | {"age": 14}]}
    assert without_children(grown, ON) is grown
    # numbers still come back to their places where a mark stands behind
    whole = {**CONTENT, "facts": CONTENT["facts"] | {"allegations": [{"act": "每月收费13900000000"}]}}
    assert retold("", items, CONTENT, whole)[1] == ("行为 每月收费13900000000", CHILDREN)


@pytest.mark.rule("G19")
def test_a_mark_is_no_word_of_the_matter() -> None:
    assert told(("一", MINORS, CHILDREN)) == ["一"]
    assert reported("有人强收费用", [MINORS]) == reported("有人强收费用", [])
