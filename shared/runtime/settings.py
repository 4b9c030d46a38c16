"""Groups of settings that more than one role has.

A role's own ``settings.py`` combines them; only those read the environment. Names are
``TURNOUT_<FIELD>``, nested with ``__``; the usual names of the neighbours (``DATABASE_URL``,
``KAFKA_BOOTSTRAP_SERVERS``, ``LOG_LEVEL``) count too.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Group(BaseModel):
    """A frozen group of settings; an unknown name in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PostgresSettings(Group):
    """How to reach Postgres."""

    dsn: SecretStr = Field(description="postgresql://user:password@host:port/database")
    pool_max: int = Field(default=8, ge=2, le=200, description="connections a process holds")
    command_timeout_s: float = Field(default=30, gt=0)


class KafkaSettings(Group):
    """How to reach Kafka; SASL and TLS as aiokafka names them."""

    bootstrap_servers: str
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    client_id: str = "turnout"
    session_timeout_s: float = Field(default=10, ge=1, le=300)
    replication_factor: int = Field(default=-1, description="of topics we create; -1: broker's")
    record_bytes_max: int = Field(default=1_100_000, ge=1_000)


class LogSettings(Group):
    """What is written to standard error, and how."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["console", "json"] = "json"
