"""Thena's words for a workflow: ``POST /api/v1/workflows`` and its neighbours.

``triggerEvent`` is the trigger, ``filters`` decide on the event, ``annotations`` are looked up, and
``workflowDefinition`` is done in the order of its ``dependencies``: without any, as written. What
Turnout says of a workflow (uid, version, times, …) may come back in a document and means nothing
there; every other field is kept and given back.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from services.api.dialects.parsing import Words
from services.api.dialects.thena.ids import id_of
from services.api.dialects.thena.request import (
    SAID_BY_US,
    ThenaAnnotation,
    ThenaWorkflow,
    event_named,
)
from services.api.dialects.thena.steps import step_of
from services.api.http.documents import validate
from services.api.workflows.registration import Registration
from shared.domain.errors import Problem
from shared.domain.ids import WorkflowId
from shared.domain.schedules import Schedule, ScheduleKind
from shared.domain.values import Lang, Value
from shared.domain.workflows import (
    Annotation,
    Definition,
    Dialect,
    Owner,
    RunAs,
    Trigger,
    TriggerKind,
)

CRON_EVENT: Final = "cron:custom"

_LINE_MAX: Final = 256
_ZONE_MAX: Final = 64
_TIMES: Final[Mapping[str, Schedule]] = MappingProxyType(
    {
        "schedule:daily": Schedule(kind=ScheduleKind.DAILY, value="00:00"),
        "schedule:weekly": Schedule(kind=ScheduleKind.WEEKLY, value="mon 00:00"),
    }
)
"""Events that are nobody's to send: the clock says them, in UTC."""


def parse(document: Mapping[str, Any], fallback_id: UUID) -> Registration:
    """The registration that a document asks for. Raises Invalid with every fault of its shape."""
    written = validate(ThenaWorkflow, document)
    return Registration(
        workflow_id=WorkflowId(fallback_id),
        environment_id=None,
        dialect=Dialect.THENA,
        definition=_definition(written, event_named(document.get("triggerEvent"))),
        source={name: value for name, value in document.items() if name not in SAID_BY_US},
        is_active=written.is_active,
        may_be_draft=True,
    )


def place(problem: Problem) -> Problem:
    """The problem of a canonical definition, at the place in Thena's document."""
    pointer = problem.pointer
    for pattern, written in _PLACES:
        pointer = pattern.sub(written, pointer)
    return replace(problem, pointer=pointer)


_STEP: Final = r"^(/workflowDefinition/\d+)"
_CALL: Final = r"^(/workflowDefinition/\d+(?:/compensationActivity)?)"
# What the parts of a definition are called in a document, one after another.
_PLACES: Final = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        (r"^/triggers/0/schedule/timezone$", "/metadata/timezone"),
        (r"^/triggers/0/schedule.*", "/metadata/cronExpression"),
        (r"^/triggers/0.*", "/triggerEvent"),
        (r"^(/annotations/\d+)/required_fields/([^/]*)/src", r"\1/requiredFields/\2"),
        (r"^(/annotations/\d+)/target_path", r"\1/pathToAnnotate"),
        (r"^/steps", "/workflowDefinition"),
        (rf"{_STEP}/compensation(?=/|$)", r"\1/compensationActivity"),
        (rf"{_CALL}/action_version$", r"\1/activity/version"),
        (rf"{_CALL}/action$", r"\1/activity/uniqueIdentifier"),
        (rf"{_CALL}/input/src", r"\1/input"),
        (rf"{_STEP}/sleep.*", r"\1/input"),
        (rf"{_STEP}/approval/approver/id$", r"\1/approver/uid"),
        (rf"{_STEP}/approval/timeout_s$", r"\1/approver/timeout"),
        (rf"{_STEP}/approval.*", r"\1/requireApproval"),
        (rf"{_STEP}/depends_on", r"\1/dependencies"),
        (rf"{_CALL}/retry/max_attempts$", r"\1/retryPolicy/maximumAttempts"),
        (rf"{_CALL}/timeout_s$", r"\1/executionTimeout"),
        (rf"{_STEP}/id$", r"\1/stepIdentifier"),
    )
)


def _definition(written: ThenaWorkflow, event: str | None) -> Definition:
    return Definition(
        name=written.name,
        kind=written.type,
        subkind=written.sub_type,
        scope=None if written.team_id is None else Owner(team_id=written.team_id),
        run_as=(
            None
            if written.executing_agent is None
            else RunAs(executing_agent=written.executing_agent)
        ),
        triggers=_triggers(event, written.metadata or {}),
        filters=written.filters or None,
        annotations=tuple(map(_annotation, written.annotations)),
        steps=tuple(map(step_of, written.workflow_definition)),
        metadata=written.metadata or None,
    )


def _triggers(event: str | None, metadata: Mapping[str, Any]) -> tuple[Trigger, ...]:
    if event is None:
        return ()
    schedule = _custom(metadata) if event == CRON_EVENT else _TIMES.get(event)
    if schedule is None:
        return (Trigger(event_uid=event),)
    return (Trigger(kind=TriggerKind.SCHEDULE, schedule=schedule),)


def _custom(metadata: Mapping[str, Any]) -> Schedule:
    """The cron line in a workflow's metadata, in its zone or UTC; what is none cannot run."""
    line, zone = metadata.get("cronExpression"), metadata.get("timezone", "UTC")
    return Schedule(
        kind=ScheduleKind.CRON,
        value=line if isinstance(line, str) and 0 < len(line) <= _LINE_MAX else None,
        timezone=zone if isinstance(zone, str) and 0 < len(zone) <= _ZONE_MAX else "-",
    )


def _annotation(written: ThenaAnnotation) -> Annotation:
    return Annotation(
        entity_type=written.entity_type,
        required_fields={
            name: Value(lang=Lang.THENA, src=template)
            for name, template in written.required_fields.items()
        },
        relations=tuple(written.relations),
        target_path=written.path_to_annotate,
    )


def _carried(document: Mapping[str, Any]) -> UUID | None:
    return id_of(str(document.get("uid")))


WORDS: Final = Words(dialect=Dialect.THENA, parse=parse, place=place, carried=_carried)
