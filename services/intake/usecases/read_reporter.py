"""The one place where a reporter's data are opened: one lead, one granted opening, within its time, each reading on record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.db import openings, retention
from services.intake.domain.opening import NOT_FOR_INTERVIEWS, Kind, Opening
from services.intake.usecases.ask_opening import put_on_record
from services.intake.usecases.keep_reporters import Vault
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import NotAllowed


async def read_reporter(
    tx: Transaction, opening_id: UUID, *, vault: Vault, by: Principal, at: datetime
) -> tuple[Opening, int, Mapping[str, Any]]:
    """The opening, the number of this reading, and what the reporter said of himself. Raises `NotFound`, `Forbidden`, `NotAllowed`."""
    # as whoever seals, expunges or shreds has the lead's turn before he looks: one reads first, or finds nothing
    await retention.one_at_a_time(tx, (await openings.get(tx, opening_id)).lead_id)
    opening = await openings.get(tx, opening_id, lock=True)
    matter = await openings.matter(tx, opening.lead_id)
    opening.must_be_of(originals=False)
    opening.must_be_readable(matter, by=by, at=at)
    if matter.reporter_ref is None:
        raise NotAllowed("该线索没有举报人信息 / this lead has no reporter on record")
    told = await vault.open(tx, matter.reporter_ref)
    number = await openings.add_reading(tx, opening.id, reader=by.sub, at=at)
    await put_on_record(tx, opening, "read", by=by, at=at, number=number)
    hidden = NOT_FOR_INTERVIEWS if opening.kind is Kind.INTERVIEW else frozenset()
    return opening, number, {name: value for name, value in told.items() if name not in hidden}
