"""Kinds of fields that requests share."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

FIRST_YEAR, LAST_YEAR = 2000, 2099
"""The years that the platform's calendar can count deadlines in."""
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

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=500, pattern=r"^[^\x00]*$")]
"""Why somebody does something, in words for the record: four characters say something in Chinese (证据不足)."""
