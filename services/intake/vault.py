"""The vault put together, a process of its own: nothing else has its database role, its keys and its key store."""

from collections.abc import Sequence
from functools import partial

from fastapi import FastAPI

from services.intake.api import vault_command, vault_openings, vault_shreddings, vault_state
from services.intake.api.stay_away import stay_out
from services.intake.clock import taking_in
from services.intake.db.key_store import KeyStore
from services.intake.settings import VaultSettings
from services.intake.usecases.keep_reporters import Vault
from shared import telemetry
from shared.auth import Keys
from shared.db import Database
from shared.http import create_app
from shared.process import read, serve

SERVICE = "intake"
ROUTERS = (vault_openings.router, vault_shreddings.router, vault_state.router)


def api() -> FastAPI:
    """The HTTP app."""
    settings = VaultSettings()
    database, vault = _vault(settings)
    app = create_app(
        SERVICE,
        settings=settings,
        database=database,
        keys=Keys(settings.issuer),
        routers=ROUTERS,
        part="vault",
        events=False,
        beside=partial(taking_in, database, vault),
        first=stay_out,
    )
    app.state.vault = vault
    return app


def main(arguments: Sequence[str]) -> int:
    """`python -m services.intake vault …`."""
    settings = read(VaultSettings)
    telemetry.configure(service=SERVICE, role="vault", level=settings.log_level)
    return vault_command.main(
        arguments,
        serve=lambda: serve(api, settings, service=SERVICE, role="vault"),
        make=lambda: _vault(settings),
    )


def _vault(settings: VaultSettings) -> tuple[Database, Vault]:
    url, pool = settings.database_url.get_secret_value(), settings.database_pool
    vault = Vault(settings.key_id, settings.opener(), settings.sealer(), KeyStore(settings.key_store))
    return Database(url, pool=pool, application=f"{SERVICE}-vault"), vault
