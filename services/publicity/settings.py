"""Settings of publicity, from the environment (prefix PUBLICITY_)."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Nothing beyond what every service has."""

    model_config = SettingsConfigDict(env_prefix="PUBLICITY_", frozen=True)
