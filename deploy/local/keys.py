"""Passwords and keys of this machine, made at the first start, each file for its owner only; and the services' environments.

The vault's private key is given to the vault's process alone: intake can seal for the vault and open nothing.
"""

import base64
import json
import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from shared.contracts.checkpoint import chain_of
from shared.contracts.topics import SERVICES

RECEIVERS = ("verification", "discipline", "vault")
REGION = "999999"


class Keyring:
    """What `folder` holds; missing parts are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._one_at_a_time = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def secret(self, name: str) -> str:
        """A random password, the same at every start."""
        return self._kept(f"{name}.secret", lambda: secrets.token_urlsafe(24))

    def digest_key(self, service: str) -> str:
        """Base64 of 32 random bytes."""
        return self._kept(f"{service}.digest", lambda: base64.b64encode(secrets.token_bytes(32)).decode())

    def box(self, receiver: str) -> dict[str, str]:
        """A receiver's key pair with its id."""
        return dict(json.loads(self._kept(f"{receiver}.box.json", lambda: _new_box(receiver))))

    def receipt_key(self) -> dict[str, str]:
        """The key that signs receipts of reports, with its id and its public half."""
        return dict(json.loads(self._kept("receipt.json", lambda: _new_signature("receipt"))))

    def audit_key(self, service: str) -> dict[str, str]:
        """The key that signs a service's audit chain, with its id and its public half."""
        return dict(json.loads(self._kept(f"{service}.audit.json", lambda: _new_signature(f"{service}-audit"))))

    def public_audit_keys(self) -> dict[str, dict[str, str]]:
        """What a verifier needs: key id → the chain it may sign, and its public half."""
        keys = {service: self.audit_key(service) for service in SERVICES}
        return {
            key["key_id"]: {"chain": chain_of(REGION, service), "public_key": key["public_key"]}
            for service, key in keys.items()
        }

    def signing_key(self) -> ECKey:
        """The local issuer's key."""
        return ECKey.import_key(json.loads(self._kept("issuer.jwk.json", _new_signing_key)))

    def exist(self) -> bool:
        """Whether the issuer's key was made: the platform was started once."""
        return (self.folder / "issuer.jwk.json").exists()

    def settings(self, service: str) -> Path:
        """Where the service's settings lie, secrets among them, for an operator's commands."""
        return self.folder / f"{service}.settings.json"

    def write(self, path: Path, text: str) -> None:
        """Write a file that only its owner reads, whole or not at all."""
        half = path.with_name(f"{path.name}.part")
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        half.rename(path)

    def _kept(self, name: str, make: Any) -> str:
        path = self.folder / name
        with self._one_at_a_time:
            if not path.exists():
                self.write(path, make())
        return path.read_text()


def _new_box(receiver: str) -> str:
    private = PrivateKey.generate()
    return json.dumps(
        {
            "key_id": f"{receiver}-{secrets.token_hex(4)}",
            "public_key": base64.b64encode(bytes(private.public_key)).decode(),
            "private_key": base64.b64encode(bytes(private)).decode(),
        }
    )


def _new_signature(purpose: str) -> str:
    private = SigningKey.generate()
    return json.dumps(
        {
            "key_id": f"{purpose}-{secrets.token_hex(4)}",
            "public_key": base64.b64encode(bytes(private.verify_key)).decode(),
            "private_key": base64.b64encode(bytes(private)).decode(),
        }
    )


def _new_signing_key() -> str:
    key = ECKey.generate_key("P-256", {"kid": f"local-{secrets.token_hex(4)}", "use": "sig", "alg": "ES256"})
    return json.dumps(key.as_dict(private=True))


API_ALONE = "INTAKE_MAILBOX_KEYS"
"""What opens letters and files of reporters: no other process gets it."""


def environment(
    service: str,
    keys: Keyring,
    *,
    database: str,
    owner: str,
    kafka: Mapping[str, str],
    issuer: str,
    environment: str = "local",
) -> dict[str, str]:
    """The settings of one service, as an operator would give them to its container."""
    settings = {
        "DATABASE_URL": database,
        "MIGRATE_URL": owner,
        **kafka,
        "ISSUER": issuer,
        "ENVIRONMENT": environment,
        "REGION": REGION,
        "DIGEST_KEY": keys.digest_key(service),
        "AUDIT_KEY": json.dumps({name: keys.audit_key(service)[name] for name in ("key_id", "private_key")}),
    }
    if service == "intake":
        public = {r: {name: keys.box(r)[name] for name in ("key_id", "public_key")} for r in RECEIVERS}
        settings["SEAL_KEYS"] = json.dumps(public)
        if environment == "local":
            # the demonstration's leads are of 2018: reminders of them would come years late
            settings["REMIND_FROM"] = "2019-01-01"
        settings["RECEIPT_KEY"] = json.dumps({name: keys.receipt_key()[name] for name in ("key_id", "private_key")})
        office = keys.box("mailbox")
        settings["MAILBOX_KEYS"] = json.dumps({office["key_id"]: office["private_key"]})
        settings["CODE_KEYS"] = json.dumps([keys.digest_key("query-codes")])
        settings["ATTACHMENT_KEYS"] = json.dumps([{"key_id": "local-1", "key": keys.digest_key("attachments")}])
        settings["SUBJECT_KEYS"] = json.dumps([{"key_id": "local-1", "key": keys.digest_key("subjects")}])
    if service in ("intake", "discipline"):
        settings["ATTACHMENT_STORE"] = f"file://{keys.folder.resolve().parent / 'attachments'}"
    if service in RECEIVERS:  # the vault is no service: its keys go to its own process
        settings["UNSEAL_KEYS"] = json.dumps({keys.box(service)["key_id"]: keys.box(service)["private_key"]})
    return {f"{service.upper()}_{name}": value for name, value in settings.items()}


def vault_environment(
    keys: Keyring, *, database: str, issuer: str, key_store: Path, environment: str = "local"
) -> dict[str, str]:
    """The settings of intake's vault, a process with a database role and keys of its own."""
    box = keys.box("vault")
    settings = {
        "DATABASE_URL": database,
        "ISSUER": issuer,
        "ENVIRONMENT": environment,
        "REGION": REGION,
        "DIGEST_KEY": keys.digest_key("vault"),
        "KEYS": json.dumps({box["key_id"]: box["private_key"]}),
        "KEY_ID": box["key_id"],
        "KEY_STORE": str(key_store),
    }
    return {f"INTAKE_VAULT_{name}": value for name, value in settings.items()}
