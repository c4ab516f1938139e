"""`make audit`: exports the audit chains of the platform that runs here and proves them, as an operator would service by service."""

import asyncio
import json
import os
from pathlib import Path
from typing import TextIO

from deploy.local import databases
from deploy.local.keys import REGION, Keyring
from shared.audit_export import export
from shared.audit_verify import verify
from shared.contracts.topics import SERVICES
from shared.db import Database


def audit(folder: Path, server: str) -> int:
    """Write the exports and the public keys to `folder`/audit, print the judgement. → 0 when all is intact, else 1.

    `server` is any address of the PostgreSQL server.
    """
    keys, target = Keyring(folder / "keys"), folder / "audit"
    target.mkdir(mode=0o700, exist_ok=True)
    (target / "keys.json").write_text(json.dumps(keys.public_audit_keys(), indent=1))
    files = [target / f"{service}.jsonl" for service in SERVICES]
    for service, file in zip(SERVICES, files, strict=True):
        address = databases.at(server, service, service, keys.secret(service))
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            asyncio.run(_export(address, service, out))
    findings, words = verify(files, target / "keys.json")
    print(f"{words}\n{target}")
    return 1 if findings else 0


async def _export(address: str, service: str, out: TextIO) -> None:
    database = Database(address, pool=2)
    try:
        await export(database, out, service=service, region=REGION)
    finally:
        await database.close()
