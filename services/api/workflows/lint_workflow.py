"""Findings about a workflow that is not registered: what keeps it from running, and what is odd."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Final

from services.api.computing import Work
from services.api.resources import ApiResources
from services.api.workflows.dry_run import examined
from services.api.workflows.registration import Registration
from shared.db.actions import find_action
from shared.db.event_types import list_event_types
from shared.db.events import list_latest
from shared.db.pool import Connection
from shared.domain.actions import BUILT_IN
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId
from shared.domain.workflows import Definition, Workflow
from shared.matching.lint import Finding, Registered, Severity, findings
from shared.matching.lint_events import event_findings
from shared.matching.lint_observed import Observer, observers_of
from shared.matching.lint_patterns import pattern_findings
from shared.matching.lint_reads import reads_of

TYPES_MAX: Final = 1_000
"""Of more types of events, none is said to be unknown."""

IDEMPOTENT: Final = "idempotent"
"""What an action's ``metadata`` may say; false: it may not be repeated."""

FINDINGS_MAX: Final = 1_000
"""Of more, the gravest are told."""

EVENTS_MAX: Final = 1_000
"""Of the events that may start a workflow, so many are looked at, the latest first."""

WITHIN_S: Final = 4.0
_READ_AT_ONCE: Final = 50


async def lint_workflow(
    resources: ApiResources,
    environment_id: EnvironmentId,
    asked: Registration,
    events: int,
) -> list[Finding]:
    """What was found, the gravest first; with a problem, no more than the problems.

    Its conditions are held against the last ``events`` in the archive, or as many as can be looked
    at in time. The problems of a draft are warnings: it may be kept with them. Raises Invalid with
    the faults of its shape.
    """
    workflow, problems = await examined(resources, environment_id, asked)
    if problems:
        severity = Severity.WARNING if asked.is_draft else Severity.ERROR
        return [_problem(severity, problem) for problem in problems]
    async with resources.tenant(environment_id) as conn:
        registered = await _registered(conn, environment_id, workflow.definition)
    found = _Found()
    looking = found.take(_looked_over(workflow, registered))
    await resources.computing.run(environment_id, looking)
    if events:
        await _observe_all(resources, environment_id, workflow, events, found)
    return found.listed()


class _Found:
    """What was found, so many of each severity."""

    def __init__(self) -> None:
        self._by_severity: dict[Severity, list[Finding]] = {each: [] for each in Severity}

    def take(self, looked_over: Iterator[Finding | None]) -> Work[None]:
        """Keep what is found; it yields after each part."""
        for finding in looked_over:
            if finding is not None and len(self._by_severity[finding.severity]) < FINDINGS_MAX:
                self._by_severity[finding.severity].append(finding)
            yield

    def listed(self) -> list[Finding]:
        """The gravest first."""
        return [*chain(*self._by_severity.values())][:FINDINGS_MAX]


async def _observe_all(
    resources: ApiResources,
    environment_id: EnvironmentId,
    workflow: Workflow,
    count: int,
    found: _Found,
) -> None:
    """What the last ``count`` events of each type say that the workflow or a step awaits."""
    until_s = resources.clock.monotonic() + WITHIN_S

    def is_over() -> bool:
        return resources.clock.monotonic() >= until_s

    observers = partial(list[Observer], observers_of(workflow, resources.expressions))
    for observer in await resources.computing.call(environment_id, observers):
        await _observe(resources, environment_id, observer, count, is_over)
        # There may be tens of thousands: they are not looked for on the event loop.
        await resources.computing.run(environment_id, found.take(observer.findings()))


async def _observe(
    resources: ApiResources,
    environment_id: EnvironmentId,
    observer: Observer,
    count: int,
    is_over: Callable[[], bool],
) -> None:
    """Some at a time: they may be large."""
    place, names = None, observer.event_names
    while names and (wanted := min(_READ_AT_ONCE, count)) and not is_over():
        async with resources.tenant(environment_id) as conn:
            page = await list_latest(conn, environment_id, names, before=place, limit=wanted)
        await resources.computing.run(environment_id, observer.add(page.items, is_over))
        if page.after is None:
            break
        count, place = count - len(page.items), page.after


async def _registered(
    conn: Connection, environment_id: EnvironmentId, definition: Definition
) -> Registered:
    types = await list_event_types(conn, environment_id, limit=TYPES_MAX + 1)
    named = {step.action for step in definition.steps if step.action is not None} - BUILT_IN.keys()
    actions = [await find_action(conn, environment_id, name) for name in sorted(named)]
    return Registered(
        payloads={one.spec.type or one.name: one.spec.json_schema for one in types},
        has_all_types=len(types) <= TYPES_MAX,
        not_idempotent=frozenset(
            action.name
            for action in actions
            if action is not None and (action.spec.metadata or {}).get(IDEMPOTENT) is False
        ),
    )


def _looked_over(workflow: Workflow, registered: Registered) -> Iterator[Finding | None]:
    """What is found without events; None after each part that was looked at."""
    definition, dialect = workflow.definition, workflow.dialect
    reads = yield from reads_of(definition, dialect)
    yield from findings(definition, reads, registered)
    yield from event_findings(definition, dialect, reads, registered)
    yield from pattern_findings(definition)


def _problem(severity: Severity, problem: Problem) -> Finding:
    return Finding(
        severity=severity, pointer=problem.pointer, code=problem.code, detail=problem.detail
    )
