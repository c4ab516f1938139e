"""Settings of intake, from the environment (prefix INTAKE_)."""

from datetime import date
from pathlib import Path

from pydantic import Json
from pydantic_settings import SettingsConfigDict

from shared.sealing import ReceiverKey
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`seal_keys`: JSON object receiver (verification, discipline, vault) → {key_id, public_key}. `holiday_notices`: a folder of
    holiday notice files (one JSON a year), which win over the library; the worker imports those that are new. `remind_from`: limits
    that began before this day are shown and not chased, for leads of years past."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", frozen=True)
    seal_keys: Json[dict[str, ReceiverKey]]
    holiday_notices: Path | None = None
    remind_from: date | None = None
