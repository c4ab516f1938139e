"""Settings of discipline, from the environment (prefix DISCIPLINE_)."""

from pydantic import Json, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`unseal_keys`: JSON object key id → base64 private key, for the boxes that intake seals for discipline; the
    newest first: discipline keeps its own letters under it."""

    model_config = SettingsConfigDict(env_prefix="DISCIPLINE_", frozen=True)
    unseal_keys: Json[dict[str, SecretStr]]
