"""Settings that every service has, from the environment. Secrets have no default and never show in a print."""

import base64
from typing import Annotated, Literal, Self

from pydantic import DirectoryPath, Field, Json, SecretStr, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.audit_content import AuditKey, Signer
from shared.kafka_address import KafkaAddress


class ServerSettings(BaseSettings):
    """What a process that serves HTTP over a database needs. A subclass sets ``env_prefix`` (e.g. INTAKE_) and adds its own. Raises
    pydantic's error, naming what is missing."""

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True)

    database_url: SecretStr
    """postgresql://user:password@host:port/database of the service's role (uses tables, owns none)."""
    issuer: str
    """Address of the OIDC issuer, as its tokens' `iss` has it."""
    environment: Literal["local", "production"] = "production"
    """`local` is the one-machine demonstration: only there a request may set the clock."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    region: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
    """GB/T 2260 code of the district."""
    digest_key: SecretStr
    """Base64 of 32 random bytes, for keyed hashes."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")] | None = None
    """Base address of an OpenTelemetry collector (OTLP over HTTP, protobuf); tracing is off without it."""
    database_pool: Annotated[int, Field(ge=2, le=100)] = 10

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if len(base64.b64decode(self.digest_key.get_secret_value())) < 32:
            raise ValueError("digest_key must be base64 of at least 32 bytes")
        return self

    def digest(self) -> bytes:
        """The key of keyed hashes."""
        return base64.b64decode(self.digest_key.get_secret_value())


class ServiceSettings(ServerSettings):
    """The same for a service's own processes, which also migrate, speak to Kafka and sign the audit chain."""

    migrate_url: SecretStr | None = None
    """`database_url` with the owner's role; only migrate and `ops accept-restore` need it."""
    kafka: str
    """Bootstrap servers, host:port[,host:port]."""
    kafka_security: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca: str | None = None
    audit_key: Json[AuditKey] | None = None
    """JSON object {key_id, private_key}: signs the audit chain; only the worker needs it."""
    audit_checkpoint_seconds: Annotated[float, Field(gt=0, le=60)] = 60.0
    """While there is something new in the audit chain, it is signed this often."""
    audit_anchors: DirectoryPath | None = None
    """Folder that gets a file with the chain's signed head for each day that is over (G11); for the worker. Without it there are none."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kafka_security != "PLAINTEXT" and not (self.kafka_user and self.kafka_password):
            raise ValueError("kafka_user and kafka_password are needed with SASL")
        return self

    def migration_url(self) -> str:
        """The owner's address. Raises ValueError when it is not set."""
        if self.migrate_url is None:
            raise ValueError(
                f"{self.model_config.get('env_prefix', '')}MIGRATE_URL is not set; this role needs the owner's address"
            )
        return self.migrate_url.get_secret_value()

    def audit_signer(self) -> Signer:
        """What signs the audit chain. Raises ValueError when its key is not set."""
        if self.audit_key is None:
            raise ValueError(
                f"{self.model_config.get('env_prefix', '')}AUDIT_KEY is not set; the worker signs the audit chain with it"
            )
        return Signer(self.audit_key)

    def kafka_address(self) -> KafkaAddress:
        """How to reach the brokers."""
        return KafkaAddress(
            servers=self.kafka,
            security=self.kafka_security,
            user=self.kafka_user,
            password=self.kafka_password.get_secret_value() if self.kafka_password else None,
            ca=self.kafka_ca,
        )
