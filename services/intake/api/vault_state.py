"""How the vault's keys stand: counts, never a reporter."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.intake.usecases.keep_reporters import Vault
from shared.auth import Principal
from shared.http import Tx, require

router = APIRouter(tags=["举报人信息保管库 vault"])


class VaultState(BaseModel):
    """密钥情况 / how the keys stand."""

    key_id: str = Field(description="当前密钥 / the newest key")
    kept: dict[str, int] = Field(description="库中密钥数,按密钥编号 / reporters' keys in the store, by key id")
    waiting: dict[str, int] = Field(description="待收取 / still in the database, by key id")
    shredded: int = Field(description="已销毁 / destroyed")


@router.get("/state")
async def get_state(_: Annotated[Principal, require("rvk", "dpo", "adm")], request: Request, tx: Tx) -> VaultState:
    """How many reporters are kept under which key, and how many were shredded. 保管库密钥情况"""
    vault: Vault = request.app.state.vault
    return VaultState(key_id=vault.key_id, **await vault.counts(tx))
