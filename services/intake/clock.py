"""Time in: which timer does what."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial

from services.intake.db.reports import forget_spent
from services.intake.domain.repeat_keys import secret_of
from services.intake.usecases.count_deadlines_again import count_deadlines_again
from services.intake.usecases.find_repeats import look_at_new
from services.intake.usecases.import_notice import import_notices
from services.intake.usecases.say_deadlines import say_deadlines
from services.intake.usecases.start_missing import start_missing
from shared.db import Transaction
from shared.deadlines import Notice, start_of
from shared.housekeeping import HOUSEKEEPING
from shared.worker import Timer, Timers

EVERY = 5.0
"""Seconds between two looks at the limits. A limit is counted in days, or in hours at least."""


def timers(digest: bytes, *, notices: Sequence[Notice] = (), remind_from: date | None = None) -> Timers:
    """The timers; `digest` is the service's key of keyed hashes, `notices` are those of the settings' folder, limits that began before
    `remind_from` are not chased."""
    since = start_of(remind_from) if remind_from else None

    async def say(tx: Transaction, at: datetime) -> None:
        await say_deadlines(tx, at, since=since)

    rest_until: datetime | None = None

    async def start(tx: Transaction, at: datetime) -> None:
        # a look over all leads: until nothing is missing, then hourly, for what an older release still writes beside this one
        nonlocal rest_until
        if rest_until is None or at >= rest_until:
            rest_until = None if await start_missing(tx, at) else at + timedelta(hours=1)

    async def count(tx: Transaction, at: datetime) -> None:
        await import_notices(tx, notices, at=at)
        await count_deadlines_again(tx, at)

    return {
        **HOUSEKEEPING,
        "challenges.forget": Timer(every=600, run=forget_challenges),
        # first, so that what is said is counted with the newest calendar
        "deadlines.count": Timer(every=EVERY, run=count),
        "deadlines.say": Timer(every=EVERY, run=say),
        "deadlines.start-missing": Timer(every=EVERY, run=start),
        "repeats.find": Timer(every=1, run=partial(look_at_new, secret=secret_of(digest))),
    }


async def forget_challenges(tx: Transaction, at: datetime) -> None:
    """Forget challenges that are expired."""
    await forget_spent(tx, at)
