"""Settings of intake (prefix INTAKE_) and of its vault (prefix INTAKE_VAULT_), from the environment."""

import base64
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from nacl.public import PrivateKey
from pydantic import Field, Json, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from services.intake.domain.receipt import ReceiptKey
from shared.file_key import WrappingKey
from shared.s3_options import STORE, S3Options, must_be_whole
from shared.sealing import Opener, ReceiverKey, Sealer
from shared.settings import ServerSettings, ServiceSettings

if TYPE_CHECKING:
    from services.intake.usecases.attachments import Store
    from services.intake.usecases.office_keys import OfficeKeys
    from services.intake.usecases.subject_store import SubjectKeys

CodeKey = Annotated[SecretStr, Field(min_length=43)]


class Settings(ServiceSettings):
    """`seal_keys`: JSON object receiver (verification, discipline, vault) → {key_id, public_key}. `holiday_notices`: a folder of
    holiday notice files (one JSON a year), which win over the library; the worker imports those that are new. `remind_from`: limits
    that began before this day are shown and not chased, for leads of years past. `receipt_key`: JSON object {key_id, private_key} that
    signs receipts; `receipt_older_keys`: key id → public key of those that signed before. `code_keys`: JSON list of base64 keys for the
    keyed hashes of query codes, the newest first; one that is taken out makes its codes unknown. `attachment_keys`: JSON list of
    {key_id, key} (base64 of 32 bytes) that wrap the files' keys, the newest first; one that is taken out makes its files unreadable.
    `subject_keys`: the same for numbers and addresses of those who are reported; the worker seals them anew for the newest, then an older
    one may go."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", frozen=True)
    seal_keys: Json[dict[str, ReceiverKey]]
    holiday_notices: Path | None = None
    remind_from: date | None = None
    receipt_key: Json[ReceiptKey]
    receipt_older_keys: Json[dict[str, str]] = "{}"  # type: ignore[assignment] # read like any other
    code_keys: Json[Annotated[list[CodeKey], Field(min_length=1, max_length=8)]]
    mailbox_keys: Json[dict[str, SecretStr]] = "{}"  # type: ignore[assignment] # read like any other
    """Key id → private key (X25519, base64) of what reporters write and send, the newest first. For the api only."""
    challenge_bits: Annotated[int, Field(ge=1, le=28)] = 16
    """Leading zero bits while the door is quiet; about 65,000 hashes. It rises by up to 6 bits with the load."""
    challenge_seconds: Annotated[int, Field(ge=60, le=86_400)] = 1800
    public_a_minute: Annotated[int, Field(ge=1)] = 600
    """Requests that each public door takes a minute, from all together, whichever process they come to."""
    gateway_slips: Json[list[str]] = "[]"  # type: ignore[assignment] # read like any other
    """Accounts of gateways that may send query codes back to whoever sent them something; a code then lies in clear at carriers."""
    attachment_keys: Json[Annotated[list[WrappingKey], Field(min_length=1, max_length=8)]]
    subject_keys: Json[Annotated[list[WrappingKey], Field(min_length=1, max_length=8)]]
    attachment_store: Annotated[str, Field(pattern=STORE)] = "file:///var/lib/xiansuo/attachments"
    """Where sealed files lie: file:///folder that all processes share, or s3://bucket/prefix of what speaks S3."""
    attachment_store_options: Json[S3Options] | None = None
    """For s3:// only, which needs them: endpoint, region, access_key_id, secret_access_key; see `S3Options`."""
    attachment_clamd: str | None = None
    """host:port or socket path of a virus scanner (clamd); without it files are not scanned."""

    @model_validator(mode="after")
    def _store_whole(self) -> Self:
        must_be_whole(self.attachment_store, self.attachment_store_options)
        return self

    def codes(self) -> tuple[bytes, ...]:
        """The keys of query codes, the newest first."""
        return tuple(base64.b64decode(key.get_secret_value()) for key in self.code_keys)

    def subjects(self) -> "SubjectKeys":
        """The keys of the subject store."""
        from services.intake.usecases.subject_store import SubjectKeys

        return SubjectKeys(self.subject_keys)

    def office(self) -> "OfficeKeys":
        """The office's side of what it exchanges with reporters. Raises ValueError without `mailbox_keys`."""
        from services.intake.usecases.office_keys import OfficeKeys

        return OfficeKeys(self.mailbox_keys)

    def store(self, office: "OfficeKeys | None" = None) -> "Store":
        """The attachments' keys and objects; with `office` also of files that were sealed for it."""
        from services.intake.usecases.attachments import Store
        from shared.file_key import FileKeys
        from shared.objects import Objects

        return Store(
            keys=FileKeys(self.attachment_keys),
            objects=Objects(self.attachment_store, self.attachment_store_options),
            region=self.region,
            clamd=self.attachment_clamd,
            office=office,
        )


class VaultSettings(ServerSettings):
    """Of the vault's process, which has a database role and keys that no other process of intake has. `keys`: JSON object key id → private
    key (X25519, base64), all that are still needed; `key_id`: the newest, whose public half intake's doors seal with; `key_store`: the
    file of the reporters' wrapped keys, on a volume with a backup of its own."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_VAULT_", frozen=True)
    keys: Json[dict[str, SecretStr]]
    key_id: str
    key_store: Path

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.key_id not in self.keys:
            raise ValueError("key_id must be one of keys")
        return self

    def opener(self) -> Opener:
        """Opens what was sealed for any of the keys."""
        return Opener(self.keys)

    def sealer(self) -> Sealer:
        """Wraps for the newest key."""
        private = PrivateKey(base64.b64decode(self.keys[self.key_id].get_secret_value()))
        public = base64.b64encode(bytes(private.public_key)).decode()
        return Sealer({"vault": ReceiverKey(key_id=self.key_id, public_key=public)})
