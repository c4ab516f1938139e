"""Breaks of rules that stand beside the engine: what of a record of a day is told, what outlives a backup, what a reporter is sent once."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import uuid4

from sqlalchemy import MetaData

from services.discipline.domain.leg import Outcome
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.legal_holds import DisciplineLegalHoldReleased, DisciplineLegalHoldSet
from shared.db import Database
from shared.errors import NotAllowed
from shared.inbox import Received
from tests.faults.breaking import mutant
from tests.support.builders import DAY, DAYS, NOON, person
from tests.support.postgres import Copy

NewCopy = Callable[[str], Awaitable[Copy]]
Check = Callable[[NewCopy], Awaitable[None]]


async def _orders_outlive_a_backup(new: NewCopy) -> None:
    """What was said of two orders, of which one is over, brings both back into a table that has forgotten them."""
    holds = import_module("shared.legal_holds").LegalHolds(
        MetaData(),
        "report_holds",
        kept=("report_id", None),
        deeds=("report.set-hold", "report.release-hold"),
        says=(DisciplineLegalHoldSet, DisciplineLegalHoldReleased),
    )
    copy, one, other = await new("discipline"), uuid4(), uuid4()
    database = Database(copy.url)
    try:
        async with database.transaction() as tx:
            for kept in (one, other):
                hold = await holds.set(tx, kept, "示例函〔2018〕1号", "案件正在审理", by=person("dhd", "dhd"), at=NOON)
            await holds.release(tx, hold.id, "案件已经办结", by=person("dld", "dld"), at=NOON)
        said = await copy.server.run_async(
            "select id, type, topic, subject, sequence, convert_from(value, 'UTF8') from outbox order by position",
            database=copy.name,
        )
        await copy.server.run_async("delete from report_holds", database=copy.name)
        async with database.transaction() as tx:
            for id_, kind, topic, subject, sequence, value in said:
                event: Any = BY_TYPE[kind].model_validate(json.loads(value))
                received = Received(id_, kind, topic, subject, sequence, "999999", NOON, datetime.now(UTC))
                await holds.own[type(event)](tx, event, received)
        stand = await copy.server.run_async(
            "select report_id from report_holds where released_at is null", database=copy.name
        )
        assert [row[0] for row in stand] == [one], "an order is lost, or stands though it is over"
    finally:
        await database.close()


async def _a_result_goes_out_once(_: NewCopy) -> None:
    report = import_module("services.discipline.domain.report").Report
    one = report.arrive(uuid4(), number="x", received_on=DAY, days=DAYS).accept(on=DAY)[0]
    sent = one.end(Outcome.FORMS, on=DAY, days=DAYS)[0].send_result(1)
    try:
        sent.send_result(2)
    except NotAllowed:
        return
    raise AssertionError("a second letter tells the result")


async def _a_stamp_tells_the_day(_: NewCopy) -> None:
    """Said before midnight and published after it, or long ago."""
    stamp_of = import_module("shared.relay_records").stamp_of
    today, yesterday, before = (datetime(2018, 6, day, 16, tzinfo=UTC) for day in (3, 2, 1))
    stamps = [stamp_of(day, today) for day in (today, yesterday, before)]
    assert stamps == [day.timestamp() * 1000 for day in (today, yesterday, today)], stamps


CHECKS: tuple[Check, ...] = (_a_result_goes_out_once, _a_stamp_tells_the_day, _orders_outlive_a_backup)
_SET = "        await outbox.put(tx, self.set_event(kept=kept, hold_id=hold.id, effective_at=at), at=at)\n"
_RELEASED = (
    "        await outbox.put(tx, self.released_event(kept=hold.kept, hold_id=hold_id, effective_at=at), at=at)\n"
)
RULE_MUTANTS = (
    mutant("an order to keep is not said", "shared.legal_holds", (_SET, "")),
    mutant("the end of an order is not said", "shared.legal_holds", (_RELEASED, "")),
    mutant(
        "an order is not known again", "shared.legal_holds",
        ("        await self._add(tx, hold)\n\n    async def _relearn_released", "\n    async def _relearn_released"),
    ),
    mutant(
        "the end of an order is not known again", "shared.legal_holds",
        ("        await self._end(tx, event.hold_id, released_by=RESTORE", "        await self._end(tx, uuid4(), released_by=RESTORE"),
    ),
    mutant(
        "a second result letter is taken", "services.discipline.domain.report",
        ("        if self.result_letter is not None:\n", "        if False:\n"),
    ),
    mutant(
        "what was said before midnight bears the morning", "shared.relay_records",
        ("recorded_at if today - recorded_at == timedelta(days=1) else today", "today"),
    ),
    mutant(
        "an old record is stamped beyond its retention", "shared.relay_records",
        ("recorded_at if today - recorded_at == timedelta(days=1) else today", "recorded_at"),
    ),
)  # fmt: skip


async def catch_rule(new: NewCopy) -> str | None:
    """Which check fails, with a break in place; None when none does."""
    for check in CHECKS:
        try:
            await check(new)
        except Exception as seen:  # noqa: BLE001 - whatever it is that stops it, the break is seen
            return f"{check.__name__.strip('_').replace('_', ' ')}: {type(seen).__name__} {str(seen).splitlines()[:1]}"
    return None
