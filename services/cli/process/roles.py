"""The roles by name, each with settings of its own."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from services.api.serve import api
from services.api.settings import ApiRoleSettings
from services.cli.process.settings import explained
from services.executor.app import executor
from services.executor.settings import ExecutorSettings
from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.scheduler.app import scheduler
from services.scheduler.settings import SchedulerSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from services.webhooks.app import webhooks
from services.webhooks.settings import WebhooksSettings
from shared.assembly.platform import Platform
from shared.assembly.settings import ProcessSettings
from shared.domain.errors import Rejected
from shared.runtime.roles import Role

POOL_MIN: Final = 6
"""Of connections to Postgres, for several roles in a process: three of them keep one each."""

ROLES: Final = ("api", "trigger-ingest", "matcher", "executor", "scheduler", "webhooks")

MakeRole = Callable[[Platform], Role]

S = TypeVar("S", bound=ProcessSettings)


def read_roles(names: Collection[str], given: Mapping[str, Any]) -> dict[str, MakeRole]:
    """What makes each role, its settings read; ``given`` goes before the environment.

    Raises Invalid when a setting is wrong, Rejected when they are too few connections for all.
    """
    with explained():
        if len(names) > 1 and (pool_max := ProcessSettings(**given).pool_max) < POOL_MIN:
            raise Rejected(
                f"TURNOUT_POOL_MAX is {pool_max}, and all roles in one process need {POOL_MIN}"
                " connections or more, as three of them keep one each: raise it."
            )
        return {name: _read(name, given, is_alone=len(names) == 1) for name in names}


def _read(name: str, given: Mapping[str, Any], *, is_alone: bool) -> MakeRole:
    match name:
        case "api":
            return partial(_made, partial(api, is_alone=is_alone), ApiRoleSettings(**given))
        case "trigger-ingest":
            return partial(_made, trigger_ingest, IngestSettings(**given))
        case "matcher":
            return partial(_made, matcher, MatcherSettings(**given))
        case "executor":
            return partial(_made, executor, ExecutorSettings(**given))
        case "scheduler":
            return partial(_made, scheduler, SchedulerSettings(**given))
        case "webhooks":
            return partial(_made, webhooks, WebhooksSettings(**given))
        case _:
            raise ValueError(name)


def _made(factory: Callable[[Platform, S], Role], settings: S, platform: Platform) -> Role:
    return factory(platform, settings)
