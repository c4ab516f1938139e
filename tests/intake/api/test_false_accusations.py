"""诬告 (C8, G16): a reporter is told as with 查否 and of nothing else, no reward, the same sealing; nothing before another has agreed."""

from typing import Any

import pytest

from services.intake.domain.conclusion import UNFOUNDED
from services.intake.domain.lead_life import SEALABLE
from services.intake.domain.reward_rule import shipped
from shared.contracts import verification as said
from tests.conftest import NewApi
from tests.intake.api.test_leads import assign, classify
from tests.intake.api.test_life import do, hear, status
from tests.intake.api.test_objections import SIGNED, door, filed, read, tell
from tests.intake.api.test_retention import clock
from tests.support.reporting import status as progress

WORDS = ("诬告", "诬陷", "C8", "false accusation")


@pytest.mark.rule("G16")
async def test_a_reporter_is_told_no_more_than_with_what_was_refuted(new_api: NewApi) -> None:
    api = await door(new_api)
    told: dict[str, list[Any]] = {}
    for found in sorted(UNFOUNDED):
        code, lead = await filed(api)
        await classify(api, lead)
        await assign(api, lead)
        await hear(api, lead, said.WorkAccepted, **SIGNED)
        # an event that lacks why it waits makes it no end either
        why: dict[str, Any] = {"review_because": "random"} if found == "C3" else {}
        await hear(api, lead, said.WorkConcluded, conclusion=found, day="2018-06-19", **why)
        assert await status(api, lead) == "in_review"
        assert await api.rows("select count(*) from conclusions where lead_id = $1", lead) == [(0,)]
        waiting = (await progress(api.client, query_code=code)).json()
        await hear(api, lead, said.WorkReviewed, conclusion=found, day="2018-06-20")
        assert await status(api, lead) == "concluded"
        standing = (await progress(api.client, query_code=code)).json()
        assert not any(word in str((waiting, standing)) for word in WORDS)
        told[found] = [waiting["steps"], standing["steps"]]
        assert (await tell(api, lead, "您反映的问题经核查不属实")).status_code == 201
        letters = await read(api, query_code=code)
        assert not any(word in str(letters) for word in WORDS)
        assert (await do(api, lead, "closing", day="2018-07-25")).json()["status"] == "closed"
    assert told["C3"] == told["C8"]
    assert await clock(api, "2018-09-30") == 2, "sealed as what was refuted"
    assert UNFOUNDED < SEALABLE
    assert all(UNFOUNDED.isdisjoint(rule.conclusions) for rule in shipped().values()), "no reward"
