"""`python -m services.<name> {api|worker|migrate|ops}`: the same roles for every service, each a process of its own."""

import argparse
import asyncio
import gc
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from shared import ops, restore, telemetry, tracing
from shared.audit_export import export
from shared.db import Database
from shared.errors import NotYet, Refused
from shared.inbox import Handlers, Inbox
from shared.settings import ServerSettings, ServiceSettings

GRACE = 20
"""Seconds that running requests have on shutdown."""
FIRST_GENERATION = 10_000
"""New objects between two looks for garbage: a request makes hundreds, which go by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAction:
    """An operator's action of one service: takes a file and a reason, does it, → what is shown."""

    name: str
    about: str
    run: Callable[[Database, Path, str, datetime], Awaitable[Any]]


def run(
    service: str,
    *,
    settings: Callable[[], ServiceSettings],
    api: Callable[[], ASGIApp],
    worker: Callable[[], ASGIApp],
    handlers: Handlers,
    own: restore.Own | None = None,
    migrations: Path,
    actions: Sequence[FileAction] = (),
) -> None:
    """Read the role from the command line and play it. Ends the process with 2 when a setting is missing."""
    arguments = _parser(service, actions).parse_args()
    configured = settings()
    telemetry.configure(service=service, role=arguments.role, level=configured.log_level)
    if arguments.role == "migrate":
        # only here: what it draws in costs each other process a quarter of a second of its start
        from shared.migrations.run import upgrade

        upgrade(configured.migration_url(), migrations)
    elif arguments.role == "ops" and arguments.action == "audit-export":
        _export(arguments.file, configured, service)
    elif arguments.role == "ops":
        own_actions = {action.name: action for action in actions}
        sys.exit(asyncio.run(_operate(service, arguments, configured, handlers, own or {}, own_actions)))
    else:
        serve(api if arguments.role == "api" else worker, configured, service=service, role=arguments.role)


def serve(make: Callable[[], ASGIApp], configured: ServerSettings, *, service: str, role: str) -> None:
    """Make the app and serve it until asked to stop."""
    tracing.configure(service=service, role=role, endpoint=configured.otlp_endpoint)
    app = make()
    _settle()
    uvicorn.run(
        app,
        host=configured.host,
        port=configured.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )


def _settle() -> None:
    """What was made at the start stays till the end: the collector of garbage need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(FIRST_GENERATION)


def _parser(service: str, own: Sequence[FileAction]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("api", help="serve HTTP")
    roles.add_parser("worker", help="publish the outbox, consume topics, keep time")
    roles.add_parser("migrate", help="bring the database to the newest schema (owner role)")
    actions = roles.add_parser("ops", help="operator's actions on events").add_subparsers(dest="action", required=True)
    for name, about in (
        ("lag", "what is not published yet"),
        ("held", "what waits"),
        ("parked", "what could not be applied"),
    ):
        actions.add_parser(name, help=about)
    for name, about in (
        ("replay", "apply a parked event now"),
        ("skip", "go past an event that will never be applied"),
    ):
        action = actions.add_parser(name, help=about)
        action.add_argument("topic")
        action.add_argument("subject")
        action.add_argument("sequence", type=int)
        action.add_argument("--reason", required=True)
    audit = actions.add_parser(
        "audit-export", help="write the audit chain to a file, for python -m shared.audit_verify"
    )
    audit.add_argument("file", type=Path)
    restore = actions.add_parser("accept-restore", help="go on with a restored database")
    restore.add_argument("--reason", required=True)
    for each in own:
        action = actions.add_parser(each.name, help=each.about)
        action.add_argument("file", type=Path)
        action.add_argument("--reason", required=True)
    return parser


def _export(file: Path, configured: ServiceSettings, service: str) -> None:
    async def write() -> dict[str, int]:
        database = Database(configured.database_url.get_secret_value(), pool=2)
        try:
            return await export(database, out, service=service, region=configured.region)
        finally:
            await database.close()

    # who did what is for its reader only
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        print(json.dumps(asyncio.run(write())))


async def _operate(
    service: str,
    arguments: argparse.Namespace,
    configured: ServiceSettings,
    handlers: Handlers,
    own: restore.Own,
    actions: Mapping[str, FileAction],
) -> int:
    # the server's identity is the owner's to write, so that a service can never accept a restored database by itself
    restoring = arguments.action == "accept-restore"
    url = configured.migration_url() if restoring else configured.database_url.get_secret_value()
    database = Database(url, pool=2)
    inbox = Inbox(database, handlers, clock=lambda: datetime.now(UTC))
    here = (arguments.topic, arguments.subject, arguments.sequence) if hasattr(arguments, "topic") else ("", "", 0)
    at = datetime.now(UTC)
    try:
        shown: Any = None
        match arguments.action:
            case "lag":
                shown = await ops.lag(database)
            case "held":
                shown = await ops.list_held(database)
            case "parked":
                shown = await ops.list_parked(database)
            case "replay":
                await ops.replay(inbox, *here, reason=arguments.reason, at=at)
            case "skip":
                await ops.skip(inbox, *here, reason=arguments.reason, at=at)
            case name if name in actions:
                shown = await actions[name].run(database, arguments.file, arguments.reason, at)
            case "accept-restore":
                shown = {
                    "forgotten and learned again": await restore.accept(
                        database, configured.kafka_address(), own, service=service, reason=arguments.reason, at=at
                    )
                }
        print(
            json.dumps(
                shown if shown is not None else {"done": arguments.action}, default=str, ensure_ascii=False, indent=1
            )
        )
    except Refused as refused:
        print(refused.detail, file=sys.stderr)
        return 1
    except NotYet as need:
        print(f"not done: it needs {need.topic} {need.subject} {need.sequence} first; it stays parked", file=sys.stderr)
        return 1
    except Exception as fault:  # noqa: BLE001 - for an operator the class and the place; the text could quote the payload
        print(f"not done: {type(fault).__name__} at {telemetry.place(fault)}; nothing was changed", file=sys.stderr)
        return 1
    finally:
        await database.close()
    return 0
