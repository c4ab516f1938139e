"""A named person has gone through the day's list."""

from datetime import date, datetime

from services.intake.db import digests
from services.intake.domain.digest import Digest
from shared import audit, outbox
from shared.auth import Principal
from shared.db import Transaction


async def close_digest(tx: Transaction, day: date, *, by: Principal, at: datetime) -> Digest:
    """Close it, once. Raises `NotFound`, `NotAllowed`."""
    digest, said = (await digests.get(tx, day, lock=True)).close(by=by.sub, at=at)
    await digests.save(tx, digest)
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "daily-digest.close", str(day), at=at)
    return digest
