"""What keeps a workflow from running: of itself, and with what else its environment has."""

from services.api.resources import ApiResources
from services.api.workflows.check_calls import call_problems
from services.api.workflows.registration import in_parts
from services.api.workflows.resolve_calls import resolve_calls
from services.api.workflows.resolve_events import resolve_events
from services.api.workflows.webhook_tokens import webhook_problems
from shared.db.actions import versions_of
from shared.db.pool import Connection
from shared.domain.actions import OURS, Versions
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Definition, Lifecycle, Workflow
from shared.matching.check import looked_over


async def examine(resources: ApiResources, workflow: Workflow) -> tuple[Definition, list[Problem]]:
    """A workflow's definition with the names of its events, and what keeps it from running.

    To be called without a connection: others may need it while what takes a while is computed.
    """
    environment_id = EnvironmentId(workflow.environment_id)
    async with resources.tenant(environment_id) as conn:
        actions = await known_actions(conn, environment_id)
    own = await _own_problems(resources, workflow, actions)
    async with resources.tenant(environment_id) as conn:
        return await _with_others(resources, conn, workflow, own)


async def draft_problems(resources: ApiResources, workflow: Workflow) -> list[Problem]:
    """What keeps a draft from running; nothing does that of one that is ready. As ``examine``."""
    if workflow.lifecycle is not Lifecycle.DRAFT:
        return []
    _, problems = await examine(resources, workflow)
    return problems


async def _own_problems(
    resources: ApiResources, workflow: Workflow, actions: Versions
) -> list[Problem]:
    """Those of the definition by itself."""
    looking = looked_over(
        workflow.definition,
        actions,
        workflow_id=WorkflowId(workflow.id),
        dialect=workflow.dialect,
    )
    environment_id = EnvironmentId(workflow.environment_id)
    return await resources.computing.run(environment_id, in_parts(looking))


async def among_others(
    resources: ApiResources,
    conn: Connection,
    workflow_id: WorkflowId,
    environment_id: EnvironmentId,
    definition: Definition,
    before: Definition | None,
) -> tuple[Definition, list[Problem]]:
    """The definition in the ids and names of its environment, and what other things there forbid.

    ``before`` is what it takes the place of: its webhooks have their tokens.
    """
    calls = await call_problems(conn, definition, environment_id, workflow_id)
    definition, events = await resolve_events(conn, definition, environment_id)
    definition = await resolve_calls(conn, definition, environment_id)
    secrets = await resources.secret_names(conn, environment_id)
    hooks = webhook_problems(definition, before, secrets)
    return definition, [*calls, *events, *hooks]


async def _with_others(
    resources: ApiResources, conn: Connection, workflow: Workflow, own: list[Problem]
) -> tuple[Definition, list[Problem]]:
    """The definition and its problems, with those that other things of the environment make."""
    id_, environment_id = WorkflowId(workflow.id), EnvironmentId(workflow.environment_id)
    kept = workflow.definition
    definition, found = await among_others(resources, conn, id_, environment_id, kept, kept)
    return definition, [*own, *found]


async def known_actions(conn: Connection, environment_id: EnvironmentId) -> Versions:
    """The actions that steps may call."""
    return {**OURS, **await versions_of(conn, environment_id)}
