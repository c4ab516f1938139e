"""Receipts: whether one is real, and the public keys to prove it without us."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints

from services.intake.api.door import TOO_MANY, Everyone, PublicRoute
from services.intake.domain.receipt import Receipt, ReceiptSigner
from shared.http import Order

router = APIRouter(prefix="/receipts", tags=["回执 receipts"], route_class=PublicRoute, responses=TOO_MANY)
Part = Annotated[str, StringConstraints(max_length=200)]


class ReceiptOrder(Order):
    """举报时收到的回执 / a receipt, as it was given."""

    version: Part
    region: Part
    number: Part
    received_on: Part
    content_hash: Part
    key_id: Part
    signature: Part


class VerificationView(BaseModel):
    """核验结果 / whether the signature is good."""

    genuine: bool
    zh: str
    en: str


class KeysView(BaseModel):
    """公钥:编号到Ed25519公钥(base64) / key id → public key."""

    keys: dict[str, str]


@router.post("/verification")
async def post_verification(_: Everyone, order: ReceiptOrder, request: Request) -> VerificationView:
    """Whether a receipt was signed here and is unchanged; nothing is looked up. 核验回执"""
    signer: ReceiptSigner = request.app.state.receipts
    if Receipt(**order.model_dump()).fits(signer.public_keys):
        return VerificationView(genuine=True, zh="回执真实有效", en="genuine")
    return VerificationView(
        genuine=False, zh="不是本系统签发的回执,或内容已被改动", en="not signed here, or changed since"
    )


@router.get("/keys")
async def get_keys(_: Everyone, request: Request) -> KeysView:
    """The public keys that receipts are proved with, older ones too. 回执公钥"""
    signer: ReceiptSigner = request.app.state.receipts
    return KeysView(keys=signer.public_keys)
