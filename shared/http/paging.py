"""Keyset pages: `?after=<opaque>&limit=` → {"items": […], "next": "<opaque>" | null}. A page stays right while rows are added."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel

from shared.errors import Invalid

Item = TypeVar("Item")
DEFAULT, MOST = 50, 200


class Page(BaseModel, Generic[Item]):
    """Some items in their order; `next` goes into `?after=` for the following ones, null at the end."""

    items: list[Item]
    next: str | None


class _Paging:
    def __init__(self, limit: int, cursor: str | None) -> None:
        self.limit, self._cursor = limit, cursor

    def after(self, *types: type[Any]) -> tuple[Any, ...] | None:
        """The key of the last item seen, as these types (datetime, UUID, int, str). Raises `Invalid` for a cursor that is not ours."""
        if self._cursor is None:
            return None
        try:
            values = json.loads(base64.urlsafe_b64decode(self._cursor.encode("ascii") + b"=="))
            if not isinstance(values, list) or len(values) != len(types):
                raise ValueError
            return tuple(_READ[kind](value) for kind, value in zip(types, values, strict=True))
        except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error):
            raise Invalid(
                "翻页标记无效 / the cursor is not one of ours", fields=[("after", "不是翻页标记 / not a cursor")]
            ) from None

    def page(self, items: Sequence[Item], *, key: Callable[[Item], tuple[Any, ...]]) -> Page[Item]:
        """A page of at most `limit` of these items; the caller fetched one more to know whether there is a next page."""
        shown = list(items[: self.limit])
        more = len(items) > self.limit
        return Page(items=shown, next=_write(key(shown[-1])) if more else None)


def _write(key: tuple[Any, ...]) -> str:
    values = [
        value.isoformat() if isinstance(value, date) else value if isinstance(value, int) else str(value)
        for value in key
    ]
    return base64.urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode()).decode().rstrip("=")


def _instant(value: str) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError
    return instant


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    return value


_READ: dict[type[Any], Callable[[Any], Any]] = {
    datetime: _instant,
    date: date.fromisoformat,
    UUID: UUID,
    int: _number,
    str: _text,
}


async def _paging(
    after: Annotated[
        str | None, Query(max_length=500, description="上一页的`next` / `next` of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = DEFAULT,
) -> _Paging:
    return _Paging(limit, after)


Paging = Annotated[_Paging, Depends(_paging)]
