"""A code with the words that people see: Chinese first, then English."""

from enum import StrEnum
from typing import Any, Self


class Labelled(StrEnum):
    """A code list whose members are written `NAME = "code", "中文", "English"`; API pages show the words."""

    _value_: str
    zh: str
    en: str

    def __new__(cls, code: str, zh: str = "", en: str = "") -> Self:
        member = str.__new__(cls, code)
        member._value_, member.zh, member.en = code, zh, en
        return member

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        found = handler(schema)
        words = "; ".join(f"{member.value} {member.zh} / {member.en}" for member in cls)
        handler.resolve_ref_schema(found)["description"] = f"{cls.__doc__}\n\n{words}"
        return found
