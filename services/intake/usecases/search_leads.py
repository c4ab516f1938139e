"""Someone looks for leads; a search for words of what was reported is a reading and put on record, without the words (G11)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID, uuid4

from services.intake.db import found, repeats
from services.intake.domain.lead import Lead
from services.intake.domain.repeat_keys import key_of
from services.intake.domain.repeat_marks import PERSON_ID, UNCHECKED, Number, number_in, words_of
from services.intake.domain.search import Search, View
from shared import reads
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import NotAllowed, NotFound

MOST_KEPT = 50


async def search_leads(
    tx: Transaction,
    search: Search,
    view: View,
    *,
    before: int | None,
    limit: int,
    away: Sequence[UUID],
    secret: bytes,
    by: Principal,
    at: datetime,
) -> list[tuple[int, Lead]]:
    """Leads that the caller may see but those of `away`, newest first, each with its number for the next page. An ID number, account,
    phone, plate or credit code is looked for by its blind key (`secret`), as it may lie sealed. Raises `Forbidden`, `Invalid`."""
    seen = search.within(view, sub=by.sub, roles=by.roles, unit=by.unit)
    rest, among = await _numbers(tx, seen.text, secret, china_date(at))
    where = replace(seen, text=rest)
    leads = await found.leads_of(tx, where, now=at, before=before, limit=limit, among=among, away=away)
    if search.text is not None:
        detail = {"view": view.value, "found": len(leads), "words": len(search.text.split())}
        await reads.note(tx, by, "lead.search", "leads", at=at, detail=detail)
    return leads


async def _numbers(tx: Transaction, text: str | None, secret: bytes, on: date) -> tuple[str | None, list[list[UUID]]]:
    """The words but the numbers that some lead tells, and the leads of each of these."""
    rest, among = [], []
    for word in words_of(text or "", on=on):
        number = number_in(word, on=on)
        if number and (ids := await _leads_with(tx, number, secret)):
            among.append(ids)
        else:
            rest.append(word)
    return (" ".join(rest) if rest else None if among else text), among


async def _leads_with(tx: Transaction, number: Number, secret: bytes) -> list[UUID]:
    """Also those that told an ID number of somebody who was not born on their day: there it was none."""
    ids = await repeats.leads_with(tx, key_of(number, secret))
    if number.kind == PERSON_ID:
        ids += await repeats.leads_with(tx, key_of(replace(number, kind=UNCHECKED), secret))
    return ids


async def keep_search(tx: Transaction, name: str, filters: dict[str, object], *, by: Principal, at: datetime) -> UUID:
    """Keep a search under a name. Raises `NotAllowed` when there are too many."""
    if await found.count_kept(tx, by.sub) >= MOST_KEPT:
        raise NotAllowed(f"最多保存{MOST_KEPT}个 / at most {MOST_KEPT} are kept")
    search_id = uuid4()
    await found.keep(tx, search_id, owner=by.sub, name=name, filters=filters, at=at)
    return search_id


async def drop_search(tx: Transaction, search_id: UUID, *, by: Principal) -> None:
    """Keep it no longer. Raises `NotFound`, also for another person's."""
    if not await found.drop(tx, by.sub, search_id):
        raise NotFound("没有该检索 / no such search")
