"""Time in: which timer does what."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from services.intake.db import circle
from services.intake.db.door_buckets import forget_full
from services.intake.db.reports import forget_spent
from services.intake.domain.repeat_keys import secret_of
from services.intake.usecases.attachments import Store
from services.intake.usecases.clean_attachments import clean_attachments
from services.intake.usecases.count_deadlines_again import count_deadlines_again
from services.intake.usecases.draw_call_backs import draw_call_backs
from services.intake.usecases.examine_attachment import examine_waiting
from services.intake.usecases.exchange_between_legs import release_over
from services.intake.usecases.find_repeats import look_at_new
from services.intake.usecases.follow_passed import destroy_late
from services.intake.usecases.hand_over import take_back_untaken
from services.intake.usecases.import_notice import import_notices
from services.intake.usecases.keep_reporters import BATCH, Vault
from services.intake.usecases.keep_retention import propose_sealing, retire_reporters
from services.intake.usecases.keep_subjects import retire_subjects, seal_anew, take_apart_waiting
from services.intake.usecases.lapse_rewards import lapse_rewards
from services.intake.usecases.look_again import wake_on_the_day
from services.intake.usecases.make_searchable import make_searchable
from services.intake.usecases.open_digests import open_digests
from services.intake.usecases.say_deadlines import say_deadlines
from services.intake.usecases.screen_message import clean_messages, count_late
from services.intake.usecases.shred_reporter import carry_out_ordered
from services.intake.usecases.start_missing import start_missing
from services.intake.usecases.subject_store import SubjectKeys
from shared import metrics
from shared.db import Database, Transaction, is_transient
from shared.deadlines import Notice, start_of
from shared.housekeeping import HOUSEKEEPING
from shared.worker import Timer, Timers

log = structlog.get_logger(__name__)

EVERY = 5.0
"""Seconds between two looks at the limits. A limit is counted in days, or in hours at least."""
TAKE_IN = "vault.take-in"
"""The vault's own look, as the alarm VaultKeysWait knows it."""


def timers(
    digest: bytes, subjects: SubjectKeys, *, notices: Sequence[Notice] = (), remind_from: date | None = None
) -> Timers:
    """The timers; `digest` is the service's key of keyed hashes, `notices` are those of the settings' folder, limits that began before
    `remind_from` are not chased."""
    since = start_of(remind_from) if remind_from else None

    async def say(tx: Transaction, at: datetime) -> None:
        await say_deadlines(tx, at, since=since)

    rest_until: datetime | None = None
    looked_through: UUID | None = None

    async def start(tx: Transaction, at: datetime) -> None:
        # over all leads by and by, then an hour's rest: for what an older release still writes beside this one
        nonlocal rest_until, looked_through
        if rest_until is None or at >= rest_until:
            _, looked_through = await start_missing(tx, at, after=looked_through)
            rest_until = None if looked_through else at + timedelta(hours=1)

    looked_at: datetime | None = None

    async def keep(tx: Transaction, at: datetime) -> None:
        # what an older release writes is found by its index; whether a box is of an older key is looked for hourly, until none is
        nonlocal looked_at
        await take_apart_waiting(tx, subjects)
        if (looked_at is None or at >= looked_at) and not await seal_anew(tx, subjects):
            looked_at = at + timedelta(hours=1)

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
        "conclusions.wait": Timer(every=60, run=look_again),
        "transfers.wait": Timer(every=60, run=end_transfers),
        "call-backs.draw": Timer(every=60, run=draw_call_backs),
        "daily-digest.open": Timer(every=60, run=open_digests),
        "search.index": Timer(every=1, run=make_searchable),
        "messages.late": Timer(every=60, run=count_late),
        "dual-holds.release": Timer(every=60, run=end_holds),
        "report-boxes.destroy": Timer(every=600, run=destroy_late),
        "rewards.lapse": Timer(every=60, run=lapse_rewards),
        "retention.look": Timer(every=3600, run=look_at_retention),
        "subjects.keep": Timer(every=1, run=keep),
        "repeats.find": Timer(every=1, run=partial(look_at_new, secret=secret_of(digest), subjects=subjects)),
    }


def attachment_timers(database: Database, store: Store) -> Timers:
    """The timers of files: what nobody examined, what expired, what is left over."""
    waiting: set[UUID] = set()

    async def examine(_: Transaction, at: datetime) -> None:
        nonlocal waiting
        waiting = await examine_waiting(database, store, waiting, at)

    return {
        "attachments.examine": Timer(every=60, run=examine),
        "attachments.clean": Timer(every=60, run=partial(clean_attachments, store=store)),
        "messages.clean": Timer(every=600, run=partial(clean_messages, store=store)),
    }


async def forget_challenges(tx: Transaction, at: datetime) -> None:
    """Forget challenges that are expired, and buckets of the doors that are full again."""
    await forget_spent(tx, at)
    await forget_full(tx, at.timestamp())


async def look_again(tx: Transaction, at: datetime) -> None:
    """What could not be verified is taken up on its day."""
    await wake_on_the_day(tx, at)


async def end_transfers(tx: Transaction, at: datetime) -> None:
    """What no organ has taken is back. Apart from the other: each holds all its leads at once, in one order."""
    await take_back_untaken(tx, at)


async def end_holds(tx: Transaction, at: datetime) -> None:
    """Holds whose last day is over end."""
    await release_over(tx, at)


async def look_at_retention(tx: Transaction, at: datetime) -> None:
    """What is kept long enough is proposed to be sealed, or given up."""
    await propose_sealing(tx, at)
    await retire_reporters(tx, at)
    await retire_subjects(tx, at)
    await circle.forget_departed(tx, at)


@asynccontextmanager
async def taking_in(database: Database, vault: Vault) -> AsyncIterator[None]:
    """While it serves, the vault takes the keys of new reporters out of the database, within a second."""
    task = asyncio.create_task(_take_in(database, vault), name="vault-take-in")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        vault.store.close()


async def _take_in(database: Database, vault: Vault) -> None:
    pause, compared = 1.0, False
    # so that one that never comes to an end is seen as late
    metrics.timer_last.labels(TAKE_IN).set_to_current_time()
    while True:
        try:
            async with database.transaction() as tx:
                taken = await vault.take_in(tx)
                await carry_out_ordered(tx, vault, at=datetime.now(UTC))
                if not compared:
                    # a key store brought back from its backup has keys of those who were given up since
                    await vault.destroy_retired(tx)
            compared = True
            metrics.timer_last.labels(TAKE_IN).set_to_current_time()
            pause = 0.0 if taken == BATCH else 1.0
        except Exception as fault:
            # whatever stands in the way: the keys stay where they are, and it is tried again
            log.warning("vault.not_taken", exc_info=not is_transient(fault), error=type(fault).__name__)
            pause = min(max(pause, 0.5) * 2, 10.0)
        await asyncio.sleep(pause)
