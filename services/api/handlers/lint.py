"""The native route of lint: what is odd about a workflow that could run."""

from collections.abc import Sequence
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from services.api.dialects import native
from services.api.dialects.read_registration import place_in, registration_of
from services.api.http.bodies import JSON, YAML, answer
from services.api.http.query_strings import InEnvironment, Whole
from services.api.http.route import READ, Body, Route, document_of, query_of
from services.api.login.auth import demand, environment_of
from services.api.resources import RESOURCES
from services.api.workflows.lint_workflow import EVENTS_MAX, lint_workflow
from services.api.workflows.registration import Registration
from shared.domain.errors import Problem
from shared.domain.principals import Scope
from shared.matching.lint import Finding
from shared.wire.documents.lint import FindingDocument, FindingsDocument


class LintQuery(InEnvironment):
    """What its conditions are held against."""

    events: Annotated[Whole, Field(ge=0, le=EVENTS_MAX)] = Field(
        0, description="Of the events that it awaits, the last so many."
    )


async def lint(request: web.Request) -> web.Response:
    """200 with everything found, at its place in the document; nothing is kept.

    What is found by past events tells of their payloads: to ask for it takes the scope 'payloads'.
    """
    resources, query = request.app[RESOURCES], query_of(request, LintQuery)
    if query.events:
        demand(request, Scope.PAYLOADS)
    asked = registration_of(await document_of(request), resources.new_id())
    environment_id = await environment_of(request, asked.environment_id)
    found = await lint_workflow(resources, environment_id, asked, query.events)
    document: FindingsDocument = {"findings": render_findings(asked, found)}
    return answer(document)


def render_findings(asked: Registration, found: Sequence[Finding]) -> list[FindingDocument]:
    """Each at its place in the document that was sent."""
    return [_document(asked, finding) for finding in found]


def _document(asked: Registration, finding: Finding) -> FindingDocument:
    found = Problem(pointer=finding.pointer, code=finding.code, detail=finding.detail)
    return {
        "severity": finding.severity,
        "pointer": place_in(asked, found).pointer,
        "code": finding.code,
        "detail": finding.detail,
        "event_key": None if finding.event_key is None else str(finding.event_key),
    }


ROUTES: Final = (
    Route(
        *("POST", "/v1/workflows/lint", lint, READ),
        query=LintQuery,
        body=Body(model=native.WorkflowRequest, media=JSON | YAML),
        answers={200: FindingsDocument},
    ),
)
