"""The holder of a code claims a reward without a name: the answer is a voucher, shown once, of which only a keyed hash is kept.

Who pays sees the voucher and the amount, never the lead; who knows the lead never sees the voucher (docs/decisions/0062). Of a claim the
day is kept, not the hour, and no row of the audit.
"""

import hmac
import secrets
from datetime import datetime
from uuid import UUID

from services.intake.db import leads, notices, reports, rewards
from services.intake.domain import query_code
from services.intake.domain.proof_of_work import Solved
from services.intake.domain.reward import TOLD, Reward
from services.intake.usecases.file_report import Desk, seal_answer
from services.intake.usecases.reporter_mailbox import Holder
from services.intake.usecases.stay_away import must_stay_away
from shared import audit, idempotency, outbox
from shared.auth import Principal
from shared.contracts.envelope import day_of
from shared.contracts.rewards import RewardPaid
from shared.db import Database, Transaction
from shared.deadlines import china_date
from shared.errors import Invalid, NotAllowed, NotFound
from shared.idempotency import Answer, Claim

NONE = "目前没有可领取的奖励 / there is no reward to claim"
UNKNOWN = "没有此领取凭证 / there is no such voucher"


class RewardDesk:
    """Claims and vouchers. `keys`: of keyed hashes, the newest first; one that is taken out makes its vouchers unknown."""

    def __init__(self, database: Database, desk: Desk, keys: tuple[bytes, ...]) -> None:
        self._database, self._desk, self._keys = database, desk, keys

    async def told(self, holder: Holder) -> Reward | None:
        """The holder's reward, once it was told of. Raises `NotFound`, `NotAllowed` when the lead is at rest."""
        async with self._database.transaction() as tx:
            return await _told(tx, holder)

    async def claim(
        self, holder: Holder, key: str, claim: Claim, solved: Solved, *, renew: bool, at: datetime
    ) -> tuple[Answer, bool]:
        """Claim it, or (`renew`) get a new voucher for a lost one; → the answer, sealed for who knows `key`, and whether it was given
        before.

        Raises `NotAllowed`, `NotFound` without a reward, `Spent`, `Busy`."""
        claim, today = self._desk.claim(claim), china_date(at)
        async with self._database.transaction() as tx:
            earlier = await idempotency.take(tx, claim)
            if earlier is not None:
                return earlier, True
            await reports.spend(tx, (solved.mark, solved.expires))
            reward = await _told(tx, holder)
            if reward is None:
                raise NotAllowed(NONE)
            await rewards.must_not_be_paid(tx, reward.lead_id)
            voucher, mark = self._new_voucher()
            days = await notices.calendar(tx)
            reward = reward.renew(mark) if renew else reward.claim(mark, days=days, on=today)
            return await _give(tx, reward, voucher, key, claim), False

    async def hand(
        self, reward_id: UUID, key: str, claim: Claim, *, by: Principal, at: datetime
    ) -> tuple[Answer, bool]:
        """The second keeper hands the voucher to whoever the first knew again; → as `claim`. Raises `NotFound`, `NotAllowed`,
        `Forbidden`."""
        claim = self._desk.claim(claim)
        async with self._database.transaction() as tx:
            await must_stay_away(tx, {"reward_id": reward_id}, by)
            earlier = await idempotency.take(tx, claim)
            if earlier is not None:
                return earlier, True
            matter = await rewards.matter(tx, (await rewards.get(tx, reward_id)).lead_id, lock=True)
            matter.lead.must_be_used()
            reward = await rewards.locked(tx, reward_id)
            await rewards.must_not_be_paid(tx, reward.lead_id)
            voucher, mark = self._new_voucher()
            reward = reward.hand(matter, mark, days=await notices.calendar(tx), by=by, on=china_date(at))
            detail = {"reward": str(reward.id), "state": reward.state.value}
            await audit.record(tx, by, "reward.hand", reward.lead_id, at=at, detail=detail)
            return await _give(tx, reward, voucher, key, claim), False

    async def verify(self, tx: Transaction, voucher: str, *, by: Principal, at: datetime) -> Reward:
        """Whose word this voucher is, for the one who pays. Raises `Invalid` for a mistyped one, `NotFound`."""
        reward = await self._of_voucher(tx, voucher)
        await audit.record(tx, by, "reward.verify-voucher", reward.id, at=at, detail={"state": reward.state.value})
        return reward

    async def pay(self, tx: Transaction, voucher: str, receipt_no: str, *, by: Principal, at: datetime) -> Reward:
        """It was paid, once. Raises `Invalid`, `NotFound`, `NotAllowed` when it was paid before."""
        reward = (await self._of_voucher(tx, voucher)).pay(receipt_no, by=by, on=china_date(at))
        if not await rewards.pay_once(tx, lead_id=reward.lead_id, reward_id=reward.id, relearned=False):
            raise NotAllowed(rewards.PAID)
        await rewards.save(tx, reward)
        await outbox.put(tx, RewardPaid(lead_id=reward.lead_id, reward_id=reward.id), at=day_of(at))
        await audit.record(tx, by, "reward.pay", reward.id, at=at, detail={"state": reward.state.value})
        return reward

    def _new_voucher(self) -> tuple[str, bytes]:
        """A voucher, and what is kept of it."""
        voucher = query_code.new_code(secrets.token_bytes(query_code.RANDOM_BYTES))
        return voucher, _mark(self._keys[0], voucher)

    async def _of_voucher(self, tx: Transaction, voucher: str) -> Reward:
        try:
            code = query_code.read_code(voucher)
        except ValueError:
            told = "凭证有误,请逐个核对 / the voucher was mistyped, please check each symbol"
            raise Invalid(told, fields=[("voucher", told)]) from None
        reward = await rewards.by_voucher(tx, [_mark(key, code) for key in self._keys])
        if reward is None:
            raise NotFound(UNKNOWN)
        return reward


async def _told(tx: Transaction, holder: Holder) -> Reward | None:
    (await leads.get(tx, holder.lead_id, lock=True)).must_be_used()
    reward = await rewards.of_lead(tx, holder.lead_id)
    return reward if reward and reward.state in TOLD else None


async def _give(tx: Transaction, reward: Reward, voucher: str, key: str, claim: Claim) -> Answer:
    """The answer that shows the voucher, sealed for who knows `key`."""
    await rewards.save(tx, reward)
    shown = {"voucher": query_code.in_groups(voucher), "amount_yuan": reward.amount_yuan}
    answer = Answer(201, seal_answer(shown, key))
    await idempotency.keep(tx, claim, answer)
    return answer


def _mark(key: bytes, voucher: str) -> bytes:
    return hmac.digest(key, b"xiansuo.reward-voucher.v1\0" + voucher.encode(), "sha256")
