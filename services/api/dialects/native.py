"""Turnout's own words for a workflow.

A document has the fields of ``Definition`` and those of ``Envelope`` side by side. What Turnout
says of a workflow (version, times, …) may come back in a document and means nothing there.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

import orjson
from pydantic import BeforeValidator

from services.api.http.documents import render_problems, validate
from services.api.workflows.registration import Registration
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.values import Strict
from shared.domain.workflows import Definition, Dialect, Lifecycle, Workflow
from shared.wire.documents.workflows import DefinitionDocument, RegisteredDocument
from shared.wire.envelope import stamp

SAID_BY_US: Final = frozenset(
    {
        *("version", "lifecycle", "created_by", "created_at", "updated_at", "problems"),
        *("last_run_at", "next_run_at", "webhook_url", "webhook_urls", "quarantine"),
    }
)


_STAND_INS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "triggers": {"kind": "manual"},
        "annotations": {"entity_type": "w", "target_path": "w"},
        "steps": {"id": "w", "kind": "respond"},
        "edges": {"from": "w", "to": "w"},
    }
)

M = TypeVar("M", bound=Strict)


def _in_our_words(written: Any) -> str:
    return Dialect.TRANSACTIONLINK if written == Dialect.TRANSACTIONLINK else Dialect.NATIVE


class Envelope(Strict):
    """What a document says beside the definition.

    ``dialect`` says what its expressions see; that of a system with words of its own, as it stands
    in a workflow of theirs that is shown, means nothing here.
    """

    id: WorkflowId | None = None
    environment_id: EnvironmentId | None = None
    dialect: Annotated[Literal["native", "transactionlink"], BeforeValidator(_in_our_words)] = (
        "native"
    )
    is_active: bool = True
    draft: bool = False


class WorkflowRequest(Envelope, Definition):
    """A workflow that is asked for, as ``parse`` reads it; it tells of faults one by one."""


def parse(document: Mapping[str, Any], fallback_id: UUID) -> Registration:
    """The registration that a document asks for, with the faults of its shape.

    The parts that fit are there to be checked; a step, edge, trigger or annotation that does not
    has a stand-in in its place, and how the steps are joined is left for when all of them fit.
    """
    said = {k: v for k, v in document.items() if k not in SAID_BY_US}
    around = {k: v for k, v in said.items() if k in Envelope.model_fields}
    within = {k: v for k, v in said.items() if k not in Envelope.model_fields}
    envelope, outer = _read(Envelope, around)
    definition, inner = _read(Definition, within)
    envelope = envelope or Envelope()
    return Registration(
        workflow_id=envelope.id or WorkflowId(fallback_id),
        environment_id=envelope.environment_id,
        dialect=Dialect(envelope.dialect),
        definition=definition or _fitting(within, inner),
        source=document,
        is_active=envelope.is_active,
        is_draft=envelope.draft,
        faults=(*outer, *inner),
    )


def render(workflow: Workflow, problems: Sequence[Problem] = ()) -> RegisteredDocument:
    """A workflow of any dialect in native words; a draft lists its problems."""
    definition: DefinitionDocument = orjson.loads(workflow.definition.model_dump_json())
    document: RegisteredDocument = {
        "id": str(workflow.id),
        "environment_id": str(workflow.environment_id),
        "version": workflow.version,
        "dialect": workflow.dialect,
        "lifecycle": workflow.lifecycle,
        "is_active": workflow.is_active,
        "draft": workflow.lifecycle is Lifecycle.DRAFT,
        **definition,
        "created_by": workflow.created_by,
        "created_at": stamp(workflow.created_at),
        "updated_at": stamp(workflow.updated_at),
        "problems": render_problems(problems),
    }
    if workflow.lifecycle is not Lifecycle.DRAFT:
        del document["problems"]
    return document


def _read(model: type[M], document: Mapping[str, Any]) -> tuple[M | None, tuple[Problem, ...]]:
    try:
        return validate(model, document), ()
    except Invalid as error:
        return None, error.problems


def _fitting(document: Mapping[str, Any], faults: Sequence[Problem]) -> Definition:
    """The parts of ``document`` without a fault of their shape."""
    places = [fault.pointer.split("/")[1:] for fault in faults]
    parts = {
        name: _with_stand_ins(name, document[name], places)
        for name in Definition.model_fields.keys() & document.keys()
    }
    kept = {name: part for name, part in parts.items() if part is not None}
    fitting, _ = _read(Definition, {"name": "w", **kept})
    return fitting or Definition(name="w")


def _with_stand_ins(name: str, part: Any, places: Sequence[Sequence[str]]) -> Any:
    """``part``, None where it cannot be kept."""
    faulty = [place[1:] for place in places if place[0] == name]
    if not faulty:
        return part
    if name not in _STAND_INS or not all(faulty):
        return None
    broken = {int(place[0]) for place in faulty}
    return [_STAND_INS[name] if index in broken else item for index, item in enumerate(part)]
