"""A reporter who has no code is told of a reward by a keeper of the vault, and comes with his papers: two keepers stand behind the voucher.

Both steps rest on an opening of the reporter for this purpose (decision 0045), which itself took two. After a restore: what was paid.
"""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from services.intake.db import notices, openings, rewards
from services.intake.domain.opening import Purpose
from services.intake.domain.reward import How, Reward, State
from services.intake.domain.reward_rule import shipped
from shared import audit
from shared.auth import Principal
from shared.contracts.rewards import RewardPaid
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import Invalid, NotAllowed
from shared.inbox import Received

RESTORED = "restored"
"""Stands for the number in the payer's books, where the payment is known by intake's own event alone."""


async def tell_reward(
    tx: Transaction, reward_id: UUID, how: How, told_on: date, *, by: Principal, at: datetime
) -> Reward:
    """A keeper told the reporter; the time to claim begins on that day. Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`."""
    matter = await rewards.matter(tx, (await rewards.get(tx, reward_id)).lead_id, lock=True)
    matter.must_be_apart(by)
    reward, today = await rewards.locked(tx, reward_id), china_date(at)
    first = china_date(reward.approved_at) if reward.approved_at else today
    if not first <= told_on <= today:
        reason = "应在批准之日以后、今日以前 / from the day of approval until today"
        raise Invalid(reason, fields=[("on", reason)])
    reward = reward.notify(
        matter, shipped()[reward.rule_version], days=await notices.calendar(tx), on=told_on, by=by, how=how
    )
    await _must_be_opened(tx, reward.lead_id, told_on)
    await rewards.must_not_be_paid(tx, reward.lead_id)
    await rewards.save(tx, reward)
    await _put_on_record(tx, reward, "tell", by=by, at=at)
    return reward


async def identify_reporter(tx: Transaction, reward_id: UUID, *, by: Principal, at: datetime) -> Reward:
    """A keeper compared the papers of whoever came with what the vault shows today. Raises `NotFound`, `NotAllowed`, `Forbidden`."""
    matter = await rewards.matter(tx, (await rewards.get(tx, reward_id)).lead_id, lock=True)
    matter.lead.must_be_used()
    reward = (await rewards.locked(tx, reward_id)).identify(matter, by=by, on=china_date(at))
    await _must_be_opened(tx, reward.lead_id, china_date(at))
    await rewards.must_not_be_paid(tx, reward.lead_id)
    await rewards.save(tx, reward)
    await _put_on_record(tx, reward, "identify", by=by, at=at)
    return reward


async def relearn_paid(tx: Transaction, event: RewardPaid, received: Received) -> None:
    """It was paid, whatever a restored database knows of it: nobody is paid for the same report again."""
    await rewards.pay_once(tx, lead_id=event.lead_id, reward_id=event.reward_id, relearned=True)
    reward = await rewards.of_lead(tx, event.lead_id)
    if reward is not None and reward.state is State.CLAIMED:
        on = china_date(received.recorded_at)
        await rewards.save(
            tx, replace(reward, state=State.PAID, paid_by="system:intake", paid_on=on, receipt_no=RESTORED)
        )


async def _must_be_opened(tx: Transaction, lead_id: UUID, on: date) -> None:
    """Raises `NotAllowed` unless two keepers opened the reporter on that day to pay a reward."""
    if (on, Purpose.REWARD) not in await openings.told_to_reporter(tx, lead_id):
        raise NotAllowed(
            "当日没有为发放奖励调取举报人信息,请先申请调取 / the reporter was not opened on that day to pay a reward: ask for it first"
        )


async def _put_on_record(tx: Transaction, reward: Reward, step: str, *, by: Principal, at: datetime) -> None:
    detail = {"reward": str(reward.id), "state": reward.state.value}
    await audit.record(tx, by, f"reward.{step}", reward.lead_id, at=at, detail=detail)
