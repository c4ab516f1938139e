"""A reward is claimed with the code, without a name, and paid against the voucher by a clerk who never learns for what."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.intake.api.door import TOO_MANY, Everyone, PublicRoute, SendingSealed, Sent
from services.intake.api.messages import holder_of
from services.intake.api.reports import StatusOrder
from services.intake.api.rewards import Number
from services.intake.domain.reward import Reward, State
from services.intake.usecases.claim_reward import RewardDesk
from services.intake.usecases.file_report import open_answer
from shared.auth import Principal
from shared.http import Now, Once, Order, Tx, answered, require
from shared.idempotency import Answer

router = APIRouter(tags=["奖励 rewards"])
open_doors = APIRouter(prefix="/reports/reward", route_class=PublicRoute, responses=TOO_MANY)
Payer = Annotated[Principal, require("pay")]
Voucher = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class MyRewardView(BaseModel):
    """举报人看到的奖励,只到日 / the reward as its reporter sees it, by days."""

    state: State
    zh: str
    en: str
    amount_yuan: int
    notified_on: date | None
    claim_by: date | None = Field(description="领取期限,含当日 / the last day to claim")
    claimed_on: date | None
    paid_on: date | None


class AskedView(BaseModel):
    """有无奖励 / whether there is one; null: none, or none yet."""

    reward: MyRewardView | None


class VoucherView(BaseModel):
    """领取凭证只显示这一次,凭证即领款 / the voucher is shown this once; whoever brings it is paid."""

    voucher: str
    amount_yuan: int


class VoucherOrder(Order):
    """领取凭证 / a voucher."""

    voucher: Voucher


class PaymentOrder(VoucherOrder):
    """已发放 / it was paid, under this number of the payer's own books."""

    receipt_no: Number


class PayableView(BaseModel):
    """凭证对应的金额,不含事由 / what a voucher is for: the amount, never the matter."""

    state: State
    amount_yuan: int
    paid_on: date | None

    @classmethod
    def of(cls, reward: Reward) -> "PayableView":
        return cls(state=reward.state, amount_yuan=reward.amount_yuan, paid_on=reward.paid_on)


@open_doors.post("")
async def post_asking(_: Everyone, order: StatusOrder, request: Request) -> AskedView:
    """Whether there is a reward, by the code, which is never part of an address. 查询奖励"""
    desk: RewardDesk = request.app.state.reward_desk
    found = await desk.told(await holder_of(request, order))
    if found is None:
        return AskedView(reward=None)
    shown = {name: getattr(found, name) for name in MyRewardView.model_fields if name not in ("zh", "en")}
    return AskedView(reward=MyRewardView(zh=found.state.zh, en=found.state.en, **shown))


@open_doors.post("/claim", status_code=201, response_model=VoucherView)
async def post_claim(order: StatusOrder, request: Request, sending: SendingSealed) -> Response:
    """Claim it with the code, without a name; the answer is the only time that the voucher is shown. 申领奖励"""
    return await _voucher(request, order, sending, renew=False)


@open_doors.post("/voucher", status_code=201, response_model=VoucherView)
async def post_voucher(order: StatusOrder, request: Request, sending: SendingSealed) -> Response:
    """A new voucher for one that was lost, which is void from then on. 补发领取凭证"""
    return await _voucher(request, order, sending, renew=True)


@router.post("/reward-vouchers/verification")
async def post_verification(order: VoucherOrder, request: Request, by: Payer, tx: Tx, at: Now) -> PayableView:
    """Whether a voucher is good, and for how much; never for what. 核验领取凭证"""
    desk: RewardDesk = request.app.state.reward_desk
    return PayableView.of(await desk.verify(tx, order.voucher, by=by, at=at))


@router.post("/reward-vouchers/payment", status_code=201, response_model=PayableView)
async def post_payment(order: PaymentOrder, request: Request, by: Payer, tx: Tx, at: Now, once: Once) -> Response:
    """It was paid, once; the voucher is spent. 登记发放"""
    desk: RewardDesk = request.app.state.reward_desk

    async def pay() -> PayableView:
        return PayableView.of(await desk.pay(tx, order.voucher, order.receipt_no, by=by, at=at))

    return await once.reply(201, pay)


async def _voucher(request: Request, order: StatusOrder, sending: Sent, *, renew: bool) -> Response:
    desk: RewardDesk = request.app.state.reward_desk
    holder = await holder_of(request, order)
    answer, again = await desk.claim(holder, sending.key, sending.claim, sending.solved, renew=renew, at=sending.at)
    return answered(Answer(answer.status, open_answer(answer.body, sending.key)), again=again)


router.include_router(open_doors)
