"""Rewards that nobody claimed in time lapse by the clock, each once (D28)."""

from dataclasses import replace
from datetime import datetime

from services.intake.db import notices, rewards
from shared import audit
from shared.db import Transaction
from shared.deadlines import china_date

AT_ONCE = 500


async def lapse_rewards(tx: Transaction, at: datetime) -> None:
    """What is over by now, however long nobody looked. A holiday notice that came since may have moved a last day: then it runs on."""
    today, days = china_date(at), await notices.calendar(tx)
    for reward in await rewards.over(tx, today, limit=AT_ONCE):
        last = reward.last_day(days).on
        if today <= last:
            await rewards.save(tx, replace(reward, claim_by=last))
            continue
        await rewards.save(tx, reward.lapse(days=days, on=today))
        detail = {"reward": str(reward.id), "state": "lapsed"}
        await audit.record(tx, None, "reward.lapse", reward.lead_id, at=at, detail=detail)
