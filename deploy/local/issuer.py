"""The local issuer of access tokens: OIDC discovery and keys over HTTP, tokens on the command line for one account a role.

Production names another issuer's address in the same setting; nothing else changes.
"""

import base64
import hmac
import json
import time
from functools import partial
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.local.keys import Keyring
from deploy.local.places import CannotRun
from shared.contracts.topics import SERVICES

HOURS = 12
MACHINE_HOURS = 1


def accounts() -> dict[str, dict[str, str]]:
    """The local accounts by name: one per role, named by its code in lower case, and a second one where the work needs two."""
    rows = json.loads(Path(__file__).with_name("accounts.json").read_text("utf-8"))
    return {row["sub"]: row for row in rows}


def people() -> set[str]:
    """The accounts of persons; the others are machines of partner agencies."""
    return {name for name, row in accounts().items() if row.get("kind") != "machine"}


def _machines() -> set[str]:
    return set(accounts()) - people()


def token(key: ECKey, issuer: str, account: str, *, hours: float = HOURS) -> str:
    """An access token for this account. Raises `CannotRun` for an unknown one."""
    known = accounts()
    if account not in known:
        names = "、".join(f"{name}({row['title']})" for name, row in known.items())
        raise CannotRun(
            f"没有账号“{account}”,如 make token AS=ofd;可用账号:{names} / no such account; there are {', '.join(known)}"
        )
    now = int(time.time())
    claims = {
        "iss": issuer,
        "sub": account,
        "aud": list(SERVICES),
        "iat": now,
        "exp": now + int(hours * 3600),
        "roles": [known[account].get("role", account)],
        "unit": known[account]["unit"],
    }
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])


def client_secret(keys: Keyring, account: str) -> str:
    """The secret of a machine account, for client credentials."""
    return keys.secret(f"client-{account}")


async def _client_credentials(keys: Keyring, issuer: str, request: Request) -> JSONResponse:
    """A token for a machine (RFC 6749 §4.4), its secret in the form or as HTTP Basic."""
    form = await request.form()
    if form.get("grant_type") != "client_credentials":
        return JSONResponse({"error": "unsupported_grant_type"}, 400)
    client, secret = str(form.get("client_id", "")), str(form.get("client_secret", ""))
    scheme, _, basic = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(basic, validate=True).decode().partition(":")
        except ValueError:
            client = ""
    if client not in _machines() or not hmac.compare_digest(secret.encode(), client_secret(keys, client).encode()):
        return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
    found = token(keys.signing_key(), issuer, client, hours=MACHINE_HOURS)
    answer = {"access_token": found, "token_type": "Bearer", "expires_in": MACHINE_HOURS * 3600}
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def app(keys: Keyring, issuer: str) -> Starlette:
    """Discovery and JWKS, to be mounted where `issuer` points."""
    key = keys.signing_key()
    for machine in _machines():
        client_secret(keys, machine)  # whoever sets a machine up finds it before the first request

    async def discovery(_: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": issuer,
                "jwks_uri": f"{issuer}/jwks.json",
                "id_token_signing_alg_values_supported": ["ES256"],
                "token_endpoint": f"{issuer}/token",
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "response_types_supported": ["none"],
                "subject_types_supported": ["public"],
            }
        )

    async def jwks(_: Request) -> JSONResponse:
        return JSONResponse({"keys": [key.as_dict(private=False)]})

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", discovery),
            Route("/jwks.json", jwks),
            Route("/token", partial(_client_credentials, keys, issuer), methods=["POST"]),
        ]
    )
