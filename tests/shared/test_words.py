"""What is wrong with a field is told so that whoever typed it can put it right, Chinese first."""

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, StringConstraints, TypeAdapter, ValidationError

from services.intake.api import call_backs, transfers
from services.intake.domain import directory
from services.verification.api import reviews
from shared.contracts.envelope import Code
from shared.http import words


class Way(StrEnum):
    PHONE = "phone"
    VISIT = "visit"


class Chosen(BaseModel):
    way: Literal[Way.PHONE, Way.VISIT]


def test_codes_that_may_be_chosen_are_told_as_they_are_written() -> None:
    with pytest.raises(ValidationError) as found:
        Chosen.model_validate({"way": "fax"})
    assert words.reason(found.value.errors()[0]) == "应为以下之一:phone, visit / must be one of phone, visit"


def test_a_choice_of_one_truth_value_is_told_as_it_is_written_in_json() -> None:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(Literal[True]).validate_json("false")
    assert words.reason(found.value.errors()[0]) == "应为以下之一:true / must be one of true"


@pytest.mark.parametrize(
    ("form", "typed", "reason"),
    [
        ({"min_length": 1}, "", "不能为空 / must not be empty"),
        ({"min_length": 4}, "办结", "至少4个字符 / at least 4 characters"),
        ({"pattern": r"^[^\x00]*$"}, "a\0", "含有无法读取的字符 / holds characters that cannot be read"),
        ({"pattern": r"^[0-9A-Z]{1,9}$"}, "a", "格式应为^[0-9A-Z]{1,9}$ / must be in the form ^[0-9A-Z]{1,9}$"),
    ],
)
def test_what_is_wrong_with_a_text_is_told_so_that_it_can_be_put_right(
    form: dict[str, Any], typed: str, reason: str
) -> None:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(Annotated[str, StringConstraints(**form)]).validate_python(typed)
    assert words.reason(found.value.errors()[0]) == reason


@pytest.mark.parametrize(
    ("form", "typed", "zh"),
    [
        (Code, "菜市场", "应为代码(如market),不是名称"),
        (Annotated[str, StringConstraints(pattern=directory.CODE)], "公安分局", "应为单位代码(如GA),不是名称"),
        (Annotated[str, StringConstraints(pattern=directory.STAFF)], "张三", "应为人员编号(如GA-100),不是姓名"),
        (transfers.LetterNo, "示移〔2026〕1 号", "文号只可有汉字、半角字母和数字、括号、-、_"),
        (Annotated[str, StringConstraints(pattern=call_backs.MONTH)], "2018年6月", "应为月份(如2018-06)"),
        (Annotated[str, StringConstraints(pattern=reviews.MONTH)], "2018-13", "应为月份(如2018-06)"),
    ],
)
def test_what_a_person_fills_in_is_told_without_its_pattern(form: Any, typed: str, zh: str) -> None:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(form).validate_python(typed)
    assert words.reason(found.value.errors()[0]).split(" / ")[0] == zh


@pytest.mark.parametrize("brackets", ["〔〕", "()", "\uff08\uff09", "[]"])
def test_a_letter_number_has_any_of_the_brackets_of_official_papers(brackets: str) -> None:
    number = f"示移{brackets[0]}2026{brackets[1]}1号"
    assert TypeAdapter(transfers.LetterNo).validate_python(number) == number


def _literal(part: ast.expr) -> str | None:
    """The fixed words of a text, whatever is filled in; None for what stands elsewhere."""
    if isinstance(part, ast.JoinedStr):
        return "".join(_literal(each) or "" for each in part.values)
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else None


def _reasons() -> Iterator[tuple[str, str]]:
    """What our own refusals say of a field (`fields=[(field, reason)]`), and where."""
    root = Path(__file__).parents[2]
    for file in sorted([*root.glob("services/**/*.py"), *root.glob("shared/**/*.py")]):
        if "fields=" not in (text := file.read_text("utf-8")):
            continue
        given = [
            each.value for each in ast.walk(ast.parse(text)) if isinstance(each, ast.keyword) and each.arg == "fields"
        ]
        for pair in (part for value in given for part in ast.walk(value) if isinstance(part, ast.Tuple)):
            if len(pair.elts) == 2 and (said := _literal(pair.elts[1])):
                yield f"{file.relative_to(root)}:{pair.lineno}", said


def test_what_our_own_refusals_say_of_a_field_is_said_in_both_languages() -> None:
    found = list(_reasons())
    assert len(found) > 20
    assert [(place, said) for place, said in found if " / " not in said] == []
