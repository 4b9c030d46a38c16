"""The native routes of versions: which there are, and what differs between them."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web
from pydantic import Field

from services.api.dialects import native
from services.api.dialects.read_registration import registration_of
from services.api.http.bodies import JSON, YAML, answer
from services.api.http.pages import page_by
from services.api.http.parameters import id_in_path
from services.api.http.query_strings import InEnvironment, VersionNumber, VersionsQuery
from services.api.http.route import READ, Body, Route, document_of, query_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from services.api.workflows.diff_workflow import (
    Comparison,
    compare_document,
    compare_versions,
    list_with_changes,
)
from shared.db.workflow_versions import Version
from shared.domain.differences import Difference, DifferenceKind
from shared.domain.ids import WorkflowId
from shared.domain.steps import VERSION_MAX
from shared.wire.documents.parts import Page
from shared.wire.documents.versions import (
    ChangesDocument,
    ComparisonDocument,
    DifferenceDocument,
    SummaryDocument,
    VersionDocument,
)
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid


class DiffQuery(InEnvironment):
    """Which versions to compare."""

    from_version: VersionNumber | None = Field(
        None, alias="from", description="The version before; without it the one before 'to'."
    )
    to_version: VersionNumber | None = Field(
        None, alias="to", description="The version after; without it the current one."
    )


async def list_all(request: web.Request) -> web.Response:
    """A page of a workflow's versions, the latest first, with what each changed."""
    workflow_id, query = WorkflowId(id_in_path(request)), query_of(request, VersionsQuery)
    found = await list_with_changes(
        request.app[RESOURCES],
        await environment_of(request),
        workflow_id,
        before=query.cursor or VERSION_MAX,
        limit=query.limit,
    )
    page = page_by(
        found, query.limit, lambda one: _version(*one), lambda one: str(one[0].workflow.version)
    )
    return answer(page)


async def diff(request: web.Request) -> web.Response:
    """What differs between two versions."""
    workflow_id, query = WorkflowId(id_in_path(request)), query_of(request, DiffQuery)
    asked = workflow_id, query.from_version, query.to_version
    environment_id = await environment_of(request)
    found = await compare_versions(request.app[RESOURCES], environment_id, *asked)
    return answer(_comparison(found))


async def diff_document(request: web.Request) -> web.Response:
    """What would differ if the workflow were replaced by this document; nothing is kept."""
    workflow_id = id_in_path(request)
    asked = registration_of(await document_of(request), workflow_id)
    if asked.workflow_id != workflow_id:
        raise invalid("/id", "OTHER_ID", "It differs from the id in the path; leave it out.")
    environment_id = await environment_of(request, asked.environment_id)
    return answer(
        _comparison(await compare_document(request.app[RESOURCES], environment_id, asked))
    )


def _version(version: Version, changed: Sequence[Difference] | None) -> VersionDocument:
    workflow = version.workflow
    return {
        "version": workflow.version,
        "revision": workflow.revision,
        "dialect": workflow.dialect,
        "lifecycle": workflow.lifecycle,
        "name": workflow.definition.name,
        "created_at": stamp(workflow.updated_at),
        "created_by": version.made_by,
        "changes": None if changed is None else _summary(changed),
    }


def _comparison(found: Comparison) -> ComparisonDocument:
    return {
        "workflow_id": str(found.before.id),
        "from_version": found.before.version,
        "to_version": found.to_version,
        "is_same": not found.differences,
        "summary": _summary(found.differences),
        "differences": [_difference(one) for one in found.differences],
        "running_executions": "untouched",
    }


def _difference(one: Difference) -> DifferenceDocument:
    return {
        "pointer": one.pointer,
        "kind": one.kind,
        "name": one.name,
        "before": one.before,
        "after": one.after,
    }


def _summary(found: Sequence[Difference]) -> SummaryDocument:
    others = {one.field for one in found if one.name is None or one.field not in _PARTS}
    return {
        "steps": _changes([one for one in found if one.field == "steps"]),
        "triggers": _changes([one for one in found if one.field == "triggers"]),
        "others": sorted(others),
    }


def _changes(found: Sequence[Difference]) -> ChangesDocument:
    """Each by its name, once."""
    whole = {kind: [d.name for d in found if d.is_whole and d.kind is kind] for kind in _WHOLE}
    within = dict.fromkeys(d.name for d in found if not d.is_whole)
    return {
        "added": [name for name in whole[DifferenceKind.ADDED] if name is not None],
        "removed": [name for name in whole[DifferenceKind.REMOVED] if name is not None],
        "changed": [name for name in within if name is not None],
    }


_PARTS: Final = frozenset({"steps", "triggers"})
_WHOLE: Final = (DifferenceKind.ADDED, DifferenceKind.REMOVED)

ROUTES: Final = (
    Route(
        *("GET", "/v1/workflows/{id}/versions", list_all, READ),
        query=VersionsQuery,
        answers={200: Page[VersionDocument]},
    ),
    Route(
        *("GET", "/v1/workflows/{id}/diff", diff, READ),
        query=DiffQuery,
        answers={200: ComparisonDocument},
    ),
    Route(
        *("POST", "/v1/workflows/{id}/diff", diff_document, READ),
        body=Body(model=native.WorkflowRequest, media=JSON | YAML),
        answers={200: ComparisonDocument},
    ),
)
