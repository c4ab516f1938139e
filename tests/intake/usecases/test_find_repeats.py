"""The search itself, on a real register: what the likelihood accepts is also found, and the worker leaves nothing behind."""

from uuid import uuid4

import pytest

from services.intake.db import leads, repeats
from services.intake.domain.codes import Source
from services.intake.domain.lead import Lead
from services.intake.domain.lead_number import LeadNumber
from services.intake.domain.repeat_keys import keys_of
from services.intake.domain.repeat_score import THRESHOLD, score
from services.intake.usecases.find_repeats import candidates, look_at_new, marks
from services.intake.usecases.make_searchable import make_searchable
from tests.conftest import NewApi
from tests.intake.repeats.generator import Half, Report
from tests.intake.repeats.heldout_words import HELD_OUT
from tests.support.builders import DAY, NOON, lead
from tests.support.subjects import SUBJECTS

SECRET = b"test"
PAIRS = 260


def told(report: Report, number: int) -> Lead:
    return lead(
        lead_no=str(LeadNumber("999999", Source.PUBLIC, DAY, number)),
        source=Source.PUBLIC,
        issuing_level=None,
        upstream_no=None,
        summary=report.summary,
        street=report.street,
        received_on=report.received_on,
        manifestations=report.manifestations,
    )


async def test_nearly_all_pairs_that_the_likelihood_accepts_are_found_among_all_others(
    new_api: NewApi, capsys: pytest.CaptureFixture[str]
) -> None:
    api = await new_api("intake")
    pairs = Half(HELD_OUT, 11).pairs(PAIRS)
    told_leads = [
        (told(pair.one, 2 * number + 1), told(pair.other, 2 * number + 2)) for number, pair in enumerate(pairs)
    ]
    suggested, wanted, found = 0, 0, 0
    async with api.app.state.database.transaction() as tx:
        for one in (each for pair in told_leads for each in pair):
            await leads.add(tx, one, region="999999", by=None, effective_at=NOON, at=NOON)
            await repeats.index(tx, {one.id: keys_of(marks(one), SECRET)})
        for one, other in told_leads:
            likely = {each for each, _ in (await candidates(tx, [one], secret=SECRET, subjects=SUBJECTS))[one.id]}
            suggested += len(likely)
            if score(marks(one), marks(other)).value >= THRESHOLD:
                wanted += 1
                found += other.id in likely
    with capsys.disabled():
        print(f"\n{found} of {wanted} accepted pairs found among {2 * PAIRS} leads; {suggested} suggestions in all")
    assert wanted > PAIRS / 3
    assert found / wanted >= 0.93


async def test_the_worker_takes_turns_until_nothing_is_pending_and_each_lead_is_findable_once(new_api: NewApi) -> None:
    api = await new_api("intake")
    report = Half(HELD_OUT, 12).pairs(1)[0].one
    async with api.app.state.database.transaction() as tx:
        for number in range(45):
            await leads.add(tx, told(report, number + 1), region="999999", by=None, effective_at=NOON, at=NOON)
    for _ in range(20):
        async with api.app.state.database.transaction() as tx:
            await make_searchable(tx, NOON)
            await look_at_new(tx, NOON, secret=SECRET, subjects=SUBJECTS)
    assert await api.rows("select count(*) from repeat_pending") == [(0,)]
    assert await api.rows("select count(*), count(distinct lead_id) from repeat_leads") == [(45, 45)]
    [(stored, said)] = await api.rows(
        "select (select count(*) from repeat_keys), (select sum((select count(distinct k) from unnest(keys) k)) from repeat_leads)"
    )
    assert stored == said > 0


async def test_indexing_again_leaves_no_key_of_before(new_api: NewApi) -> None:
    api = await new_api("intake")
    one = told(Half(HELD_OUT, 13).pairs(1)[0].one, 1)
    async with api.app.state.database.transaction() as tx:
        await leads.add(tx, one, region="999999", by=None, effective_at=NOON, at=NOON)
        await repeats.index(tx, {one.id: keys_of(marks(one), b"old key")})
        await repeats.index(tx, {one.id: keys_of(marks(one), b"new key")})
        asked = {uuid4(): keys_of(marks(one), b"old key"), uuid4(): keys_of(marks(one), b"new key")}
        assert list((await repeats.search(tx, asked)).values()) == [[], [one.id]]
