"""Taking a workflow in: checked, numbered, kept, and made known to the matchers."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from services.api.check_calls import call_problems
from services.api.resources import ApiResources
from shared.db.actions import names_of
from shared.db.pool import Connection
from shared.db.workflows import (
    Latest,
    find_latest,
    get_workflow,
    lock_changes,
    write_workflow,
)
from shared.domain.actions import BUILT_IN
from shared.domain.errors import Conflict, Invalid, Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Definition, Dialect, Lifecycle, Workflow
from shared.matching.check import definition_problems, part_problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What an author asks to be registered.

    ``faults`` are those of its shape: it is refused with them and with those of the parts that
    fit, which are then its ``definition``. ``unsupported`` names what Turnout cannot run yet: it
    makes the workflow a draft. Any other problem of the definition is refused, unless
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
    unsupported: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The workflow as it stands now; ``is_new`` when there was none."""

    workflow: Workflow
    is_new: bool


async def create_workflow(resources: ApiResources, asked: Registration) -> Registered:
    """Register a new workflow; the same request again, under the same id, changes nothing.

    Raises Invalid, and Conflict when the id is taken by another workflow.
    """
    workflow = await _checked(resources, asked)
    async with resources.transaction() as conn:
        await lock_changes(conn)
        latest = await find_latest(conn, asked.workflow_id)
        if latest is None or latest.is_deleted:
            return await _write_new(conn, workflow, latest)
        if _content(latest.workflow) != _content(workflow):
            raise Conflict(
                f"Workflow {workflow.id} exists with another content; change it with PUT"
                " (native) or PATCH (Truto)."
            )
        return Registered(workflow=latest.workflow, is_new=False)


async def replace_workflow(resources: ApiResources, asked: Registration) -> Registered:
    """Give a workflow this content, in a new version if it differs; create it when absent.

    Without an environment in the request it stays in its own. Raises Invalid, and Conflict when
    it is of another environment or dialect.
    """
    workflow = await _checked(resources, asked)
    async with resources.transaction() as conn:
        await lock_changes(conn)
        latest = await find_latest(conn, asked.workflow_id)
        if latest is None or latest.is_deleted:
            return await _write_new(conn, workflow, latest)
        old = latest.workflow
        _check_kinship(old, asked)
        is_changed = _version_content(old) != _version_content(workflow)
        workflow = workflow.model_copy(
            update={
                "environment_id": old.environment_id,
                "version": old.version + 1 if is_changed else old.version,
                "created_at": old.created_at,
            }
        )
        if not is_changed and workflow.is_active == old.is_active:
            return Registered(workflow=old, is_new=False)
        await _check_calls(conn, workflow)
        await write_workflow(conn, workflow)
        return Registered(workflow=workflow, is_new=False)


async def activate_workflow(
    resources: ApiResources,
    workflow_id: WorkflowId,
    unsupported: Callable[[Workflow], Sequence[Problem]],
) -> Workflow:
    """Let events start a workflow; a draft without a problem becomes ready, in a new version.

    ``unsupported`` says what of it Turnout cannot run yet. Raises NotFound, and Invalid with every
    problem of a draft.
    """
    async with resources.transaction() as conn:
        await lock_changes(conn)
        old = await get_workflow(conn, workflow_id)
        if old.lifecycle is Lifecycle.READY:
            return await _switched(resources, conn, old, is_active=True)
        problems = [*unsupported(old), *await problems_of(conn, old)]
        if problems:
            raise Invalid(problems)
        ready = old.model_copy(update={"lifecycle": Lifecycle.READY, "version": old.version + 1})
        return await _written(resources, conn, ready, is_active=True)


async def deactivate_workflow(resources: ApiResources, workflow_id: WorkflowId) -> Workflow:
    """Let no event start a workflow any more. Raises NotFound."""
    async with resources.transaction() as conn:
        await lock_changes(conn)
        old = await get_workflow(conn, workflow_id)
        return await _switched(resources, conn, old, is_active=False)


async def check_registration(resources: ApiResources, asked: Registration) -> list[Problem]:
    """Everything that is wrong with what is asked for."""
    async with resources.connection() as conn:
        environment_id = await _home(resources, conn, asked)
        actions = await known_actions(conn, environment_id)
        # Parsing a large definition's expressions takes a while; other requests go on meanwhile.
        problems = await asyncio.to_thread(problems_within, asked, actions)
        if asked.faults:
            return problems
        calls = await call_problems(conn, asked.definition, environment_id, asked.workflow_id)
        return problems + calls


def problems_within(asked: Registration, actions: Collection[str]) -> list[Problem]:
    """What is wrong with what is asked for, whatever other workflows there are."""
    if asked.faults:
        return [*asked.faults, *part_problems(asked.definition, actions)]
    return definition_problems(asked.definition, actions, workflow_id=asked.workflow_id)


async def problems_of(conn: Connection, workflow: Workflow) -> list[Problem]:
    """What keeps a workflow from running."""
    environment_id, workflow_id = EnvironmentId(workflow.environment_id), WorkflowId(workflow.id)
    actions = await known_actions(conn, environment_id)
    problems = await asyncio.to_thread(
        definition_problems, workflow.definition, actions, workflow_id=workflow_id
    )
    return problems + await call_problems(conn, workflow.definition, environment_id, workflow_id)


async def known_actions(conn: Connection, environment_id: EnvironmentId) -> Collection[str]:
    """The names of the actions that steps may call."""
    return frozenset(BUILT_IN) | await names_of(conn, environment_id)


async def _checked(resources: ApiResources, asked: Registration) -> Workflow:
    problems = await check_registration(resources, asked)
    if asked.faults or (problems and not asked.is_draft):
        raise Invalid(problems)
    is_draft = asked.is_draft or asked.unsupported
    now = resources.clock.now()
    return Workflow(
        id=asked.workflow_id,
        environment_id=asked.environment_id or resources.default_environment,
        version=1,
        dialect=asked.dialect,
        lifecycle=Lifecycle.DRAFT if is_draft else Lifecycle.READY,
        is_active=asked.is_active,
        definition=asked.definition,
        source=asked.source,
        created_at=now,
        updated_at=now,
    )


async def _home(resources: ApiResources, conn: Connection, asked: Registration) -> EnvironmentId:
    """The environment that the workflow is or will be in."""
    if asked.environment_id is not None:
        return asked.environment_id
    latest = await find_latest(conn, asked.workflow_id)
    if latest is None or latest.is_deleted:
        return resources.default_environment
    return EnvironmentId(latest.workflow.environment_id)


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
    resources: ApiResources, conn: Connection, workflow: Workflow, *, is_active: bool
) -> Workflow:
    if workflow.is_active is is_active:
        return workflow
    return await _written(resources, conn, workflow, is_active=is_active)


async def _written(
    resources: ApiResources, conn: Connection, workflow: Workflow, *, is_active: bool
) -> Workflow:
    now = resources.clock.now()
    changed = workflow.model_copy(update={"is_active": is_active, "updated_at": now})
    await write_workflow(conn, changed)
    return changed


async def _write_new(conn: Connection, workflow: Workflow, ended: Latest | None) -> Registered:
    await _check_calls(conn, workflow)
    if ended is not None:  # versions are for ever, so a new life goes on counting
        workflow = workflow.model_copy(update={"version": ended.workflow.version + 1})
    await write_workflow(conn, workflow)
    return Registered(workflow=workflow, is_new=True)


def _check_kinship(old: Workflow, asked: Registration) -> None:
    if old.dialect is not asked.dialect:
        raise Conflict(f"Workflow {old.id} was registered as '{old.dialect}'; change it there.")
    if asked.environment_id not in (None, old.environment_id):
        raise Conflict(f"Workflow {old.id} is in another environment, where it stays.")


def _content(workflow: Workflow) -> object:
    return workflow.environment_id, workflow.is_active, _version_content(workflow)


def _version_content(workflow: Workflow) -> object:
    """What makes a version: compared as bytes, since Python takes 1, 1.0 and true for equal."""
    content = workflow.definition.model_dump(mode="json")
    if workflow.dialect is not Dialect.NATIVE:  # its words may say more than the definition holds
        content["source"] = {k: v for k, v in workflow.source.items() if k not in _ADDRESS}
    return workflow.lifecycle, orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


_ADDRESS = frozenset({"id", "environment_id"})
