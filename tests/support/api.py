"""One service's HTTP app in this process, on a database of its own, with tokens of a real issuer."""

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import asyncpg
import httpx
from fastapi import FastAPI

from deploy.local import issuer
from deploy.local.keys import Keyring, environment
from shared.auth import Keys
from tests.support.postgres import Copy

ISSUER = "http://issuer.test"
KAFKA = {"KAFKA": "127.0.0.1:9"}


class Api:
    """The app and doors to it: `client` speaks HTTP, `rows` looks into the database as superuser."""

    def __init__(self, app: FastAPI, keys: Keyring, copy: Copy) -> None:
        self.app, self.keys, self.copy = app, keys, copy
        verifier: Keys = app.state.keys
        verifier.transport = httpx.ASGITransport(app=issuer.app(keys, ISSUER))
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://test"
        )

    def as_(self, account: str, **headers: str) -> dict[str, str]:
        """Headers of this local account."""
        return {"Authorization": f"Bearer {issuer.token(self.keys.signing_key(), ISSUER, account)}", **headers}

    async def post(self, path: str, body: Any, *, by: str, key: str | None = None, **headers: str) -> httpx.Response:
        """POST as an account, with an Idempotency-Key if one is given."""
        more = {"Idempotency-Key": key, **headers} if key else headers
        return await self.client.post(path, json=body, headers=self.as_(by, **more))

    async def get(self, path: str, *, by: str, **headers: str) -> httpx.Response:
        """GET as an account, to handle the matter unless another purpose is given."""
        return await self.client.get(path, headers=self.as_(by, **{"Access-Purpose": "handle", **headers}))

    async def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the service's database, as superuser."""
        connection = await asyncpg.connect(self.copy.admin_url)
        try:
            return [tuple(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def close(self) -> None:
        """Close client and pool."""
        await self.client.aclose()
        await self.app.state.database.close()


def settings_of(service: str, keys: Keyring, copy: Copy, **changes: str) -> dict[str, str]:
    """The environment of a service on this database."""
    found = environment(
        service, keys, database=copy.url, owner=copy.owner_url, kafka=KAFKA, issuer=ISSUER, environment="local"
    )
    return found | {f"{service.upper()}_{name}": value for name, value in changes.items()}


def start_api(service: str, copy: Copy, folder: Path, *, settings: Mapping[str, str]) -> Api:
    """The service's own app, as its container would make it from these settings."""
    keys = Keyring(folder)
    module = importlib.import_module(f"services.{service}.app")
    with patch.dict(os.environ, settings_of(service, keys, copy, **settings)):
        return Api(module.api(), keys, copy)
