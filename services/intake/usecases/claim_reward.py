"""The holder of a code claims a reward without a name: the answer is a voucher, shown once, of which only a keyed hash is kept.

Who pays sees the voucher and the amount, never the lead; who knows the lead never sees the voucher (docs/decisions/0062). Of a claim the
day is kept, not the hour, and no row of the audit.
"""

import hmac
import secrets
from datetime import datetime

from services.intake.db import leads, notices, reports, rewards
from services.intake.domain import query_code
from services.intake.domain.proof_of_work import Solved
from services.intake.domain.reward import TOLD, Reward
from services.intake.usecases.file_report import Desk, seal_answer
from services.intake.usecases.reporter_mailbox import Holder
from shared import audit, idempotency
from shared.auth import Principal
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

        Raises `NotAllowed`, `NotFound` without a reward, `Registered` when the challenge was spent, `Busy`."""
        claim, today = self._desk.claim(claim), china_date(at)
        async with self._database.transaction() as tx:
            earlier = await idempotency.take(tx, claim)
            if earlier is not None:
                return earlier, True
            await reports.spend(tx, (solved.mark, solved.expires))
            reward = await _told(tx, holder)
            if reward is None:
                raise NotAllowed(NONE)
            voucher = query_code.new_code(secrets.token_bytes(query_code.RANDOM_BYTES))
            mark = _mark(self._keys[0], voucher)
            days = await notices.calendar(tx)
            reward = reward.renew(mark) if renew else reward.claim(mark, days=days, on=today)
            await rewards.save(tx, reward)
            shown = {"voucher": query_code.in_groups(voucher), "amount_yuan": reward.amount_yuan}
            answer = Answer(201, seal_answer(shown, key))
            await idempotency.keep(tx, claim, answer)
            return answer, False

    async def verify(self, tx: Transaction, voucher: str, *, by: Principal, at: datetime) -> Reward:
        """Whose word this voucher is, for the one who pays. Raises `Invalid` for a mistyped one, `NotFound`."""
        reward = await self._of_voucher(tx, voucher)
        await audit.record(tx, by, "reward.verify-voucher", reward.id, at=at, detail={"state": reward.state.value})
        return reward

    async def pay(self, tx: Transaction, voucher: str, receipt_no: str, *, by: Principal, at: datetime) -> Reward:
        """It was paid, once. Raises `Invalid`, `NotFound`, `NotAllowed` when it was paid before."""
        reward = (await self._of_voucher(tx, voucher)).pay(receipt_no, by=by, on=china_date(at))
        await rewards.save(tx, reward)
        await audit.record(tx, by, "reward.pay", reward.id, at=at, detail={"state": reward.state.value})
        return reward

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


def _mark(key: bytes, voucher: str) -> bytes:
    return hmac.digest(key, b"xiansuo.reward-voucher.v1\0" + voucher.encode(), "sha256")
