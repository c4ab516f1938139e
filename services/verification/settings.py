"""Settings of verification, from the environment (prefix VERIFICATION_)."""

from pydantic import Json, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`unseal_keys`: JSON object key id → base64 private key, for the boxes that intake seals for verification."""

    model_config = SettingsConfigDict(env_prefix="VERIFICATION_", frozen=True)
    unseal_keys: Json[dict[str, SecretStr]]
