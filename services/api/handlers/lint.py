"""The native route of lint: what is odd about a workflow that could run."""

from typing import Final

from aiohttp import web

from services.api.dialects import native
from services.api.http.bodies import JSON, YAML, answer
from services.api.http.route import READ, Body, Route, document_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from services.api.workflows.lint_workflow import lint_workflow
from services.api.workflows.read_registration import registration_of
from shared.matching.lint import Finding
from shared.wire.documents.lint import FindingDocument, FindingsDocument


async def lint(request: web.Request) -> web.Response:
    """200 with everything found; nothing is kept."""
    resources = request.app[RESOURCES]
    asked = registration_of(await document_of(request), resources.new_id())
    environment_id = await environment_of(request, asked.environment_id)
    found = await lint_workflow(resources, environment_id, asked)
    document: FindingsDocument = {"findings": [_document(finding) for finding in found]}
    return answer(document)


def _document(finding: Finding) -> FindingDocument:
    return {
        "severity": finding.severity,
        "pointer": finding.pointer,
        "code": finding.code,
        "detail": finding.detail,
    }


ROUTES: Final = (
    Route(
        *("POST", "/v1/workflows/lint", lint, READ),
        body=Body(model=native.WorkflowRequest, media=JSON | YAML),
        answers={200: FindingsDocument},
    ),
)
