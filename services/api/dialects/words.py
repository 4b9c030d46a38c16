"""Documents in the words of a system: read, registered, changed and found."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from aiohttp import web

from services.api.dialects.parsing import Words
from services.api.dialects.recognise import check_whose, told_whose
from services.api.http.route import document_of
from services.api.login.auth import caller_of
from services.api.resources import RESOURCES, ApiResources
from services.api.workflows.register_workflow import (
    Registered,
    create_workflow,
    replace_workflow,
)
from services.api.workflows.registration import Registration
from shared.db.pool import Connection
from shared.db.workflows import find_latest, get_given
from shared.domain.errors import Invalid, NotFound
from shared.domain.ids import EnvironmentId, WorkflowId, is_made
from shared.domain.principals import Caller
from shared.domain.workflows import Workflow


async def create_in(words: Words, request: web.Request) -> Registered:
    """Register the workflow that the request's body is.

    Raises as ``create_workflow``, with the places of faults in the document.
    """
    resources, document = request.app[RESOURCES], await document_of(request)
    asked = read_in(words, document, resources.new_workflow_id())
    caller = await caller_of(request, asked.environment_id)
    carried = words.carried(document)
    if carried is not None and not await _is_own(resources, caller, WorkflowId(carried)):
        asked = replace(asked, workflow_id=WorkflowId(carried))
    try:
        return await create_workflow(resources, caller, asked)
    except Invalid as error:
        raise placed(words, error) from None


async def _is_own(resources: ApiResources, caller: Caller, id_: WorkflowId) -> bool:
    """Whether Turnout has made an id here: then the document is a copy of an answer.

    There nobody chooses ids, so a client that sends an answer once more means another workflow.
    """
    if not is_made(id_):
        return False
    async with resources.tenant(caller.environment_id) as conn:
        return await find_latest(conn, id_) is not None


async def replace_in(words: Words, request: web.Request, asked: Registration) -> Registered:
    """Give a workflow what is asked for, as ``replace_workflow``; raises as ``create_in``."""
    caller = await caller_of(request, asked.environment_id)
    try:
        return await replace_workflow(request.app[RESOURCES], caller, asked)
    except Invalid as error:
        raise placed(words, error) from None


def read_in(words: Words, document: Mapping[str, Any], fallback_id: UUID) -> Registration:
    """What a document asks for. Raises Invalid, which says so of another system's document."""
    try:
        return words.parse(document, fallback_id)
    except Invalid as error:
        raise told_whose(error, document, words.dialect) from None


def change_in(
    words: Words, kept: Mapping[str, Any], fields: Mapping[str, Any], workflow_id: UUID
) -> Registration:
    """What ``fields`` in place of its own ask for of a document. Raises as ``read_in``."""
    check_whose(fields, words.dialect)
    return read_in(words, {**kept, **fields}, workflow_id)


def new_in(fields: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that differ from those of an answer; ``1`` is neither ``true`` nor ``1.0``.

    So an answer that is sent back, whole or changed, says no more than its sender means.
    """
    return {
        name: value
        for name, value in fields.items()
        if name not in shown or _text(shown[name]) != _text(value)
    }


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def placed(words: Words, error: Invalid) -> Invalid:
    """The same problems, at their places in the document."""
    return Invalid([words.place(problem) for problem in error.problems])


async def find_in(
    words: Words, conn: Connection, environment_id: EnvironmentId, named: WorkflowId
) -> Workflow:
    """A workflow that was registered in these words, by its id or by the one it was given.

    Raises NotFound.
    """
    workflow = await get_given(conn, environment_id, named)
    if workflow.dialect is not words.dialect:
        raise NotFound(
            f"Workflow {named} was registered as '{workflow.dialect}'; see /v1/workflows."
        )
    return workflow
