"""The executor's settings."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from shared.assembly.settings import ProcessSettings
from shared.domain.lengths import HISTORY_MAX
from shared.egress.settings import EgressSettings
from shared.runtime.keyring import KeyRing, RingSetting
from shared.runtime.settings import Group


class SyncJobSettings(BaseModel):
    """The service that ``run_sync_job`` asks; None: the action fails and says so."""

    url: str | None = None
    secret: SecretStr | None = Field(default=None, description="whsec_…, signs each request")


class ResolverSettings(BaseModel):
    """The service that knows the entities of a type, for annotations."""

    url: str
    secret: SecretStr | None = Field(default=None, description="whsec_…, signs each request")


class RegisteredSettings(BaseModel):
    """How registered actions are called."""

    secret: SecretStr | None = Field(default=None, description="whsec_…, signs each request")
    known_s: float = Field(default=5, gt=0, description="how old what is known of one may be")


class Concurrency(Group):
    """How many executions of an environment are in an executor's memory; others are held."""

    executions_max: int | None = Field(
        default=None, ge=1, description="None: all there is room for; a share beside others"
    )


class ConcurrencySettings(Concurrency):
    """Every environment's number, and those that differ."""

    environments: Mapping[UUID, Concurrency] = Field(default_factory=dict, description="by id")


class ExecutorSettings(ProcessSettings):
    """Read from the environment: ``TURNOUT_<FIELD>``, nested with ``__``."""

    ledgers: int = Field(default=2, ge=1, le=16, description="writers, each with a connection")
    commit_rows_max: int = Field(default=1_000, ge=1, le=10_000)
    active_max: int = Field(default=2_000, ge=1, description="executions in memory")
    concurrency: ConcurrencySettings = ConcurrencySettings()
    fetch_max: int = Field(default=1_000, ge=1)
    fetch_wait_s: float = Field(default=5.0, gt=0, le=5)
    drain_s: float = Field(default=10, gt=0, description="what steps under way have at the end")
    alarm_horizon_s: float = Field(default=30, gt=0, description="timers held in memory")
    plans_max: int = Field(default=10_000, ge=1)
    expressions_max: int = Field(default=10_000, ge=1)
    history_max: int = Field(
        default=HISTORY_MAX, ge=10, le=100_000, description="log entries of an execution"
    )
    causation_depth_max: int = Field(default=16, ge=1, description="events caused by events")
    egress: EgressSettings = EgressSettings()
    run_sync_job: SyncJobSettings = SyncJobSettings()
    registered_actions: RegisteredSettings = RegisteredSettings()
    resolvers: dict[str, ResolverSettings] = Field(
        default_factory=dict, description="by entity type"
    )
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="by name; of the default environment, for want of stored ones",
    )
    keyring: RingSetting = Field(
        default_factory=KeyRing, description="<id>:<key>,…; decrypts stored secrets"
    )
