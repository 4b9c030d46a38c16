"""Workflows, as the native routes answer with them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from aiohttp import web
from yarl import URL

from services.api.dialects import native
from services.api.http.bodies import answer, answer_once
from services.api.http.etags import tagged
from services.api.resources import RESOURCES
from services.api.workflows.examine_workflow import draft_problems
from services.api.workflows.register_workflow import Registered
from services.api.workflows.webhook_tokens import Tokens
from shared.db import workflows
from shared.db.quarantine import Quarantine, list_quarantines
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId
from shared.domain.workflows import Workflow
from shared.wire.documents.lint import FindingDocument
from shared.wire.documents.workflows import QuarantineDocument, WorkflowDocument
from shared.wire.envelope import stamp, stamped

_NO_TOKENS: Final[Tokens] = MappingProxyType({})


async def answer_registered(
    request: web.Request, outcome: Registered, findings: list[FindingDocument] | None = None
) -> web.Response:
    """201 with a workflow that is new, 200 with one that was there."""
    status = 201 if outcome.is_new else 200
    workflow, tokens = outcome.workflow, outcome.tokens
    return await answer_workflow(request, workflow, tokens, findings, status=status)


async def answer_workflow(
    request: web.Request,
    workflow: Workflow,
    tokens: Tokens = _NO_TOKENS,
    findings: list[FindingDocument] | None = None,
    *,
    status: int = 200,
) -> web.Response:
    """The workflow as it stands; of a draft, what keeps it from running too."""
    resources = request.app[RESOURCES]
    async with resources.tenant(EnvironmentId(workflow.environment_id)) as conn:
        runs = await workflows.list_runs(conn, [workflow])
        quarantines = await list_quarantines(conn, [workflow])
    problems = await draft_problems(resources, workflow)
    urls = {name: str(request.url.join(URL(f"/v1/hooks/{t}"))) for name, t in tokens.items()}
    answered = answer_once if urls else answer
    quarantine = quarantines.get(workflow.id)
    document = workflow_document(
        workflow, runs[workflow.id], quarantine, problems, urls=urls, findings=findings
    )
    return tagged(request, answered(document, status=status), workflow)


def workflow_document(
    workflow: Workflow,
    runs: workflows.Runs,
    quarantine: Quarantine | None,
    problems: Sequence[Problem] = (),
    *,
    urls: Mapping[str, str] = _NO_TOKENS,
    findings: list[FindingDocument] | None = None,
) -> WorkflowDocument:
    """``urls`` are the addresses just made, which nobody is told again."""
    document: WorkflowDocument = {
        **native.render(workflow, problems),
        "last_run_at": stamped(runs.last_at),
        "next_run_at": stamped(runs.next_at),
        "webhook_url": next(iter(urls.values()), None),
        "webhook_urls": dict(urls),
        "quarantine": _set_aside(workflow, quarantine),
        "findings": findings or [],
    }
    if not urls:
        del document["webhook_urls"]
    if findings is None:
        del document["findings"]
    return document


def _set_aside(workflow: Workflow, quarantine: Quarantine | None) -> QuarantineDocument | None:
    if quarantine is None or quarantine.version != workflow.version:
        return None
    return {
        "since": stamp(quarantine.since),
        "code": quarantine.code,
        "event_key": str(quarantine.event_key),
    }
