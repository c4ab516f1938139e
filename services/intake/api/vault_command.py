"""`python -m services.intake vault [serve | rotate]`: the vault's process, and its operator's command."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence

from services.intake.usecases.keep_reporters import Vault
from shared.command import CommandParser
from shared.db import Database
from shared.sealing import CannotOpen


def main(arguments: Sequence[str], *, serve: Callable[[], None], make: Callable[[], tuple[Database, Vault]]) -> int:
    """Play the command. → 0; 1 when something could not be wrapped for the newest key."""
    parser = CommandParser(prog="python -m services.intake vault")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve", help="serve HTTP; what it does without a command too")
    commands.add_parser("rotate", help="wrap all reporters' keys for the newest key, while the vault serves")
    if parser.parse_args(arguments).command == "rotate":
        return asyncio.run(_rotate(make))
    serve()
    return 0


async def _rotate(make: Callable[[], tuple[Database, Vault]]) -> int:
    database, vault = make()
    try:
        done = await vault.rotate(database)
        async with database.transaction() as tx:
            counts = await vault.counts(tx)
    except CannotOpen as fault:
        print(f"不能完成轮换 / not rotated: {fault}", file=sys.stderr)
        return 1
    finally:
        await database.close()
        vault.store.close()
    print(json.dumps({"wrapped_anew": done, **counts}))
    left = {*counts["kept"], *counts["waiting"]} - {vault.key_id}
    if left:
        print(f"仍有密钥未轮换 / still under older keys: {', '.join(sorted(left))}", file=sys.stderr)
    return 1 if left else 0
