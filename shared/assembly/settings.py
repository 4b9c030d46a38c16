"""The settings that every process has; each role adds its own."""

import socket
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AliasChoices, BaseModel, Field, SecretStr

from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.runtime.environment_names import NAMED_MAX
from shared.runtime.outside import OutsideSettings
from shared.runtime.settings import KafkaSettings, LogSettings, PostgresSettings
from shared.wire.event_fields import EventLimits
from shared.wire.topics import Topics


class AdminSettings(BaseModel):
    """Where ``/healthz``, ``/readyz`` and ``/metrics`` are served; port 0: any free one."""

    host: str = "127.0.0.1"
    port: int = Field(default=9464, ge=0, le=65_535)


class ProcessSettings(OutsideSettings):
    """Read from the environment: ``TURNOUT_<FIELD>``, nested with ``__``."""

    database_url: SecretStr = Field(
        validation_alias=AliasChoices("DATABASE_URL", "TURNOUT_DATABASE_URL")
    )
    kafka_bootstrap_servers: str | None = Field(
        default=None,
        validation_alias=AliasChoices("KAFKA_BOOTSTRAP_SERVERS", "TURNOUT_KAFKA_BOOTSTRAP_SERVERS"),
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", validation_alias=AliasChoices("LOG_LEVEL", "TURNOUT_LOG_LEVEL")
    )
    log_format: Literal["console", "json"] = "json"
    pool_max: int = Field(default=8, ge=2, le=200)
    kafka: dict[str, Annotated[str, Field(coerce_numbers_to_str=True)]] = Field(
        default_factory=dict,
        description="further KafkaSettings, such as sasl_username, in capitals or not",
    )
    topic_prefix: str = Field(default="turnout", pattern=r"^[a-zA-Z0-9._-]{1,100}$")
    source_topics: tuple[str, ...] = ("turnout.events",)
    event_limits: EventLimits = Field(
        default=EventLimits(), description="of events: who publishes them here, and who reads them"
    )
    partitions: int = Field(default=8, ge=1, le=1_000, description="of topics we create")
    default_environment: UUID = DEFAULT_ENVIRONMENT
    environments_named_max: int = Field(
        default=NAMED_MAX, ge=1, le=10_000, description="that metrics tell apart"
    )
    member: str = Field(
        default_factory=socket.gethostname,
        pattern=r"^[a-zA-Z0-9._-]{1,100}$",
        description="a stable name of this process, its own among all replicas",
    )
    stop_within_s: float = Field(default=20, gt=0)
    admin: AdminSettings = AdminSettings()

    @property
    def postgres(self) -> PostgresSettings:
        """How to reach Postgres."""
        return PostgresSettings(dsn=self.database_url, pool_max=self.pool_max)

    @property
    def kafka_settings(self) -> KafkaSettings | None:
        """How to reach Kafka; None: the bus is kept in Postgres."""
        if self.kafka_bootstrap_servers is None:
            return None
        return KafkaSettings.model_validate(
            {
                **{name.lower(): value for name, value in self.kafka.items()},
                "bootstrap_servers": self.kafka_bootstrap_servers,
            }
        )

    @property
    def log(self) -> LogSettings:
        """What is logged."""
        return LogSettings(level=self.log_level, format=self.log_format)

    @property
    def topics(self) -> Topics:
        """The topics' names."""
        return Topics(prefix=self.topic_prefix, sources=self.source_topics)
