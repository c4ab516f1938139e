"""`python -m services.<name> {api|worker|migrate|ops}`: the same roles for every service, each a process of its own.

Each role draws in what it needs when it is played: imports are most of a start.
"""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError
from starlette.types import ASGIApp

from shared import telemetry
from shared.command import CommandParser
from shared.settings import ServerSettings, ServiceSettings

if TYPE_CHECKING:
    from shared.inbox import Handlers
    from shared.ops_command import FileAction
    from shared.restore import Own

Settings = TypeVar("Settings", bound=ServerSettings)
GRACE = 20
_NEEDED = "必填 / needed"
"""Seconds that running requests have on shutdown."""
FIRST_GENERATION = 10_000
"""New objects between two looks for garbage: a request makes hundreds, which go by themselves."""
Operated = tuple["Handlers", "Own", Sequence["FileAction"]]
"""What is heard, what can be learned again after a restore, and the service's own actions."""

__all__ = ["ASGIApp", "Operated", "import_fast", "read", "run", "serve"]


def run(
    service: str,
    *,
    settings: Callable[[], ServiceSettings],
    api: Callable[[], ASGIApp],
    worker: Callable[[], ASGIApp],
    operated: Callable[[], Operated],
    migrations: Path,
    more: str | None = None,
) -> None:
    """Read the role from the command line and play it. Ends the process with 2 when the line or a setting is wrong."""
    import_fast()
    parser = _parser(service, more)
    arguments, rest = parser.parse_known_args()
    if rest and arguments.role != "ops":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    configured = read(settings)
    telemetry.configure(service=service, role=arguments.role, level=configured.log_level)
    if arguments.role == "migrate":
        from shared.migrations.run import upgrade

        try:
            upgrade(configured.migration_url(), migrations)
        except (ValueError, OSError) as fault:
            # the address has a password in it; a message of the network's has not
            sys.exit(f"not migrated: {fault}")
    elif arguments.role == "ops":
        from shared import ops_command

        handlers, own, actions = operated()
        sys.exit(ops_command.main(service, arguments.action, configured, handlers=handlers, own=own, actions=actions))
    else:
        serve(api if arguments.role == "api" else worker, configured, service=service, role=arguments.role)


def read(settings: Callable[[], Settings]) -> Settings:
    """The settings. Ends the process with 2, naming each that is missing or wrong, never what it is."""
    try:
        return settings()
    except ValidationError as fault:
        prefix = getattr(settings, "model_config", {}).get("env_prefix", "")
        for error in fault.errors(include_url=False, include_context=False, include_input=False):
            name = ".".join(map(str, error["loc"])).upper()
            print(f"{prefix}{name}: {_NEEDED if error['type'] == 'missing' else error['msg']}", file=sys.stderr)
        sys.exit(2)


def import_fast() -> None:
    """Nothing that modules make is garbage: looking for it is a tenth to a quarter of a start. Who goes on for long looks again."""
    gc.disable()


def _parser(service: str, more: str | None) -> argparse.ArgumentParser:
    parser = CommandParser(prog=f"python -m services.{service}", epilog=more)
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("api", help="serve HTTP")
    roles.add_parser("worker", help="publish the outbox, consume topics, keep time")
    roles.add_parser("migrate", help="bring the database to the newest schema (owner role)")
    action = roles.add_parser("ops", help="operator's actions on events", add_help=False)
    action.add_argument("action", nargs=argparse.REMAINDER)
    return parser


BEHIND = 7
"""How much a worker steps back (`nice`): where processors are short, what somebody waits for at a door goes before what runs behind."""


def serve(make: Callable[[], ASGIApp], configured: ServerSettings, *, service: str, role: str) -> None:
    """Make the app and serve it until asked to stop."""
    import uvicorn

    from shared import tracing
    from shared.protocol import Protocol

    tracing.configure(service=service, role=role, endpoint=configured.otlp_endpoint)
    app = make()
    if role == "worker":
        os.nice(BEHIND)
    settle()
    uvicorn.run(
        app,
        http=Protocol,
        host=configured.host,
        port=configured.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # from where somebody comes is not even read (G1)
        timeout_graceful_shutdown=GRACE,
    )


def settle() -> None:
    """What was made at the start stays till the end: the collector of garbage need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(FIRST_GENERATION)
