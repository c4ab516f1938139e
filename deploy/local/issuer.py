"""The local issuer of access tokens: OIDC discovery and keys over HTTP, tokens on the command line for one account a role.

Production names another issuer's address in the same setting; nothing else changes.
"""

import json
import time
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


def accounts() -> dict[str, dict[str, str]]:
    """The local accounts by name: one per role, named by its code in lower case, and a second one where the work needs two."""
    rows = json.loads(Path(__file__).with_name("accounts.json").read_text("utf-8"))
    return {row["sub"]: row for row in rows}


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


def app(keys: Keyring, issuer: str) -> Starlette:
    """Discovery and JWKS, to be mounted where `issuer` points."""
    key = keys.signing_key()

    async def discovery(_: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": issuer,
                "jwks_uri": f"{issuer}/jwks.json",
                "id_token_signing_alg_values_supported": ["ES256"],
                "response_types_supported": ["none"],
                "subject_types_supported": ["public"],
            }
        )

    async def jwks(_: Request) -> JSONResponse:
        return JSONResponse({"keys": [key.as_dict(private=False)]})

    return Starlette(routes=[Route("/.well-known/openid-configuration", discovery), Route("/jwks.json", jwks)])
