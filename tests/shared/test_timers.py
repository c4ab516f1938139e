"""What the clocks of the services run. Tests call these use cases directly; that time calls them is shown here."""

import importlib
import os
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest

from services.discipline.usecases import follow_lead as of_discipline
from services.discipline.usecases import keep_retention
from services.verification.usecases import follow_lead as of_verification
from services.verification.usecases.keep_review_draws import keep_review_draws
from shared.contracts.topics import SERVICES
from shared.housekeeping import forget_keys, grow_outbox
from shared.worker import Timers
from tests.conftest import NewApi
from tests.support.api import settings_of

EVERYWHERE: dict[str, Any] = {"outbox.grow": grow_outbox, "idempotency.forget": forget_keys}
RUNS: dict[str, dict[str, Any]] = {
    "verification": {"boxes.destroy": of_verification.destroy_late, "review-draws.keep": keep_review_draws},
    "discipline": {
        "boxes.destroy": of_discipline.destroy_late,
        "report-boxes.destroy": keep_retention.destroy_late,
        "retention.look": keep_retention.look_at_retention,
    },
    "publicity": {},
}
"""Service → timer → what it runs."""
CALLS = {
    "challenges.forget": ("forget_spent", "forget_full"),
    "deadlines.count": ("import_notices", "count_deadlines_again"),
    "deadlines.say": ("say_deadlines",),
    "deadlines.start-missing": ("start_missing",),
    "conclusions.wait": ("wake_on_the_day",),
    "transfers.wait": ("take_back_untaken",),
    "call-backs.draw": ("draw_call_backs",),
    "daily-digest.open": ("open_digests",),
    "search.index": ("make_searchable",),
    "messages.late": ("count_late",),
    "dual-holds.release": ("release_over",),
    "report-boxes.destroy": ("destroy_late",),
    "rewards.lapse": ("lapse_rewards",),
    "retention.look": ("propose_sealing", "retire_reporters", "retire_subjects", "circle.forget_departed"),
    "subjects.keep": ("take_apart_waiting", "seal_anew"),
    "repeats.find": ("look_at_new",),
    "attachments.examine": ("examine_waiting",),
    "attachments.clean": ("clean_attachments",),
    "messages.clean": ("clean_messages",),
}
"""Intake's timers → what each calls, by its name in services/intake/clock.py."""
ANSWERS: dict[str, Any] = {"start_missing": (0, None), "seal_anew": 0, "examine_waiting": set()}


async def timers_of(new_api: NewApi, service: str) -> Timers:
    """What the service's own worker, made from its settings, is given."""
    api = await new_api(service)
    module = importlib.import_module(f"services.{service}.worker")
    with patch.dict(os.environ, settings_of(service, api.keys, api.copy)), patch.object(module, "Worker") as made:
        module.worker()
    given = made.call_args.kwargs
    await given["database"].close()
    timers: Timers = given["timers"]
    return timers


@pytest.mark.parametrize("service", sorted(RUNS))
async def test_each_use_case_that_tests_call_by_hand_is_called_by_the_clock_or_nothing_ever_would(
    new_api: NewApi, service: str
) -> None:
    assert RUNS.keys() | {"intake"} == set(SERVICES)
    found = {name: timer.run for name, timer in (await timers_of(new_api, service)).items()}
    assert found == EVERYWHERE | RUNS[service]


async def test_each_use_case_of_intake_that_tests_call_by_hand_is_called_by_the_clock_or_nothing_ever_would(
    new_api: NewApi,
) -> None:
    with ExitStack() as patches:
        called = {
            name: patches.enter_context(
                patch(f"services.intake.clock.{name}", AsyncMock(return_value=ANSWERS.get(name)))
            )
            for names in CALLS.values()
            for name in names
        }
        timers = await timers_of(new_api, "intake")
        assert timers.keys() == EVERYWHERE.keys() | CALLS.keys()
        assert {name: timers[name].run for name in EVERYWHERE} == EVERYWHERE
        for timer, names in CALLS.items():
            before = {name: mock.await_count for name, mock in called.items()}
            await timers[timer].run(AsyncMock(), datetime(2018, 6, 1, 2, tzinfo=UTC))
            assert {name for name, mock in called.items() if mock.await_count > before[name]} == set(names), timer
