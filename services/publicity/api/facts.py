"""Dated facts, by codes only."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.publicity.db import queries
from shared.auth import Principal
from shared.http import Page, Paging, Tx, require

router = APIRouter(prefix="/facts", tags=["事实 facts"])
Reader = Annotated[Principal, require("edt", "ldr", "ofd")]


class FactView(BaseModel):
    """One fact: what happened, when it happened and when it was put on record. 事实"""

    event_id: UUID
    type: str
    lead_id: UUID
    effective_at: datetime
    recorded_at: datetime
    codes: dict[str, Any]


@router.get("")
async def list_facts(
    _: Reader,
    tx: Tx,
    paging: Paging,
    type: Annotated[str | None, Query(max_length=120, pattern=r"^[a-z0-9.-]+$")] = None,  # noqa: A002 - the envelope's own word
    lead_id: UUID | None = None,
) -> Page[FactView]:
    """Facts by the time they happened. 事实列表"""
    rows = await queries.list_facts(
        tx, type_=type, lead_id=lead_id, after=paging.after(datetime, UUID), limit=paging.limit + 1
    )
    return paging.page(
        [FactView.model_validate(row) for row in rows], key=lambda fact: (fact.effective_at, fact.event_id)
    )
