"""Truto's words for a workflow: ``POST /workflow`` and its neighbours.

``trigger_name`` is the trigger, ``config.run_if`` the condition, ``config.steps`` run in order.
A step's ``config`` is a JSONata text or a tree with ``{{placeholders}}``. Fields that mean nothing
to Turnout are kept and given back.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.api.dialects.parsing import Places, Words
from services.api.dialects.truto.documents import TrutoWorkflowDocument
from services.api.http.documents import validate
from services.api.workflows.registration import Registration
from shared.domain.ids import EnvironmentId, WorkflowId, as_uuid
from shared.domain.schedules import Schedule, ScheduleKind
from shared.domain.steps import Step
from shared.domain.values import Lang, Name, Value
from shared.domain.workflows import Definition, Dialect, Trigger, Workflow
from shared.wire.envelope import stamp

_CRON: Final = r"^\s*[0-9A-Za-z*/,?#-]+(\s+[0-9A-Za-z*/,?#-]+){4}\s*$"


class _Open(BaseModel):
    """A strict value whose unknown fields are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


class TrutoStep(_Open):
    """One of ``config.steps``."""

    type: Literal["run"] = "run"
    action: Name
    config: str | dict[str, Any] | None = None
    run_if: str | None = None
    cron_expression: Annotated[str, Field(pattern=_CRON, max_length=256)] | None = None


class TrutoConfig(_Open):
    """How the workflow runs; empty, it does nothing."""

    run_if: str | None = None
    steps: tuple[TrutoStep, ...] = ()


class TrutoWorkflow(_Open):
    """The body of ``POST /workflow``. Without a trigger no event starts the workflow."""

    id: WorkflowId | None = None
    environment_id: EnvironmentId | None = None
    label: Name | None = None
    trigger_name: Name | None = None
    config: TrutoConfig


def parse(document: Mapping[str, Any], fallback_id: UUID) -> Registration:
    """The registration that a document asks for. Raises Invalid with every fault."""
    written = validate(TrutoWorkflow, document)
    return Registration(
        workflow_id=written.id or WorkflowId(fallback_id),
        environment_id=written.environment_id,
        dialect=Dialect.TRUTO,
        definition=_definition(written),
        source=document,
    )


def environment_named(fields: Mapping[str, Any]) -> EnvironmentId | None:
    """The environment that some fields of a document name; None: none, or not in words of ours."""
    written = fields.get("environment_id")
    parsed = as_uuid(written) if isinstance(written, str) else None
    return None if parsed is None else EnvironmentId(parsed)


def render(workflow: Workflow) -> TrutoWorkflowDocument:
    """The document as it was sent, completed."""
    sent: TrutoWorkflowDocument = workflow.source
    return {
        **sent,
        "id": str(workflow.id),
        "environment_id": str(workflow.environment_id),
        "created_at": stamp(workflow.created_at),
        "updated_at": stamp(workflow.updated_at),
    }


place: Final = Places(
    (r"^/triggers/0/event_name", "/trigger_name"),
    (r"^/steps/(\d+)/input/src", r"/config/steps/\1/config"),
    (r"^/steps/(\d+)/schedule/value", r"/config/steps/\1/cron_expression"),
    (r"^/steps", "/config/steps"),
    (r"^/run_if", "/config/run_if"),
)
"""The problem of a canonical definition, at the place in Truto's document."""


def _definition(written: TrutoWorkflow) -> Definition:
    trigger = written.trigger_name
    return Definition(
        name=written.label or trigger or "workflow",
        triggers=(Trigger(event_name=trigger),) if trigger else (),
        run_if=written.config.run_if,
        steps=tuple(_step(index, step) for index, step in enumerate(written.config.steps)),
    )


def _step(index: int, step: TrutoStep) -> Step:
    return Step(
        id=f"s{index}",
        action=step.action,
        input=_value(step.config),
        run_if=step.run_if,
        schedule=_schedule(step.cron_expression),
        # a skipped step counts as done: it does not keep the next from running
        depends_on=(f"s{index - 1}",) if index else (),
    )


def _schedule(line: str | None) -> Schedule | None:
    """A step with a cron line is done at its times (UTC), from when its turn has come."""
    return None if line is None else Schedule(kind=ScheduleKind.CRON, value=line)


def _value(config: str | dict[str, Any] | None) -> Value:
    match config:
        case None:
            return Value()
        case str():
            return Value(lang=Lang.JSONATA, src=config)
        case _:
            return Value(lang=Lang.PLACEHOLDER, src=config)


WORDS: Final = Words(dialect=Dialect.TRUTO, parse=parse, place=place)
