"""Batches that machines hand over: what is no JSON stands as the error that it is, so that a bad record never stops the others."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ValidationError

from shared.errors import Invalid, Malformed, TooLarge
from shared.http.words import field as field_of
from shared.http.words import reason as reason_of

LINES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines")
NOT_JSON = "不是JSON / not JSON"


class FieldError(BaseModel):
    """A field and the reason. 有误的字段及原因"""

    field: str
    reason: str


def batch_of(item: Mapping[str, Any], most: int) -> dict[str, Any]:
    """What a door says of its body (`openapi_extra`): at most so many of these."""
    array = {"type": "array", "items": item, "maxItems": most}
    content = {"application/json": {"schema": array}, LINES[0]: {"schema": {"type": "string"}}}
    return {"requestBody": {"required": True, "content": content}}


def in_place(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with what it refers to in its places: a reference would be looked for in the document, not in this part of it."""
    defined = schema.get("$defs", {})

    def put(part: Any) -> Any:
        if isinstance(part, list):
            return [put(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return put(defined[part["$ref"].rpartition("/")[2]])
        return {name: put(each) for name, each in part.items() if name != "$defs"}

    found: dict[str, Any] = put(schema)
    return found


async def records_of(request: Request, *, most_bytes: int, most: int) -> list[Any]:
    """The records of a batch: a JSON array, or an object a line. Raises `Malformed`, `TooLarge`, `Invalid`."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most_bytes:
            limit = f"{most_bytes // 1024 // 1024}MB"
            raise TooLarge(f"一批超过{limit},请分批发送 / the batch is larger than {limit}")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in LINES:
        records = [_parsed(line) for line in bytes(body).splitlines() if line.strip()]
    else:
        parsed = _parsed(bytes(body))
        if isinstance(parsed, ValueError):
            raise Malformed("内容不是JSON / the body is not JSON")
        if not isinstance(parsed, list):
            raise Invalid("应为数组 / must be an array", fields=[("body", "应为数组 / must be an array")])
        records = parsed
    if len(records) > most:
        raise TooLarge(f"一批超过{most}条,请分批发送 / more than {most} records; split the batch")
    return records


def what_is_wrong(record: Any, fault: ValidationError) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """A record's number, if that can be read, and what is wrong with it, without repeating anything that it said. Machines are signed in:
    an unknown field is named, if it is called as programs call theirs."""
    errors = fault.errors(include_url=False, include_input=False)
    where = [field_of(error, signed_in=True) or "record" for error in errors[:20]]
    found = dict.fromkeys(zip(where, map(reason_of, errors), strict=False))
    wrong = {error["loc"][:1] for error in errors}
    number = record.get("external_no") if isinstance(record, dict) and ("external_no",) not in wrong else None
    return number, tuple(found)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return ValueError()
