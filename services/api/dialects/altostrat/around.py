"""What is told of workflows beside themselves."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from aiohttp import web
from yarl import URL

from services.api.dialects.altostrat.triggers import WEBHOOK
from services.api.dialects.altostrat.workflows import Around, place
from services.api.login.auth import PRINCIPAL
from services.api.resources import RESOURCES
from services.api.workflows.examine_workflow import draft_problems
from services.api.workflows.webhook_tokens import hash_of
from shared.db.altostrat_addresses import read_addresses
from shared.db.pool import Connection
from shared.db.workflows import list_runs
from shared.domain.errors import Problem
from shared.domain.principals import Scope
from shared.domain.workflows import TriggerKind, Workflow

PREFIX: Final = "whsec_"
"""What the tokens of addresses begin with."""


async def around(
    request: web.Request, conn: Connection, workflows: Sequence[Workflow]
) -> Mapping[UUID, Around]:
    """By their ids; without the problems of drafts.

    Addresses, which let whoever knows them start workflows, are told to authors alone.
    """
    runs = await list_runs(conn, workflows)
    hooked = [workflow.id for workflow in workflows if _hash(workflow) is not None]
    is_told = hooked and request[PRINCIPAL].may(Scope.AUTHOR)
    tokens = await read_addresses(conn, request.app[RESOURCES].ring, hooked) if is_told else {}
    return {
        workflow.id: Around(
            next_run_at=runs[workflow.id].next_at,
            webhook_url=_url(request, workflow, tokens.get(workflow.id)),
        )
        for workflow in workflows
    }


async def problems_of(request: web.Request, workflow: Workflow) -> tuple[Problem, ...]:
    """What keeps a draft from running, at the places of its document."""
    problems = await draft_problems(request.app[RESOURCES], workflow)
    return tuple(place(problem) for problem in problems)


def webhook_url(request: web.Request, token: str) -> str:
    """The address that ends with a token."""
    return str(request.url.join(URL(f"/altostrat/workflows/webhooks/{PREFIX}{token}")))


def _url(request: web.Request, workflow: Workflow, token: str | None) -> str | None:
    """None also for a token that is no longer the webhook's, or was never kept."""
    if token is None or hash_of(token) != _hash(workflow):
        return None
    return webhook_url(request, token)


def _hash(workflow: Workflow) -> str | None:
    hooks = (
        trigger.webhook
        for trigger in workflow.definition.triggers
        if trigger.kind is TriggerKind.WEBHOOK and trigger.id == WEBHOOK
    )
    hook = next(hooks, None)
    return None if hook is None else hook.token_hash
