"""What an author asks to be registered, and what is wrong with it by itself."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from shared.domain.actions import Versions
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Definition, Dialect
from shared.matching.check import PROBLEMS_MAX, looked_over, parts_looked_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What an author asks to be registered; ``environment_id`` is as they name it, if they do.

    ``faults`` are those of its shape: it is refused with them and with those of the parts that
    fit, which are then its ``definition``. Any problem of the definition is refused, unless
    ``is_draft`` asks for a draft, or it ``may_be_draft``: then it is one while it has a problem,
    but does not become one while events start it. ``is_active`` None leaves it as active as it is,
    and a new one is: not every system's words can say it. ``said`` is what an author has said, of
    a ``source`` that is kept, which a release before may have kept with more.
    """

    workflow_id: WorkflowId
    environment_id: EnvironmentId | None
    dialect: Dialect
    definition: Definition
    source: Any
    is_active: bool | None = None
    is_draft: bool = False
    may_be_draft: bool = False
    faults: tuple[Problem, ...] = ()
    said: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict


def problems_within(asked: Registration, actions: Versions) -> list[Problem]:
    """What is wrong with what is asked for, whatever other workflows there are."""
    return [*asked.faults, *islice(filter(None, _looked_over(asked, actions)), PROBLEMS_MAX)]


def problems_in_parts(
    asked: Registration, actions: Versions
) -> Generator[None, None, list[Problem]]:
    """As ``problems_within``; it yields after each part that was looked at."""
    return [*asked.faults, *(yield from in_parts(_looked_over(asked, actions)))]


def in_parts(looked_over: Iterator[Problem | None]) -> Generator[None, None, list[Problem]]:
    """The problems there are (the first ``PROBLEMS_MAX``); it yields after each part."""
    found: list[Problem] = []
    for problem in looked_over:
        if problem is not None:
            found.append(problem)
        if len(found) >= PROBLEMS_MAX:
            break
        yield
    return found


def _looked_over(asked: Registration, actions: Versions) -> Iterator[Problem | None]:
    if asked.faults:
        return parts_looked_over(asked.definition, actions, asked.dialect)
    return looked_over(
        asked.definition, actions, workflow_id=asked.workflow_id, dialect=asked.dialect
    )
