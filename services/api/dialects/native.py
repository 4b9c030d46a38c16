"""Turnout's own words for a workflow.

A document has the fields of ``Definition`` and those of ``Envelope`` side by side. What Turnout
says of a workflow (version, times, …) may come back in a document and means nothing there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.api.bodies import validate
from services.api.problems import render_problems
from services.api.register_workflow import Registration
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Definition, Dialect, Lifecycle, Strict, Workflow
from shared.wire.envelope import stamp

_SAID_BY_US: Final = frozenset(
    {"version", "dialect", "lifecycle", "created_at", "updated_at", "problems"}
)


class Envelope(Strict):
    """What a document says beside the definition."""

    id: WorkflowId | None = None
    environment_id: EnvironmentId | None = None
    is_active: bool = True
    draft: bool = False


def parse(document: Mapping[str, Any], fallback_id: UUID) -> Registration:
    """The registration that a document asks for. Raises Invalid with every fault."""
    said = {k: v for k, v in document.items() if k not in _SAID_BY_US}
    around = {k: v for k, v in said.items() if k in Envelope.model_fields}
    within = {k: v for k, v in said.items() if k not in Envelope.model_fields}
    envelope, definition = _both(around, within)
    return Registration(
        workflow_id=envelope.id or WorkflowId(fallback_id),
        environment_id=envelope.environment_id,
        dialect=Dialect.NATIVE,
        definition=definition,
        source=document,
        is_active=envelope.is_active,
        is_draft=envelope.draft,
    )


def render(workflow: Workflow, problems: Sequence[Problem] = ()) -> dict[str, Any]:
    """A workflow of any dialect in native words; a draft lists its problems."""
    document = {
        "id": str(workflow.id),
        "environment_id": str(workflow.environment_id),
        "version": workflow.version,
        "dialect": workflow.dialect,
        "lifecycle": workflow.lifecycle,
        "is_active": workflow.is_active,
        "draft": workflow.lifecycle is Lifecycle.DRAFT,
        **workflow.definition.model_dump(mode="json"),
        "created_at": stamp(workflow.created_at),
        "updated_at": stamp(workflow.updated_at),
    }
    if workflow.lifecycle is Lifecycle.DRAFT:
        document["problems"] = render_problems(problems)
    return document


def _both(around: dict[str, Any], within: dict[str, Any]) -> tuple[Envelope, Definition]:
    problems: list[Problem] = []
    envelope = definition = None
    try:
        envelope = validate(Envelope, around)
    except Invalid as error:
        problems += error.problems
    try:
        definition = validate(Definition, within)
    except Invalid as error:
        problems += error.problems
    if envelope is None or definition is None:
        raise Invalid(problems)
    return envelope, definition
