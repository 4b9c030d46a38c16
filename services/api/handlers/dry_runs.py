"""The native routes of dry runs: what an event would do, with nothing done."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import Field

from services.api.dialects.read_registration import placed_in, registration_of
from services.api.events.send_event import event_of, limits_of_bodies
from services.api.http.bodies import JSON, YAML, answer
from services.api.http.parameters import id_in_path
from services.api.http.placed import placed_below
from services.api.http.route import READ, Body, Route, body_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES, SETTINGS
from services.api.workflows.dry_run import DryRun, dry_run, dry_run_document
from services.api.workflows.foresee import Foreseen, ForeseenStep
from shared.db.workflows import get_workflow
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.values import Strict
from shared.wire.documents.dry_runs import (
    DryRunDocument,
    ForeseenDocument,
    ForeseenStepDocument,
)
from shared.wire.envelope import dumps
from shared.wire.strict_json import invalid

VALUE_BYTES_MAX: Final = 16_384
"""A value of more bytes of JSON is not shown."""

_AnEvent = Annotated[dict[str, Any], Field(description="In a form that POST /v1/events takes.")]
_ADocument = Annotated[dict[str, Any], Field(description="As POST /v1/workflows takes it.")]


class DryRunRequest(Strict):
    """An event, and what stands in the place of the workflow that is registered."""

    event: _AnEvent
    document: _ADocument | None = None


class DocumentDryRunRequest(Strict):
    """An event, and a workflow that need not be registered."""

    event: _AnEvent
    document: _ADocument


async def foresee_document(request: web.Request) -> web.Response:
    """What the event would do if the document were registered."""
    asked = await body_of(request, DocumentDryRunRequest)
    new_id = request.app[RESOURCES].new_id()
    return await _of_document(request, asked.document, new_id, asked.event)


async def foresee(request: web.Request) -> web.Response:
    """What the event would do to the workflow, or if the document took its place."""
    workflow_id = WorkflowId(id_in_path(request))
    asked, resources = await body_of(request, DryRunRequest), request.app[RESOURCES]
    environment_id = await environment_of(request)
    async with resources.tenant(environment_id) as conn:
        workflow = await get_workflow(conn, workflow_id)
    if asked.document is not None:
        return await _of_document(request, asked.document, workflow_id, asked.event)
    event = _event(request, environment_id, asked.event)
    done = await dry_run(resources, workflow, event)
    return answer(_document(done, event, workflow.version))


async def _of_document(
    request: web.Request, document: Mapping[str, Any], workflow_id: UUID, event: Any
) -> web.Response:
    resources = request.app[RESOURCES]
    with placed_below("/document"):
        asked = registration_of(document, workflow_id)
        if asked.workflow_id != workflow_id and "id" in request.match_info:
            raise invalid("/id", "OTHER_ID", "It differs from the id in the path; leave it out.")
    environment_id = await environment_of(request, asked.environment_id)
    read = _event(request, environment_id, event)
    with placed_below("/document"), placed_in(asked):
        done = await dry_run_document(resources, environment_id, asked, read)
    return answer(_document(done, read, None))


def _event(request: web.Request, environment_id: EnvironmentId, document: Any) -> Event:
    resources = request.app[RESOURCES]
    limits = limits_of_bodies(resources, request.app[SETTINGS])
    with placed_below("/event"):
        return event_of(resources, environment_id, dumps(document), (), limits)


def _document(done: DryRun, event: Event, version: int | None) -> DryRunDocument:
    decision = done.decision
    return {
        "event_key": str(event.key),
        "decision": {
            "workflow_version": version,
            "is_match": decision.is_match,
            "reason": decision.reason,
            "detail": decision.detail,
        },
        "execution_id": None if done.execution_id is None else str(done.execution_id),
        "steps": [_step(step) for step in done.steps],
    }


def _step(found: ForeseenStep) -> ForeseenStepDocument:
    step = found.step
    return {
        "id": step.id,
        "kind": step.kind,
        "action": step.action,
        "level": found.level,
        "after": list(found.after),
        "runs": found.runs.value,
        "reason": found.reason,
        "depends_on": list(found.depends_on),
        "tests": {
            "edges": _foreseen(found.tests.get("edges")),
            "filters": _foreseen(found.tests.get("filters")),
            "run_if": _foreseen(found.tests.get("run_if")),
        },
        "input": _known(found.input),
        "choice": _foreseen(found.choice),
        "items": _foreseen(found.items),
    }


def _foreseen(found: Foreseen | None) -> ForeseenDocument | None:
    return None if found is None else _known(found)


def _known(found: Foreseen) -> ForeseenDocument:
    is_cut = _size(found.value) > VALUE_BYTES_MAX
    error = found.error
    return {
        "state": "error" if error is not None else "needs" if found.needs else "known",
        "value": None if is_cut else found.value,
        "is_cut": is_cut,
        "needs": list(found.needs),
        "error": None if error is None else {"code": error.code, "message": error.message},
    }


def _size(value: Any) -> int:
    """In bytes of JSON; what has none is too large for any."""
    try:
        return len(orjson.dumps(value))
    except TypeError:  # too deep, beyond 64 bits, not Unicode
        return VALUE_BYTES_MAX + 1


ROUTES: Final = (
    Route(
        *("POST", "/v1/workflows/dry-run", foresee_document, READ),
        body=Body(model=DocumentDryRunRequest, media=JSON | YAML),
        answers={200: DryRunDocument},
    ),
    Route(
        *("POST", "/v1/workflows/{id}/dry-run", foresee, READ),
        body=Body(model=DryRunRequest, media=JSON | YAML),
        answers={200: DryRunDocument},
    ),
)
