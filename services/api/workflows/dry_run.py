"""What an event would do to a workflow: decided and foreseen, and nothing done."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.api.resources import ApiResources
from services.api.workflows.foresee import ForeseenStep, Foresight
from services.api.workflows.foreseen_scope import ForeseenScope
from services.api.workflows.register_workflow import Registration, examine
from shared.domain.errors import Invalid, Problem
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, ExecutionId
from shared.domain.plans import plan
from shared.domain.workflows import Lifecycle, Workflow
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver
from shared.expr.secrets import SecretMarks
from shared.matching.decisions import Decision
from shared.matching.rules import decide
from shared.matching.view import EventView

_TEMPLATES_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What the matcher decides, and the steps that would follow; none where it is no match."""

    decision: Decision
    execution_id: ExecutionId | None = None
    steps: Sequence[ForeseenStep] = ()


async def dry_run(resources: ApiResources, workflow: Workflow, event: Event) -> DryRun:
    """An event against a workflow as it stands. Raises Rejected when that takes too long."""
    return await asyncio.to_thread(_foreseen, resources, workflow, event)


async def dry_run_document(
    resources: ApiResources, environment_id: EnvironmentId, asked: Registration, event: Event
) -> DryRun:
    """An event against a workflow that is not registered so; of a draft only the decision.

    Raises Invalid with what it would be refused for, and Rejected as ``dry_run``.
    """
    workflow, problems = await examined(resources, environment_id, asked)
    if problems and not asked.is_draft:
        raise Invalid(problems)
    return await dry_run(resources, workflow, event)


async def examined(
    resources: ApiResources, environment_id: EnvironmentId, asked: Registration
) -> tuple[Workflow, list[Problem]]:
    """What is asked for as it would be registered, and what is wrong with it.

    Raises Invalid with the faults of its shape.
    """
    if asked.faults:
        raise Invalid(asked.faults)
    now = resources.clock.now()
    workflow = Workflow(
        id=asked.workflow_id,
        environment_id=environment_id,
        version=1,
        dialect=asked.dialect,
        lifecycle=Lifecycle.DRAFT if asked.is_draft else Lifecycle.READY,
        is_active=asked.is_active,
        definition=asked.definition,
        source=asked.source,
        created_at=now,
        updated_at=now,
    )
    async with resources.tenant(environment_id) as conn:
        definition, problems = await examine(resources, conn, workflow)
    return workflow.model_copy(update={"definition": definition}), problems


def _foreseen(resources: ApiResources, workflow: Workflow, event: Event) -> DryRun:
    depth_max = resources.causation_depth_max
    decision = decide(EventView(event), workflow, resources.expressions, depth_max=depth_max)
    if not decision.is_match:
        return DryRun(decision=decision)
    made = plan(workflow)
    resolver = Resolver(resources.expressions, TemplateCache(_TEMPLATES_MAX))
    marks = SecretMarks(resources.new_token())
    scope = ForeseenScope(made, event, resolver, marks, resources.clock.now())
    steps = Foresight(made, scope, resources.clock.monotonic).steps()
    return DryRun(decision=decision, execution_id=scope.id, steps=steps)
