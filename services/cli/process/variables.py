"""What may be set in the environment, by the names of the variables."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from difflib import get_close_matches
from typing import Any, Final, get_args, get_origin

from pydantic import AliasChoices, BaseModel

from services.api.settings import ApiRoleSettings
from services.executor.settings import ExecutorSettings
from services.matcher.settings import MatcherSettings
from services.scheduler.settings import SchedulerSettings
from services.trigger_ingest.settings import IngestSettings
from services.webhooks.settings import WebhooksSettings
from shared.runtime.outside import SECRET

_PREFIX: Final = "TURNOUT_"

ROLES: Final = (
    *(ApiRoleSettings, IngestSettings, MatcherSettings),
    *(ExecutorSettings, SchedulerSettings, WebhooksSettings),
)
_OF_COMMANDS: Final = (
    *("TURNOUT_URL", "TURNOUT_TOKEN", "TURNOUT_ENVIRONMENT"),
    "TURNOUT_PATIENCE_S",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable that a role reads; of one that ``is_open`` parts may be set, by any names."""

    name: str
    is_open: bool


def variables() -> Iterator[Variable]:
    """Every variable that some role reads, with those within groups; some more than once."""
    for settings in ROLES:
        yield from _of(settings, _PREFIX)


def unread(names: Collection[str]) -> dict[str, str | None]:
    """The names that begin as ours do and that nothing reads, each with one that it resembles."""
    there = list(variables())
    known = {v.name for v in there} | {f"{name}_FILE" for name in SECRET} | {*_OF_COMMANDS}
    within = tuple(f"{v.name}__" for v in there if v.is_open)
    return {
        name: next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.8)), None)
        for name in sorted(names)
        # Letters of either case count, as they do where settings are read.
        if (upper := name.upper()).startswith(_PREFIX)
        and upper not in known
        and not upper.startswith(within)
    }


def unread_here() -> list[str]:
    """What is set here and not read, each in words."""
    return [
        f"{name} (did you mean {like}?)" if like else name
        for name, like in unread(os.environ.keys()).items()
    ]


def _of(model: type[BaseModel], prefix: str) -> Iterator[Variable]:
    for field, said in model.model_fields.items():
        alias = said.validation_alias
        names = alias.choices if isinstance(alias, AliasChoices) else [f"{prefix}{field.upper()}"]
        # Nobody lists the names within these.
        is_open = _is_mapping(said.annotation) or is_dataclass(said.annotation)
        yield from (Variable(name=str(name), is_open=is_open) for name in names)
        for group in _groups(said.annotation):
            yield from _of(group, f"{prefix}{field.upper()}__")


def _groups(annotation: Any) -> Iterator[type[BaseModel]]:
    """The group of settings that a field is; what a list or mapping holds is set as JSON."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation


def _is_mapping(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return True
    return any(_is_mapping(part) for part in get_args(annotation) if origin is not tuple)
