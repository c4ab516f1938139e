"""The code lists that forms offer."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from services.intake.domain import codes
from shared.auth import Principal
from shared.http import require

router = APIRouter(prefix="/codes", tags=["codes 代码表"])


class CodeView(BaseModel):
    """One code with its words."""

    code: str
    zh: str
    en: str


class CodeLists(BaseModel):
    """All lists, with their version."""

    version: str
    lists: dict[str, list[CodeView]]


@router.get("")
async def get_codes(_: Annotated[Principal, require()]) -> CodeLists:
    """The code lists. 代码表"""
    lists = {
        name: [CodeView(code=code, zh=zh, en=en) for code, (zh, en) in labels.items()]
        for name, labels in codes.LABELS.items()
    }
    return CodeLists(version=codes.VERSION, lists=lists)
