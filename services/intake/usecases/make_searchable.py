"""What came in becomes searchable: by the worker, within a second, so that no one waits for it at the door."""

import asyncio
from datetime import datetime

from services.intake.db import queries, search
from services.intake.domain.lead_states import AT_REST
from services.intake.domain.search_terms import facet, grams, words_of
from shared.db import Transaction

AT_ONCE, SECONDS = 50, 0.1
"""Leads taken at a time, and how long of each second the worker does this; what comes faster waits, and is searchable a little later."""


async def make_searchable(tx: Transaction, _: datetime) -> None:
    """Index what is not yet."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    while loop.time() < end and (ids := await search.take_pending(tx, AT_ONCE)):
        leads = await queries.standing_still(tx, ids)
        people = await queries.people_of(tx, ids)
        rows = []
        for lead in (each for each in leads if each.status not in AT_REST):
            words = words_of(lead)
            first, *later = people[lead.id]
            who = [facet("started", first), *(facet("handled", each) for each in dict.fromkeys(later))]
            rows.append((lead, words, grams(words), who))
            await asyncio.sleep(0)  # events wait for the same processor
        await search.add(tx, rows)
