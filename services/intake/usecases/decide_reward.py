"""A reward is proposed by the office, decided by two others, and told to the holder of the code, who alone can read it (D28, §2.8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from services.intake.db import mailbox, notices, rewards
from services.intake.domain.mailbox import Kind
from services.intake.domain.reward import Reward
from services.intake.domain.reward_rule import Exclusion, rule_in_force, shipped
from services.intake.usecases.letters import Letters
from services.intake.usecases.write_to_reporter import put_letter
from shared import audit, reads
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import NotAllowed
from shared.secrecy import refuse_marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the office proposes; `amount_yuan` in whole yuan."""

    amount_yuan: int
    reason: str
    none_of: frozenset[Exclusion]
    new_facts: str | None = None
    basis_no: str | None = None
    basis_on: date | None = None


async def propose_reward(
    tx: Transaction, lead_id: UUID, proposal: Proposal, *, region: str, by: Principal, at: datetime
) -> Reward:
    """Propose it, by the rule in force. Raises `NotFound`, `NotAllowed` (no result, nobody to tell, one stands), `Invalid`."""
    refuse_marked("reason", [proposal.reason])
    refuse_marked("new_facts", [proposal.new_facts or ""])
    matter, today = await rewards.matter(tx, lead_id, lock=True), china_date(at)
    reward = Reward.propose(
        uuid4(),
        matter,
        rule_in_force(today),
        amount_yuan=proposal.amount_yuan,
        reason=proposal.reason,
        new_facts=proposal.new_facts,
        basis_no=proposal.basis_no,
        basis_on=proposal.basis_on,
        none_of=proposal.none_of,
        by=by,
        on=today,
        at=at,
    )
    if not await mailbox.has_box(tx, lead_id) and matter.lead.reporter_ref is None:
        raise NotAllowed(
            "举报人没有信箱,也未留姓名 / the reporter has no mailbox and left no name: nobody could be told"
        )
    await rewards.must_not_be_paid(tx, lead_id)
    if await rewards.stands(tx, lead_id):
        raise NotAllowed("该举报已有奖励 / this report has a reward already")
    await rewards.add(tx, reward, region=region)
    await _put_on_record(tx, reward, "propose", by=by, at=at)
    return reward


async def decide_reward(
    tx: Transaction, reward_id: UUID, *, approve: bool, reason: str | None, by: Principal, at: datetime
) -> Reward:
    """The next of two people agrees or does not. Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`."""
    refuse_marked("reason", [reason or ""])
    matter = await rewards.matter(tx, (await rewards.get(tx, reward_id)).lead_id, lock=True)
    reward = await rewards.locked(tx, reward_id)
    reward = reward.approve(matter, by=by, at=at) if approve else reward.refuse(matter, reason, by=by, at=at)
    await rewards.save(tx, reward)
    await _put_on_record(tx, reward, "approve" if approve else "refuse", by=by, at=at)
    return reward


async def notify_reward(tx: Transaction, letters: Letters, reward_id: UUID, *, by: Principal, at: datetime) -> Reward:
    """Tell the holder of the code by a letter that only the code opens; the time to claim begins. Raises `NotFound`, `NotAllowed`."""
    matter = await rewards.matter(tx, (await rewards.get(tx, reward_id)).lead_id, lock=True)
    reward = await rewards.locked(tx, reward_id)
    rule = shipped()[reward.rule_version]
    reward = reward.notify(matter, rule, days=await notices.calendar(tx), on=china_date(at), by=by)
    await rewards.must_not_be_paid(tx, reward.lead_id)
    await rewards.save(tx, reward)
    await put_letter(tx, letters, matter.lead, Kind.MESSAGE, letter_of(reward), by=by, at=at)
    await _put_on_record(tx, reward, "notify", by=by, at=at)
    return reward


async def read_reward(tx: Transaction, reward_id: UUID, *, by: Principal, at: datetime) -> Reward:
    """One with its reasons; the reading is put on record. Raises `NotFound`, `NotAllowed` when its lead is at rest."""
    reward = await rewards.get(tx, reward_id)
    (await rewards.matter(tx, reward.lead_id)).lead.must_be_used()
    await reads.note(tx, by, "reward.read", reward.lead_id, at=at, detail={"reward": str(reward.id)})
    return reward


def letter_of(reward: Reward) -> str:
    """What the reporter reads."""
    return (
        f"您举报的线索已查证属实,决定给予奖励人民币{reward.amount_yuan}元。请于{reward.claim_by}前(含当日)凭查询码申领,可不提供身份;"
        f"逾期视为放弃。 / Your report was verified. A reward of {reward.amount_yuan} yuan is granted: claim it with your code by "
        f"{reward.claim_by}; your name is not needed."
    )


async def _put_on_record(tx: Transaction, reward: Reward, step: str, *, by: Principal, at: datetime) -> None:
    """Codes only: no amount, no text."""
    detail: Mapping[str, str] = {"reward": str(reward.id), "state": reward.state.value}
    await audit.record(tx, by, f"reward.{step}", reward.lead_id, at=at, detail=detail)
