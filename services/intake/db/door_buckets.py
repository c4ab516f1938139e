"""The store of the public doors' shared limits: one statement, by itself, on the driver's connection."""

from sqlalchemy import delete

from services.intake.db.door_tables import door_buckets
from services.intake.domain.limits import Rate
from shared.db import Database, Transaction

_ROUNDING = 1e-3
_TAKE = """
insert into door_buckets as known (mark, full_at) values ($1, $2::float8 + $3::float8)
on conflict (mark) do update set full_at = greatest(known.full_at, $2) + $3 where greatest(known.full_at, $2) + $3 <= $2 + $4
returning full_at
"""


async def take(database: Database, mark: bytes, rate: Rate, number: int, *, now: float) -> float | None:
    """Take so many, at most `rate.most`; → when the bucket is full again, None when that many are not left (then nothing is written)."""
    async with database.one_statement() as connection:
        found: float | None = await connection.fetchval(_TAKE, mark, now, rate.worth(number), rate.seconds + _ROUNDING)
    return found


async def give_back(database: Database, mark: bytes, rate: Rate, number: int) -> None:
    """Put back so many that were just taken."""
    async with database.one_statement() as connection:
        await connection.execute(
            "update door_buckets set full_at = full_at - $2::float8 where mark = $1", mark, rate.worth(number)
        )


async def forget_full(tx: Transaction, now: float) -> None:
    """Forget buckets that are full again: they say nothing any more."""
    await tx.execute(delete(door_buckets).where(door_buckets.c.full_at < now))
