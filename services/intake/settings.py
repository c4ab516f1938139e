"""Settings of intake, from the environment (prefix INTAKE_)."""

import base64
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, Json, SecretStr
from pydantic_settings import SettingsConfigDict

from services.intake.domain.receipt import ReceiptKey
from shared.sealing import ReceiverKey
from shared.settings import ServiceSettings

CodeKey = Annotated[SecretStr, Field(min_length=43)]


class Settings(ServiceSettings):
    """`seal_keys`: JSON object receiver (verification, discipline, vault) → {key_id, public_key}. `holiday_notices`: a folder of
    holiday notice files (one JSON a year), which win over the library; the worker imports those that are new. `remind_from`: limits
    that began before this day are shown and not chased, for leads of years past. `receipt_key`: JSON object {key_id, private_key} that
    signs receipts; `receipt_older_keys`: key id → public key of those that signed before. `code_keys`: JSON list of base64 keys for the
    keyed hashes of query codes, the newest first; one that is taken out makes its codes unknown."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", frozen=True)
    seal_keys: Json[dict[str, ReceiverKey]]
    holiday_notices: Path | None = None
    remind_from: date | None = None
    receipt_key: Json[ReceiptKey]
    receipt_older_keys: Json[dict[str, str]] = "{}"  # type: ignore[assignment] # read like any other
    code_keys: Json[Annotated[list[CodeKey], Field(min_length=1, max_length=8)]]
    challenge_bits: Annotated[int, Field(ge=1, le=28)] = 16
    """Leading zero bits while the door is quiet; about 65,000 hashes. It rises by up to 6 bits with the load."""
    challenge_seconds: Annotated[int, Field(ge=60, le=86_400)] = 1800
    public_a_minute: Annotated[int, Field(ge=1)] = 600
    """Requests that each public door of one process takes a minute, from all together."""

    def codes(self) -> tuple[bytes, ...]:
        """The keys of query codes, the newest first."""
        return tuple(base64.b64decode(key.get_secret_value()) for key in self.code_keys)
