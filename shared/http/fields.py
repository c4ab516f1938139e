"""Kinds of fields that requests share."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function, str_schema

from shared import person_numbers
from shared.errors import Invalid
from shared.http.words import TOLD

FIRST_YEAR, LAST_YEAR = 2000, 2099
"""The years that the platform's calendar can count deadlines in."""
LONGEST_KEY = 255
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$", re.ASCII)


class Order(BaseModel):
    """What a caller sends: a field that nobody knows is refused, because it would be lost in silence."""

    model_config = ConfigDict(extra="forbid")


def _written(value: Any) -> Any:
    """Only a day as people write it: a number would be read as seconds since 1970, a text of eight digits likewise."""
    if isinstance(value, str) and _DAY.match(value):
        return value
    raise PydanticCustomError("date_parsing", "must be a date (like 2018-06-01)")


Day = Annotated[
    date,
    BeforeValidator(_written),
    Field(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31), examples=["2018-06-01"]),
]
"""A day in China, written 2018-06-01."""

NUMBERLESS = "x-without-numbers"
"""How the API page marks a text of staff, in which no number of a person may stand."""


@dataclass(frozen=True, slots=True)
class Said:
    """What staff say in words of their own, for the record, in so many characters. It is kept and shown in clear, so no number of a
    telephone, a person, an account, a firm or a vehicle may stand in it (G14). Each free text of staff is one of these, or stands among
    the exceptions of a test (docs/decisions/0105)."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        words = str_schema(
            strip_whitespace=True, min_length=self.least, max_length=self.most, pattern=r"^[^\x00]*$", strict=True
        )
        return no_info_after_validator_function(_numberless, words)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"description": _NO_NUMBERS, **handler(schema), NUMBERLESS: True}


_NO_NUMBERS = (
    "不得写入电话、证件号码、信用代码、账号、车牌 / without numbers of telephones, persons, firms, accounts, vehicles"
)


def _numberless(value: str) -> str:
    if person_numbers.are_in(value):
        raise PydanticCustomError(TOLD, _NO_NUMBERS)
    return value


Reason = Annotated[str, Said(4, 500)]
"""Why somebody does something, in words for the record: four characters say something in Chinese (证据不足)."""
Purpose = Annotated[str, Said(2, 200)]
"""What something is read or given out for."""


def key_form(least: int) -> str:
    """The pattern of an Idempotency-Key of at least so many symbols, for the API page."""
    return rf"^[\x21-\x7e]{{{least},{LONGEST_KEY}}}$"


def is_key(least: int) -> AfterValidator:
    """An Idempotency-Key of at least so many symbols; what is wrong says what is needed."""
    form = re.compile(key_form(least))

    def check(value: str) -> str:
        if form.fullmatch(value):
            return value
        raise PydanticCustomError(
            TOLD,
            f"需{least}至{LONGEST_KEY}个可见ASCII字符,不含空格 / needs {least} to {LONGEST_KEY} visible ASCII characters, no spaces",
        )

    return AfterValidator(check)


def in_order(first: tuple[str, date | None], last: tuple[str, date | None]) -> None:
    """Two ends of a span, each by its field: nothing lies between a last day and a later first one. Raises `Invalid`, naming both."""
    (one, since), (other, until) = first, last
    if since is not None and until is not None and until < since:
        reason = "截止早于起始 / the end is before the beginning"
        raise Invalid(reason, fields=[(one, reason), (other, reason)])
