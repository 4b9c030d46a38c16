"""Taking a workflow in: checked, numbered, kept, and made known to the matchers."""

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson

from services.api.resources import ApiResources
from shared.db.pool import Connection
from shared.db.workflows import Latest, find_latest, lock_changes, write_workflow
from shared.domain.actions import BUILT_IN
from shared.domain.errors import Conflict, Invalid, Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Definition, Dialect, Lifecycle, Workflow
from shared.matching.check import definition_problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What an author asks to be registered.

    ``unsupported`` names what Turnout cannot run yet: it makes the workflow a draft. Any other
    problem of the definition is refused, unless ``is_draft`` asks for a draft.
    """

    workflow_id: WorkflowId
    environment_id: EnvironmentId | None
    dialect: Dialect
    definition: Definition
    source: Any
    is_active: bool = True
    is_draft: bool = False
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
        await write_workflow(conn, workflow)
        return Registered(workflow=workflow, is_new=False)


async def problems_of(definition: Definition) -> list[Problem]:
    """What keeps a definition from running."""
    # Parsing a large definition's expressions takes a while; other requests go on meanwhile.
    return await asyncio.to_thread(definition_problems, definition, BUILT_IN)


async def _checked(resources: ApiResources, asked: Registration) -> Workflow:
    problems = await problems_of(asked.definition)
    if problems and not asked.is_draft:
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


async def _write_new(conn: Connection, workflow: Workflow, ended: Latest | None) -> Registered:
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
