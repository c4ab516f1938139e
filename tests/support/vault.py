"""The vault's own app in this process, beside intake's on the same database, with the keys of `make run`."""

import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from deploy.local.keys import vault_environment
from services.intake import vault
from services.intake.usecases.keep_reporters import Vault
from tests.support.api import ISSUER, Api
from tests.support.postgres import Copy

VAULT = "/intake/v1/vault"
ROLE = "intake_vault"


def settings_of_vault(intake: Api, key_store: Path, *, copy: Copy | None = None, **changes: str) -> dict[str, str]:
    """The environment of the vault's process on intake's database, or on another copy of it."""
    of = copy or intake.copy
    database = of.server.dsn(of.name, ROLE)
    found = vault_environment(intake.keys, database=database, issuer=ISSUER, key_store=key_store)
    return found | {f"INTAKE_VAULT_{name}": value for name, value in changes.items()}


class VaultApi(Api):
    """The vault's app, and what stands behind it."""

    @property
    def vault(self) -> Vault:
        """What it keeps."""
        found: Vault = self.app.state.vault
        return found

    async def take_in(self) -> int:
        """As its clock does each second."""
        async with self.app.state.database.transaction() as tx:
            return await self.vault.take_in(tx)

    async def close(self) -> None:
        """Close client, pool and key store."""
        await super().close()
        self.vault.store.close()


def start_vault(intake: Api, key_store: Path, *, copy: Copy | None = None, **changes: str) -> VaultApi:
    """The vault's own app, as its container would make it from these settings."""
    with patch.dict(os.environ, settings_of_vault(intake, key_store, copy=copy, **changes)):
        return VaultApi(vault.api(), intake.keys, copy or intake.copy)


async def ask(vault: Api, path: str, body: Any, *, by: str, **headers: str) -> httpx.Response:
    """POST to the vault."""
    return await vault.post(f"{VAULT}{path}", body, by=by, **headers)
