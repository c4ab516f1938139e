"""Keys that sign audit chains, for tests that run a service's parts by themselves."""

import base64
from hashlib import sha256

from nacl.signing import SigningKey
from pydantic import SecretStr

from shared.audit_content import AuditKey, PublicKey, Signer


def signer(service: str) -> Signer:
    """The service's signer; the key is the same in every run."""
    seed = base64.b64encode(bytes(_key(service))).decode()
    return Signer(AuditKey(key_id=f"{service}-test", private_key=SecretStr(seed)))


def public_keys(*services: str) -> dict[str, PublicKey]:
    """What a verifier is given."""
    return {
        f"{service}-test": PublicKey(
            chain=f"999999-{service}", public_key=base64.b64encode(bytes(_key(service).verify_key)).decode()
        )
        for service in services
    }


def _key(service: str) -> SigningKey:
    return SigningKey(sha256(service.encode()).digest())
