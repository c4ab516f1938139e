"""Rewards of reporters: proposed, decided by two others, told; the reporter's side is in reward_claims."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.intake.api.stay_away import Away
from services.intake.db import rewards
from services.intake.domain.reward import How, Reward, State
from services.intake.domain.reward_rule import Exclusion, Trigger, shipped
from services.intake.usecases.decide_reward import (
    Proposal,
    decide_reward,
    notify_reward,
    propose_reward,
    read_reward,
)
from shared.auth import Principal
from shared.http import Day, Now, Once, Order, Page, Paging, Reason, Tx, reader, require

router = APIRouter(tags=["奖励 rewards"])
Office = Annotated[Principal, require("ana", "ofd")]
Decider = Annotated[Principal, require("qrv", "sup", "ldr")]
Watcher = Annotated[Principal, require("ana", "ofd", "sup", "qrv", "ldr")]
Lister = Annotated[Principal, require("ana", "ofd", "sup", "qrv", "ldr", "rvk")]
Reader = Annotated[Principal, reader("ana", "ofd", "sup", "qrv", "ldr")]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00]*$")]


class RewardOrder(Order):
    """提出奖励:金额为整数元 / a reward is proposed, in whole yuan."""

    amount_yuan: Annotated[int, Field(ge=1, le=10_000_000, strict=True)]
    reason: Reason
    none_of: list[Exclusion] = Field(
        max_length=20,
        description="逐项核对后未发现的除外情形 / exclusions of the rule, each looked at and none known to apply",
    )
    new_facts: Reason | None = Field(
        default=None, description="后报者须写明新情况 / for who reported later: which facts are new"
    )
    basis_no: Number | None = Field(
        default=None, description="起诉、判决文书编号 / number of the paper, where the rule asks for it"
    )
    basis_on: Day | None = None


class DecisionOrder(Order):
    """审批 / one of the two decides."""

    approve: bool = Field(strict=True)
    reason: Reason | None = None


class RuleView(BaseModel):
    """一版奖励办法 / one version of the rule."""

    version: str
    from_day: date
    basis: str
    trigger: Trigger
    conclusions: list[str]
    least: int
    most: int
    exclusions: list[Exclusion]


class RewardView(BaseModel):
    """一项奖励,不含理由、举报人和领款日期 / a reward, without reasons, the reporter, and the days of claim and payment (who came on that
    day is known to those who pay)."""

    id: UUID
    lead_id: UUID
    rule_version: str
    amount_yuan: int
    state: State
    proposed_by: str
    proposed_at: datetime
    checked_by: str | None
    approved_by: str | None
    refused_by: str | None
    notified_on: date | None
    claim_by: date | None = Field(description="领取期限(D28) / the last day to claim")
    lapsed_on: date | None
    told_how: How | None

    @classmethod
    def of(cls, reward: Reward) -> Self:
        return cls.model_validate(reward, from_attributes=True)


class WholeRewardView(RewardView):
    """一项奖励及其理由 / a reward with its reasons."""

    reason: str
    new_facts: str | None
    basis_no: str | None
    basis_on: date | None
    none_of: list[Exclusion]
    refusal_reason: str | None


@router.get("/reward-rules")
async def list_rules(_: Watcher) -> list[RuleView]:
    """The rules for rewards with their days of force. 奖励办法"""
    return [
        RuleView(
            version=rule.version,
            from_day=rule.from_day,
            basis=rule.basis,
            trigger=rule.trigger,
            conclusions=sorted(rule.conclusions),
            least=rule.least,
            most=rule.most,
            exclusions=sorted(rule.exclusions),
        )
        for rule in shipped().values()
    ]


@router.post("/leads/{lead_id}/rewards", status_code=201, response_model=RewardView)
async def post_reward(
    lead_id: UUID, order: RewardOrder, request: Request, by: Office, tx: Tx, at: Now, once: Once
) -> Response:
    """Propose a reward for the report of a lead that was verified. 提出奖励"""
    proposal = Proposal(
        amount_yuan=order.amount_yuan,
        reason=order.reason,
        none_of=frozenset(order.none_of),
        new_facts=order.new_facts,
        basis_no=order.basis_no,
        basis_on=order.basis_on,
    )

    async def propose() -> RewardView:
        region: str = request.app.state.region
        return RewardView.of(await propose_reward(tx, lead_id, proposal, region=region, by=by, at=at))

    return await once.reply(201, propose)


@router.get("/rewards")
async def list_rewards(
    _: Lister, tx: Tx, away: Away, paging: Paging, state: State | None = None, lead_id: UUID | None = None
) -> Page[RewardView]:
    """Rewards as they were proposed. 奖励列表"""
    rows = await rewards.page(
        tx, state=state, lead_id=lead_id, away=away, after=paging.after(datetime, UUID), limit=paging.limit + 1
    )
    return paging.page([RewardView.of(row) for row in rows], key=lambda row: (row.proposed_at, row.id))


@router.get("/rewards/{reward_id}")
async def get_reward(reward_id: UUID, by: Reader, tx: Tx, at: Now) -> WholeRewardView:
    """One with its reasons; reading takes a purpose and is put on record. 奖励详情(查阅留痕)"""
    return WholeRewardView.of(await read_reward(tx, reward_id, by=by, at=at))


@router.post("/rewards/{reward_id}/decision")
async def post_decision(reward_id: UUID, order: DecisionOrder, by: Decider, tx: Tx, at: Now) -> RewardView:
    """The first of two (qrv, sup) agrees, then the second (ldr); or one of them does not. 奖励审批"""
    return RewardView.of(await decide_reward(tx, reward_id, approve=order.approve, reason=order.reason, by=by, at=at))


@router.post("/rewards/{reward_id}/notice")
async def post_notice(reward_id: UUID, request: Request, by: Office, tx: Tx, at: Now) -> RewardView:
    """Tell the holder of the code by a letter that only the code opens; the time to claim (D28) begins. 通知举报人"""
    return RewardView.of(await notify_reward(tx, request.app.state.letters, reward_id, by=by, at=at))
