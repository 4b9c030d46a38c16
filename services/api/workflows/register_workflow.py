"""Taking a workflow in: checked, numbered, kept, and made known to the matchers."""

from dataclasses import dataclass, field

from services.api.http.etags import check
from services.api.resources import ApiResources
from services.api.workflows.check_calls import call_problems
from services.api.workflows.examine_workflow import among_others, examine, known_actions
from services.api.workflows.keep_workflow import keep_workflow, lock_workflow
from services.api.workflows.registration import Registration, problems_in_parts
from services.api.workflows.version_content import is_the_same, version_content
from services.api.workflows.webhook_tokens import UNKNOWN_SECRET, Tokens, with_tokens
from shared.db.pool import Connection
from shared.db.workflows import (
    Latest,
    Taken,
    find_given,
    get_workflow,
    lock_changes,
)
from shared.domain.errors import Conflict, Invalid, Problem
from shared.domain.ids import EnvironmentId, WorkflowId, is_made, own_id
from shared.domain.principals import Caller
from shared.domain.workflows import Definition, Lifecycle, Workflow
from shared.matching.check import self_call_problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The workflow as it stands now; ``is_new`` when there was none.

    ``tokens`` are those of the webhooks that have just got their addresses, ``problems`` are what
    keeps a draft from running.
    """

    workflow: Workflow
    is_new: bool
    tokens: Tokens = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


async def create_workflow(
    resources: ApiResources, caller: Caller, asked: Registration
) -> Registered:
    """Register a new workflow; the same request again, under the same id, changes nothing.

    Raises Invalid, and Conflict when the environment has another workflow of that id.
    """
    workflow, problems = await _checked(resources, caller, asked)
    async with resources.tenant(caller.environment_id) as conn:
        await lock_changes(conn)
        latest = await find_given(conn, caller.environment_id, asked.workflow_id)
        if latest is None or latest.is_deleted:
            return await _write_new(resources, conn, caller, workflow, latest, problems)
        check_not_archived(latest.workflow)
        workflow = _in_place(asked, workflow, latest.workflow)
        workflow, _ = with_tokens(workflow, latest.workflow, resources.new_token)
        if not is_the_same(latest.workflow, workflow, asked.said):
            raise Conflict(
                f"Workflow {workflow.id} exists with another content; change it with PUT"
                " (native) or PATCH (Truto)."
            )
        return Registered(workflow=latest.workflow, is_new=False, problems=problems)


async def replace_workflow(
    resources: ApiResources, caller: Caller, asked: Registration
) -> Registered:
    """Give a workflow this content, in a new version if it differs; create it when absent.

    Raises Invalid, Changed, and Conflict when it is archived, or of another dialect.
    """
    workflow, problems = await _checked(resources, caller, asked)
    async with resources.tenant(caller.environment_id) as conn:
        await lock_changes(conn)
        latest = await find_given(conn, caller.environment_id, asked.workflow_id)
        if latest is None or latest.is_deleted:
            check(caller, None)
            return await _write_new(resources, conn, caller, workflow, latest, problems)
        old = latest.workflow
        check(caller, old)
        if old.dialect is not asked.dialect:
            raise Conflict(f"Workflow {old.id} is in the words of '{old.dialect}'; change it so.")
        check_not_archived(old)
        workflow = _in_place(asked, workflow, old)
        if problems and not asked.is_draft and workflow.is_active and old.is_matched:
            raise Invalid(problems)
        workflow, tokens = with_tokens(workflow, old, resources.new_token)
        is_changed = version_content(old) != version_content(workflow)
        workflow = workflow.model_copy(
            update={
                "version": old.version + 1 if is_changed else old.version,
                "created_at": old.created_at,
                "created_by": old.created_by,
            }
        )
        if not is_changed and workflow.is_active == old.is_active:
            return Registered(workflow=old, is_new=False, problems=problems)
        await _check_calls(conn, workflow)
        await keep_workflow(resources, conn, caller, "replace", old, workflow, tokens)
        return Registered(workflow=workflow, is_new=False, tokens=tokens, problems=problems)


async def activate_workflow(
    resources: ApiResources, caller: Caller, workflow_id: WorkflowId
) -> Workflow:
    """Let events start a workflow; a draft without a problem becomes ready, in a new version.

    One that is set aside is so no more. Raises NotFound, Invalid with every problem of a draft, and
    Conflict when it is archived, or changed meanwhile.
    """
    async with resources.tenant(caller.environment_id) as conn:
        seen = await get_workflow(conn, workflow_id)
    definition, problems = seen.definition, list[Problem]()
    if seen.lifecycle is Lifecycle.DRAFT:  # that takes a while: nobody is to wait for the lock
        definition, problems = await examine(resources, seen)
    async with resources.tenant(caller.environment_id) as conn:
        old = await lock_workflow(conn, caller, workflow_id)
        check_not_archived(old)
        if old.lifecycle is Lifecycle.READY:
            return await _switched(resources, conn, caller, old, is_active=True)
        if old.version != seen.version:
            raise Conflict(f"Workflow {old.id} was changed meanwhile: activate it again.")
        if problems:
            raise Invalid(problems)
        changes = {
            "lifecycle": Lifecycle.READY,
            "version": old.version + 1,
            "definition": definition,
            "is_active": True,
            "updated_at": resources.clock.now(),
        }
        changed = old.model_copy(update=changes)
        await _check_calls(conn, changed)
        await keep_workflow(resources, conn, caller, "activate", old, changed)
        return changed


async def deactivate_workflow(
    resources: ApiResources, caller: Caller, workflow_id: WorkflowId
) -> Workflow:
    """Let no event start a workflow any more. Raises NotFound."""
    async with resources.tenant(caller.environment_id) as conn:
        old = await lock_workflow(conn, caller, workflow_id)
        return await _switched(resources, conn, caller, old, is_active=False)


async def check_registration(
    resources: ApiResources,
    environment_id: EnvironmentId,
    asked: Registration,
    *,
    sees_secrets: bool,
) -> list[Problem]:
    """Everything that is wrong with what is asked for.

    Unless the caller ``sees_secrets``, each that it names is taken to be there.
    """
    _, problems = await _examined(resources, environment_id, asked)
    return [one for one in problems if sees_secrets or one.code != UNKNOWN_SECRET]


async def _examined(
    resources: ApiResources, environment_id: EnvironmentId, asked: Registration
) -> tuple[Definition, list[Problem]]:
    """As ``examine``, for what is asked for."""
    async with resources.tenant(environment_id) as conn:
        latest = await find_given(conn, environment_id, asked.workflow_id)
        old = None if latest is None or latest.is_deleted else latest.workflow
        actions = await known_actions(conn, environment_id)
    # That takes a while, and nobody waits for a connection meanwhile.
    looking = problems_in_parts(asked, actions)
    problems = await resources.computing.run(environment_id, looking)
    if asked.faults:
        return asked.definition, problems
    async with resources.tenant(environment_id) as conn:
        before = None if old is None else old.definition
        definition, found = await among_others(
            resources, conn, asked.workflow_id, environment_id, asked.definition, before
        )
        return definition, [*problems, *found]


async def _checked(
    resources: ApiResources, caller: Caller, asked: Registration
) -> tuple[Workflow, tuple[Problem, ...]]:
    definition, problems = await _examined(resources, caller.environment_id, asked)
    if asked.faults or (problems and not (asked.is_draft or asked.may_be_draft)):
        raise Invalid(problems)
    now, is_draft = resources.clock.now(), asked.is_draft or bool(problems)
    workflow = Workflow(
        id=asked.workflow_id,
        environment_id=caller.environment_id,
        version=1,
        dialect=asked.dialect,
        lifecycle=Lifecycle.DRAFT if is_draft else Lifecycle.READY,
        is_active=asked.is_active is not False,
        definition=definition,
        source=asked.source,
        created_by=caller.name,
        created_at=now,
        updated_at=now,
    )
    return workflow, tuple(problems)


def _in_place(asked: Registration, workflow: Workflow, old: Workflow) -> Workflow:
    """``workflow`` under the id of the old one, as active as that where the request is silent."""
    is_active = old.is_active if asked.is_active is None else asked.is_active
    return workflow.model_copy(update={"id": old.id, "is_active": is_active})


async def _check_calls(conn: Connection, workflow: Workflow) -> None:
    """Once more, as nobody else changes workflows now: two may each be right without the other.

    And the ids are the environment's own now: a workflow may have called itself by the one given.
    """
    if workflow.lifecycle is Lifecycle.READY:
        environment_id, id_ = EnvironmentId(workflow.environment_id), WorkflowId(workflow.id)
        problems = [
            *self_call_problems(workflow.definition, id_),
            *await call_problems(conn, workflow.definition, environment_id, id_),
        ]
        if problems:
            raise Invalid(problems)


async def _switched(
    resources: ApiResources, conn: Connection, caller: Caller, old: Workflow, *, is_active: bool
) -> Workflow:
    if old.is_active is is_active and not (is_active and old.is_quarantined):
        return old
    changes = {"is_active": is_active, "updated_at": resources.clock.now()}
    changed = old.model_copy(update=changes)
    action = "activate" if is_active else "deactivate"
    await keep_workflow(resources, conn, caller, action, old, changed)
    return changed


async def _write_new(
    resources: ApiResources,
    conn: Connection,
    caller: Caller,
    workflow: Workflow,
    ended: Latest | None,
    problems: tuple[Problem, ...],
) -> Registered:
    """Under the id that is given, if it can be, else under one of its own: see docs/adr/0009."""
    await _check_calls(conn, workflow)
    workflow, tokens = with_tokens(workflow, None, resources.new_token)
    own = {"id": own_id(caller.environment_id, WorkflowId(workflow.id))}
    if ended is not None:  # versions are for ever, so a new life goes on counting
        again = {"id": ended.workflow.id, "version": ended.workflow.version + 1}
        workflow = workflow.model_copy(update=again)
    elif is_made(workflow.id):
        workflow = workflow.model_copy(update=own)
    try:
        await keep_workflow(resources, conn, caller, "create", None, workflow, tokens)
    except Taken:
        workflow = workflow.model_copy(update=own)
        await keep_workflow(resources, conn, caller, "create", None, workflow, tokens)
    return Registered(workflow=workflow, is_new=True, tokens=tokens, problems=problems)


def check_not_archived(workflow: Workflow) -> None:
    """Raises Conflict for a workflow that is archived."""
    if workflow.lifecycle is Lifecycle.ARCHIVED:
        raise Conflict(f"Workflow {workflow.id} is archived: unarchive it first.")
