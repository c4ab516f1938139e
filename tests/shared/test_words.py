"""What is wrong with a field is told so that whoever typed it can put it right, Chinese first."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, StringConstraints, TypeAdapter, ValidationError

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
