"""The clock opens the list of each working day, once, also of the days on which nothing ran (M01)."""

from datetime import datetime

from services.intake.db import digests, notices
from services.intake.domain.digest import Digest, Part, before, missing, opens, soon
from shared import audit, outbox
from shared.contracts.daily_digests import DailyDigestClosed, DailyDigestOpened
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import NotFound
from shared.inbox import Received

AT_ONCE = 20
"""Lists in one run: what a long outage has left is opened in runs."""


async def open_digests(tx: Transaction, at: datetime) -> None:
    """Open what is missing, oldest first; each shows what its hour would have shown."""
    days = await notices.calendar(tx)
    newest = await digests.last(tx)
    since = newest[1] if newest else None
    for number, day in enumerate(missing(newest[0] if newest else None, china_date(at), days, now=at)):
        if number == AT_ONCE:
            return
        digest, _ = Digest.open(day, since or opens(before(day, days)), {}, now=at)
        if await digests.add(tx, digest):
            counts = await digests.fill(tx, digest, soon=soon(day, days))
            _, said = Digest.open(day, digest.since, counts, now=at)
            await outbox.put(tx, said, at=at)
            await audit.record(
                tx, None, "daily-digest.open", str(day), at=at, detail={part.value: n for part, n in counts.items()}
            )
        since = digest.at


async def relearn_opened(tx: Transaction, event: DailyDigestOpened, received: Received) -> None:
    """After a restore: it was opened, so it is not opened again; its rows are lost, its numbers are not."""
    counts = {part: getattr(event, part.value) for part in Part}
    digest, _ = Digest.open(event.day, event.effective_at, counts, now=received.recorded_at)
    await digests.add(tx, digest)


async def relearn_closed(tx: Transaction, event: DailyDigestClosed, _: Received) -> None:
    """After a restore: it was closed; by whom is lost."""
    try:
        digest = await digests.get(tx, event.day, lock=True)
    except NotFound:
        return
    if digest.closed_by is None:
        await digests.save(tx, digest.close(by="lost", at=event.effective_at)[0])
