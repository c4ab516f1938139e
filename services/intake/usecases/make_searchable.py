"""What came in becomes searchable: by the worker, within a second, so that no one waits for it at the door."""

import asyncio
from datetime import datetime

from services.intake.db import merges, queries, search
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import AT_REST
from services.intake.domain.search_terms import facet, grams, words_of
from shared.db import Transaction, giving_way

AT_ONCE, SECONDS = 50, 0.1
"""Leads taken at a time, and how long of each second the worker does this; what comes faster waits, and is searchable a little later."""
GIVES_WAY = 0.5
"""Seconds that it waits for leads that others hold, who may wait for some that it holds."""


async def make_searchable(tx: Transaction, _: datetime) -> None:
    """Index what is not yet."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    async with giving_way(tx, GIVES_WAY):
        while loop.time() < end and (ids := await search.take_pending(tx, AT_ONCE)):
            leads = await queries.standing_still(tx, ids)
            people = await queries.people_of(tx, ids)
            repeats = await queries.repeats_of(tx, [lead.id for lead in leads])
            rows = []
            for lead in (each for each in leads if each.status not in AT_REST):
                words = words_of(lead, repeats.get(lead.id, ()))
                if lead.id not in people:
                    # the master of one that is searchable now
                    await search.reword(tx, lead.id, words, grams(words))
                    continue
                first, *later = people[lead.id]
                who = [facet("started", first), *(facet("handled", each) for each in dict.fromkeys(later))]
                rows.append((lead, words, grams(words), who))
                await asyncio.sleep(0)  # events wait for the same processor
            await search.add(tx, rows)


async def learn_words(tx: Transaction, master: Lead) -> None:
    """A merge was confirmed or undone: its master is found by its own words and those of the repeats of now, at once, or when it becomes
    searchable. The caller holds the master."""
    words = words_of(master, await merges.repeats_of(tx, master.id))
    await search.reword(tx, master.id, words, grams(words))
