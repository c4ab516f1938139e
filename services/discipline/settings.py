"""Settings of discipline, from the environment (prefix DISCIPLINE_)."""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, Json, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.s3_options import STORE, S3Options, must_be_whole
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from shared.objects import Objects


class Settings(ServiceSettings):
    """`unseal_keys`: JSON object key id → base64 private key, for the boxes that intake seals for discipline; the
    newest first: discipline keeps its own letters under it."""

    model_config = SettingsConfigDict(env_prefix="DISCIPLINE_", frozen=True)
    unseal_keys: Json[dict[str, SecretStr]]
    attachment_store: Annotated[str | None, Field(pattern=STORE)] = None
    """intake's store of sealed files, of which discipline reads the folder of reports past the office; without it no file is handed out."""
    attachment_store_options: Json[S3Options] | None = None
    """For s3:// only, which needs them, with an account of discipline's own that may get objects."""

    @model_validator(mode="after")
    def _store_whole(self) -> Self:
        must_be_whole(self.attachment_store, self.attachment_store_options)
        return self

    def files(self) -> "Objects | None":
        """The store of files, if there is one."""
        from shared.objects import Objects

        return Objects(self.attachment_store, self.attachment_store_options) if self.attachment_store else None
