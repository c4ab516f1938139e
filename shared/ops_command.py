"""`python -m services.<name> ops …`: the operator's actions on a service's events, its audit chain and a restored database."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared import ops, restore, telemetry
from shared.audit_export import export
from shared.command import CommandParser
from shared.db import Database
from shared.errors import NotYet, Refused
from shared.inbox import Handlers, Inbox
from shared.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAction:
    """An operator's action of one service: takes a file and a reason, does it, → what is shown."""

    name: str
    about: str
    run: Callable[[Database, Path, str, datetime], Awaitable[Any]]


def main(
    service: str,
    arguments: Sequence[str],
    configured: ServiceSettings,
    *,
    handlers: Handlers,
    own: restore.Own,
    actions: Sequence[FileAction] = (),
) -> int:
    """Do what the command line says. → 0; 1 when it was not done (the reason is printed)."""
    given = _parser(service, actions).parse_args(arguments)
    if given.action == "audit-export":
        try:
            _export(given.file, configured, service)
        except OSError as fault:
            print(f"文件无法写入 / the file cannot be written: {fault.strerror}", file=sys.stderr)
            return 1
        return 0
    own_actions = {action.name: action for action in actions}
    return asyncio.run(_operate(service, given, configured, handlers, own, own_actions))


def _parser(service: str, own: Sequence[FileAction]) -> argparse.ArgumentParser:
    parser = CommandParser(prog=f"python -m services.{service} ops")
    actions = parser.add_subparsers(dest="action", required=True)
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
        first = f"{need.topic} {need.subject} {need.sequence}"
        print(f"未执行,须先应用{first} / not done: it needs {first} first; it stays parked", file=sys.stderr)
        return 1
    except Exception as fault:  # noqa: BLE001 - for an operator the class and the place; the text could quote the payload
        what = f"{type(fault).__name__} at {telemetry.place(fault)}"
        print(f"未执行,未作任何更改 / not done, nothing was changed: {what}", file=sys.stderr)
        return 1
    finally:
        await database.close()
    return 0
