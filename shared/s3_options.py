"""What an S3 store asks for. A module of its own: settings are read by roles that never touch the store."""

from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, FilePath, SecretStr, model_validator

Word = Annotated[str, Field(min_length=1, pattern=r"^[\x21-\x7e]+$")]


STORE = r"^(file:///|s3://).+"
"""How a store of files is named in the settings."""


class S3Options(BaseModel):
    """`endpoint`: https://host[:port] of the store; plain http:// on loopback only. `region`: as the store names it, any word when it has
    none. `access_key_id`, `secret_access_key`: may put, get, list and delete objects of this one bucket. `virtual_hosted_style_request`:
    the bucket stands in the host's name (in `endpoint`, too), not in the path. `ca`: file (PEM) of the authority that signed the store's
    certificate, beside those of the system. Raises pydantic's error on any other name."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/@?#]+/?$")]
    region: Word
    access_key_id: Word
    secret_access_key: SecretStr
    virtual_hosted_style_request: bool = False
    ca: FilePath | None = None

    @model_validator(mode="after")
    def _sealed_on_the_way(self) -> Self:
        if not self.secret_access_key.get_secret_value():
            raise ValueError("secret_access_key is empty")
        if self.plain and not _is_loopback(urlsplit(self.endpoint).hostname or ""):
            raise ValueError("endpoint must be https; plain http is for a store on loopback")
        return self

    @property
    def plain(self) -> bool:
        """Whether it is spoken to without TLS."""
        return self.endpoint.startswith("http://")


def must_be_whole(store: str | None, options: S3Options | None) -> None:
    """Raises ValueError unless a store of s3:// has its options, and no other has any."""
    if (store or "").startswith("s3:") != (options is not None):
        raise ValueError("attachment_store_options belong to an attachment_store of s3://, which cannot be without")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
