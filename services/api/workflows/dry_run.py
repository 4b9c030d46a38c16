"""What an event would do to a workflow: decided and foreseen, and nothing done."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from services.api.resources import ApiResources
from services.api.workflows.examine_workflow import examine
from services.api.workflows.foresee import ForeseenStep
from services.api.workflows.foresee_execution import Seer
from services.api.workflows.registration import Registration
from shared.domain.errors import Invalid, Problem
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, ExecutionId
from shared.domain.workflows import Lifecycle, Workflow
from shared.matching.decisions import Decision
from shared.matching.rules import decide
from shared.matching.view import EventView


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What the matcher decides, and the steps that would follow; none where it is no match."""

    decision: Decision
    execution_id: ExecutionId | None = None
    steps: Sequence[ForeseenStep] = ()


async def dry_run(resources: ApiResources, workflow: Workflow, event: Event) -> DryRun:
    """An event against a workflow as it stands. Raises Rejected when that takes too long."""
    environment_id = EnvironmentId(workflow.environment_id)
    return await resources.computing.run(environment_id, _foreseen(resources, workflow, event))


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
        is_active=asked.is_active is not False,
        definition=asked.definition,
        source=asked.source,
        created_at=now,
        updated_at=now,
    )
    definition, problems = await examine(resources, workflow)
    return workflow.model_copy(update={"definition": definition}), problems


def _foreseen(
    resources: ApiResources, workflow: Workflow, event: Event
) -> Generator[None, None, DryRun]:
    depth_max = resources.causation_depth_max
    decision = decide(EventView(event), workflow, resources.expressions, depth_max=depth_max)
    if not decision.is_match:
        return DryRun(decision=decision)
    seer = Seer(
        resources.expressions,
        resources.new_token(),
        resources.clock.now(),
        resources.clock.monotonic,
    )
    yield
    execution_id, steps = yield from seer.foresee(workflow, event)
    return DryRun(decision=decision, execution_id=execution_id, steps=steps)
