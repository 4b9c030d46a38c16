"""Taking a workflow in: checked, numbered, kept, and made known to the matchers."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.api.http.etags import check
from services.api.resources import ApiResources
from services.api.workflows.check_calls import call_problems
from services.api.workflows.keep_workflow import keep_workflow, lock_workflow
from services.api.workflows.resolve_events import resolve_events
from services.api.workflows.webhook_tokens import Tokens, webhook_problems, with_tokens
from shared.db.actions import versions_of
from shared.db.pool import Connection
from shared.db.workflows import (
    Latest,
    find_latest,
    lock_changes,
)
from shared.domain.actions import OURS, Versions
from shared.domain.errors import Conflict, Invalid, Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.principals import Caller
from shared.domain.workflows import Definition, Dialect, Lifecycle, Workflow
from shared.matching.check import definition_problems, part_problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What an author asks to be registered; ``environment_id`` is as they name it, if they do.

    ``faults`` are those of its shape: it is refused with them and with those of the parts that
    fit, which are then its ``definition``. Any problem of the definition is refused, unless
    ``is_draft`` asks for a draft.
    """

    workflow_id: WorkflowId
    environment_id: EnvironmentId | None
    dialect: Dialect
    definition: Definition
    source: Any
    is_active: bool = True
    is_draft: bool = False
    faults: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The workflow as it stands now; ``is_new`` when there was none.

    ``tokens`` are those of the webhooks that have just got their addresses.
    """

    workflow: Workflow
    is_new: bool
    tokens: Tokens = field(default_factory=dict)


async def create_workflow(
    resources: ApiResources, caller: Caller, asked: Registration
) -> Registered:
    """Register a new workflow; the same request again, under the same id, changes nothing.

    Raises Invalid, and Conflict when the id is taken by another workflow.
    """
    workflow = await _checked(resources, caller, asked)
    async with resources.tenant(caller.environment_id) as conn:
        await lock_changes(conn)
        latest = await find_latest(conn, asked.workflow_id)
        if latest is None or latest.is_deleted:
            return await _write_new(resources, conn, caller, workflow, latest)
        check_not_archived(latest.workflow)
        workflow, _ = with_tokens(workflow, latest.workflow, resources.new_token)
        if _content(latest.workflow) != _content(workflow):
            raise Conflict(
                f"Workflow {workflow.id} exists with another content; change it with PUT"
                " (native) or PATCH (Truto)."
            )
        return Registered(workflow=latest.workflow, is_new=False)


async def replace_workflow(
    resources: ApiResources, caller: Caller, asked: Registration
) -> Registered:
    """Give a workflow this content, in a new version if it differs; create it when absent.

    Raises Invalid, Changed, and Conflict when it is archived, or of another dialect, or when
    another environment's workflow has its id.
    """
    workflow = await _checked(resources, caller, asked)
    async with resources.tenant(caller.environment_id) as conn:
        await lock_changes(conn)
        latest = await find_latest(conn, asked.workflow_id)
        if latest is None or latest.is_deleted:
            check(caller, None)
            return await _write_new(resources, conn, caller, workflow, latest)
        old = latest.workflow
        check(caller, old)
        if old.dialect is not asked.dialect:
            raise Conflict(f"Workflow {old.id} was registered as '{old.dialect}'; change it there.")
        check_not_archived(old)
        workflow, tokens = with_tokens(workflow, old, resources.new_token)
        is_changed = _version_content(old) != _version_content(workflow)
        workflow = workflow.model_copy(
            update={
                "version": old.version + 1 if is_changed else old.version,
                "created_at": old.created_at,
                "created_by": old.created_by,
            }
        )
        if not is_changed and workflow.is_active == old.is_active:
            return Registered(workflow=old, is_new=False)
        await _check_calls(conn, workflow)
        await keep_workflow(resources, conn, caller, "replace", old, workflow)
        return Registered(workflow=workflow, is_new=False, tokens=tokens)


async def activate_workflow(
    resources: ApiResources, caller: Caller, workflow_id: WorkflowId
) -> Workflow:
    """Let events start a workflow; a draft without a problem becomes ready, in a new version.

    Raises NotFound, Invalid with every problem of a draft, and Conflict when it is archived.
    """
    async with resources.tenant(caller.environment_id) as conn:
        old = await lock_workflow(conn, caller, workflow_id)
        check_not_archived(old)
        if old.lifecycle is Lifecycle.READY:
            return await _switched(resources, conn, caller, old, is_active=True)
        definition, problems = await examine(resources, conn, old)
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
    resources: ApiResources, environment_id: EnvironmentId, asked: Registration
) -> list[Problem]:
    """Everything that is wrong with what is asked for."""
    _, problems = await _examined(resources, environment_id, asked)
    return problems


def problems_within(asked: Registration, actions: Versions) -> list[Problem]:
    """What is wrong with what is asked for, whatever other workflows there are."""
    if asked.faults:
        return [*asked.faults, *part_problems(asked.definition, actions)]
    return definition_problems(asked.definition, actions, workflow_id=asked.workflow_id)


async def examine(
    resources: ApiResources, conn: Connection, workflow: Workflow
) -> tuple[Definition, list[Problem]]:
    """A workflow's definition with the names of its events, and what keeps it from running."""
    environment_id, workflow_id = EnvironmentId(workflow.environment_id), WorkflowId(workflow.id)
    actions = await known_actions(conn, environment_id)
    problems = await asyncio.to_thread(
        definition_problems, workflow.definition, actions, workflow_id=workflow_id
    )
    calls = await call_problems(conn, workflow.definition, environment_id, workflow_id)
    definition, events = await resolve_events(conn, workflow.definition, environment_id)
    secrets = await resources.secret_names(conn, environment_id)
    hooks = webhook_problems(definition, definition, secrets)
    return definition, [*problems, *calls, *events, *hooks]


async def known_actions(conn: Connection, environment_id: EnvironmentId) -> Versions:
    """The actions that steps may call."""
    return {**OURS, **await versions_of(conn, environment_id)}


async def _examined(
    resources: ApiResources, environment_id: EnvironmentId, asked: Registration
) -> tuple[Definition, list[Problem]]:
    """As ``examine``, for what is asked for."""
    async with resources.tenant(environment_id) as conn:
        latest = await find_latest(conn, asked.workflow_id)
        old = None if latest is None or latest.is_deleted else latest.workflow
        actions = await known_actions(conn, environment_id)
        # Parsing a large definition's expressions takes a while; other requests go on meanwhile.
        problems = await asyncio.to_thread(problems_within, asked, actions)
        if asked.faults:
            return asked.definition, problems
        calls = await call_problems(conn, asked.definition, environment_id, asked.workflow_id)
        definition, events = await resolve_events(conn, asked.definition, environment_id)
        secrets = await resources.secret_names(conn, environment_id)
        hooks = webhook_problems(definition, None if old is None else old.definition, secrets)
        return definition, [*problems, *calls, *events, *hooks]


async def _checked(resources: ApiResources, caller: Caller, asked: Registration) -> Workflow:
    definition, problems = await _examined(resources, caller.environment_id, asked)
    if asked.faults or (problems and not asked.is_draft):
        raise Invalid(problems)
    now = resources.clock.now()
    return Workflow(
        id=asked.workflow_id,
        environment_id=caller.environment_id,
        version=1,
        dialect=asked.dialect,
        lifecycle=Lifecycle.DRAFT if asked.is_draft else Lifecycle.READY,
        is_active=asked.is_active,
        definition=definition,
        source=asked.source,
        created_by=caller.name,
        created_at=now,
        updated_at=now,
    )


async def _check_calls(conn: Connection, workflow: Workflow) -> None:
    """Once more, as nobody else changes workflows now: two may each be right without the other."""
    if workflow.lifecycle is Lifecycle.READY:
        environment_id = EnvironmentId(workflow.environment_id)
        problems = await call_problems(
            conn, workflow.definition, environment_id, WorkflowId(workflow.id)
        )
        if problems:
            raise Invalid(problems)


async def _switched(
    resources: ApiResources, conn: Connection, caller: Caller, old: Workflow, *, is_active: bool
) -> Workflow:
    if old.is_active is is_active:
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
) -> Registered:
    await _check_calls(conn, workflow)
    if ended is not None:  # versions are for ever, so a new life goes on counting
        workflow = workflow.model_copy(update={"version": ended.workflow.version + 1})
    workflow, tokens = with_tokens(workflow, None, resources.new_token)
    await keep_workflow(resources, conn, caller, "create", None, workflow)
    return Registered(workflow=workflow, is_new=True, tokens=tokens)


def check_not_archived(workflow: Workflow) -> None:
    """Raises Conflict for a workflow that is archived."""
    if workflow.lifecycle is Lifecycle.ARCHIVED:
        raise Conflict(f"Workflow {workflow.id} is archived: unarchive it first.")


def _content(workflow: Workflow) -> object:
    return workflow.is_active, _version_content(workflow)


def _version_content(workflow: Workflow) -> object:
    """What makes a version: compared as bytes, since Python takes 1, 1.0 and true for equal."""
    content = workflow.definition.model_dump(mode="json")
    if workflow.dialect is not Dialect.NATIVE:  # its words may say more than the definition holds
        content["source"] = {k: v for k, v in workflow.source.items() if k not in _ADDRESS}
    return workflow.lifecycle, orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


_ADDRESS = frozenset({"id", "environment_id"})
