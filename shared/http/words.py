"""What is wrong with a request's fields, in words for people (Chinese first), without repeating what was typed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

TOLD = "told"
"""The kind of an error of a validator of our own that says why itself, as «中文 / English», in fixed words."""
_LONGEST = 200
_INSTANT = ("应为带时区的时刻(如2018-06-01T09:00:00+08:00)", "must be an instant with offset (like that)")
_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("必填", "needed"),
    "extra_forbidden": ("未知字段", "unknown field"),
    "string_type": ("应为文字", "must be a text"),
    "string_pattern_mismatch": ("格式应为{pattern}", "must be in the form {pattern}"),
    "string_too_short": ("至少{min_length}个字符", "at least {min_length} characters"),
    "string_too_long": ("最多{max_length}个字符", "at most {max_length} characters"),
    "string_unicode": ("含有无法读取的字符", "holds characters that cannot be read"),
    "too_short": ("至少{min_length}项", "at least {min_length} entries"),
    "too_long": ("最多{max_length}项", "at most {max_length} entries"),
    "list_type": ("应为列表", "must be a list"),
    "dict_type": ("应为对象", "must be an object"),
    "model_type": ("应为对象", "must be an object"),
    "model_attributes_type": ("应为对象", "must be an object"),
    "enum": ("应为以下之一:{expected}", "must be one of {expected}"),
    "literal_error": ("应为以下之一:{expected}", "must be one of {expected}"),
    "int_type": ("应为整数", "must be a whole number"),
    "int_parsing": ("应为整数", "must be a whole number"),
    "int_parsing_size": ("数字过大", "the number is too large"),
    "int_from_float": ("应为整数", "must be a whole number"),
    "bool_type": ("应为true或false", "must be true or false"),
    "bool_parsing": ("应为true或false", "must be true or false"),
    "date_type": ("应为日期(如2018-06-01)", "must be a date (like 2018-06-01)"),
    "date_parsing": ("应为日期(如2018-06-01)", "must be a date (like 2018-06-01)"),
    "date_from_datetime_parsing": ("应为日期(如2018-06-01)", "must be a date (like 2018-06-01)"),
    "date_from_datetime_inexact": ("应为日期(如2018-06-01)", "must be a date (like 2018-06-01)"),
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": _INSTANT,
    "uuid_type": ("应为UUID", "must be a UUID"),
    "uuid_parsing": ("应为UUID", "must be a UUID"),
    "greater_than": ("应大于{gt}", "must be more than {gt}"),
    "greater_than_equal": ("不得小于{ge}", "must be at least {ge}"),
    "less_than": ("应小于{lt}", "must be less than {lt}"),
    "less_than_equal": ("不得大于{le}", "must be at most {le}"),
    "value_error": ("内容不符合要求", "not as asked for"),
}
_FORMS: Mapping[str, tuple[str, str]] = {
    r"^[A-Za-z0-9_.-]{1,64}$": ("应为代码(如market),不是名称", "must be a code (like market), not a name"),
    r"^[A-Z][A-Z0-9]{1,15}$": ("应为单位代码(如GA),不是名称", "must be a unit's code (like GA), not its name"),
    r"^[A-Za-z]{1,4}-?[0-9]{1,8}$": (
        "应为人员编号(如GA-100),不是姓名",
        "must be a staff number (like GA-100), not a name",
    ),
    r"^[0-9A-Za-z一-鿿()〔〕\[\]\uFF08\uFF09_-]+$": (
        "文号只可有汉字、半角字母和数字、括号、-、_",
        "a letter's number has Chinese characters, half-width letters and digits, brackets, - and _ only",
    ),
    r"^20[0-9]{2}-(0[1-9]|1[0-2])$": ("应为月份(如2018-06)", "must be a month (like 2018-06)"),
}
"""What people fill in by hand, told without its pattern."""
_NOT_EMPTY = {"string_too_short": ("不能为空", "must not be empty"), "too_short": ("至少1项", "at least one entry")}
_DAY = re.compile(r"datetime\.date\((\d+), (\d+), (\d+)\)")
_MEMBER = re.compile(r"<\w+\.\w+: ([^>]*)>")
_NAME = re.compile(r"^(?!(?:.*\d){4})[A-Za-z][A-Za-z0-9_-]{0,39}$", re.ASCII)
"""ASCII, short, and without as many digits as a number of a person has."""
_PLACES = ("body", "query", "path", "header", "cookie")


def reason(error: Mapping[str, Any]) -> str:
    """Why, as «中文 / English». A kind of error that is not in the table keeps the library's English words."""
    if error["type"] == TOLD:
        return str(error["msg"])
    zh, en = _WORDS.get(error["type"], ("内容不符合要求", str(error["msg"])))
    context = {name: _shown(value) for name, value in error.get("ctx", {}).items()}
    pattern = str(error.get("ctx", {}).get("pattern", ""))
    if pattern in _FORMS:
        zh, en = _FORMS[pattern]
    elif pattern.startswith("^[^"):
        zh, en = _WORDS["string_unicode"]  # the pattern says only what may not be in it
    elif context.get("min_length") == "1":
        zh, en = _NOT_EMPTY.get(error["type"], (zh, en))
    if error["type"] in _WORDS:
        zh, en = zh.format_map(context), en.format_map(context)
    return f"{zh} / {en}"[: 3 * _LONGEST]


def _shown(bound: object) -> str:
    """A bound or a list of codes as people write it; days and codes come from the library as they stand in a program."""
    days = _DAY.sub(lambda found: "{:04}-{:02}-{:02}".format(*map(int, found.groups())), str(bound))
    codes = _MEMBER.sub(r"\1", days).replace("'", "").replace(" or ", ", ")
    return {"True": "true", "False": "false"}.get(codes, codes)


def without_keys_made_up(errors: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without what is wrong below a key that may not be there: that it may not is told, and its path would repeat it."""
    made_up = {tuple(error["loc"][:-1]) for error in errors if error["loc"][-1:] == ("[key]",)}
    return [
        error
        for error in errors
        if error["loc"][-1:] == ("[key]",)
        or not any(tuple(error["loc"][:n]) in made_up for n in range(1, len(error["loc"]) + 1))
    ]


def may_be_named(key: object, *, signed_in: bool) -> bool:
    """Whether a name that nobody knows may be repeated: to a system or an officer, one such as a program gives its fields. Nothing is to
    whoever reports (G1), nor what somebody may have typed of himself."""
    return signed_in and isinstance(key, str) and _NAME.match(key) is not None


def field(error: Mapping[str, Any], *, signed_in: bool) -> str:
    """Where, as a dotted path. What may not be named is never part of it, nor a key that the caller made up: the path then ends at what
    holds it."""
    path: Sequence[Any] = error["loc"]
    if error["type"] == "extra_forbidden":
        path = path if may_be_named(path[-1], signed_in=signed_in) else path[:-1]
    elif path and path[-1] == "[key]":
        path = path[:-2]
    if len(path) > 1 and path[0] in _PLACES:
        path = path[1:]
    return ".".join(map(str, path))[:_LONGEST]
