"""Where the brokers are and who we are there; plain data, so that settings need no Kafka client."""

from dataclasses import dataclass
from ssl import SSLContext, create_default_context
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAddress:
    """Where the brokers are and who we are there. ``security`` is PLAINTEXT, SASL_PLAINTEXT or SASL_SSL (SCRAM-SHA-512)."""

    servers: str
    security: str = "PLAINTEXT"
    user: str | None = None
    password: str | None = None
    ca: str | None = None

    def options(self, client_id: str) -> dict[str, Any]:
        """The keyword arguments that every client shares."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "client_id": client_id,
            "security_protocol": self.security,
        }
        if self.security.startswith("SASL"):
            options |= {
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        if self.security.endswith("SSL"):
            options["ssl_context"] = self._tls()
        return options

    def _tls(self) -> SSLContext:
        return create_default_context(cafile=self.ca)
