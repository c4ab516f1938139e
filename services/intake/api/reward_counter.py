"""Rewards of reporters who have no code: a keeper of the vault tells them, two keepers know them again and hand the voucher over."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from services.intake.api.door import Key
from services.intake.api.reward_claims import VoucherView
from services.intake.api.rewards import RewardView
from services.intake.domain.reward import How
from services.intake.usecases.claim_reward import RewardDesk
from services.intake.usecases.file_report import open_answer
from services.intake.usecases.tell_reward import identify_reporter, tell_reward
from shared.auth import Principal
from shared.http import Claimed, Day, Now, Order, Tx, answered, require
from shared.idempotency import Answer

router = APIRouter(prefix="/rewards/{reward_id}", tags=["奖励 rewards"])
Keeper = Annotated[Principal, require("rvk")]


class ToldOrder(Order):
    """How and on which day the reporter was told. 通知登记"""

    how: Literal[How.PHONE, How.VISIT, How.POST]
    on: Day


class IdentityOrder(Order):
    """The papers are those of the reporter in the vault. 身份核对"""

    matches: Literal[True] = Field(description="证件与保管库所存一致 / the papers fit what the vault holds")


@router.post("/told")
async def post_told(reward_id: UUID, order: ToldOrder, by: Keeper, tx: Tx, at: Now) -> RewardView:
    """The keeper who opened the reporter has told him; the time to claim (D28) begins. 保管员通知举报人"""
    return RewardView.of(await tell_reward(tx, reward_id, order.how, order.on, by=by, at=at))


@router.post("/identity")
async def post_identity(reward_id: UUID, _: IdentityOrder, by: Keeper, tx: Tx, at: Now) -> RewardView:
    """The first of two keepers has compared papers with the vault. 核对领奖人身份"""
    return RewardView.of(await identify_reporter(tx, reward_id, by=by, at=at))


@router.post("/handing", status_code=201, response_model=VoucherView)
async def post_handing(reward_id: UUID, request: Request, by: Keeper, at: Now, claim: Claimed, key: Key) -> Response:
    """The second keeper hands the voucher over, on the same day; it is shown this once. 发给领取凭证"""
    desk: RewardDesk = request.app.state.reward_desk
    answer, again = await desk.hand(reward_id, key, claim, by=by, at=at)
    return answered(Answer(answer.status, open_answer(answer.body, key)), again=again)
