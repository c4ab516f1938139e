"""The clock looks after attachments: unfinished uploads expire, pieces that nobody can read (any more) are removed."""

from datetime import datetime, timedelta

from services.intake.db import attachments
from services.intake.domain.attachment import DAYS
from services.intake.usecases.attachments import Store, folder_of
from shared.db import Transaction
from shared.deadlines import china_date


async def clean_attachments(tx: Transaction, at: datetime, *, store: Store) -> None:
    """Expire and remove. Raises `Unavailable` when the store is away; the next turn does it again."""
    await attachments.expire(tx, china_date(at) - timedelta(days=DAYS))
    for attachment in await attachments.left_over(tx):
        await store.objects.remove(folder_of(attachment))
        await attachments.forget_pieces(tx, attachment.id)
    for folder in await attachments.left_folders(tx, china_date(at) - timedelta(days=1)):
        await store.objects.remove(folder)
