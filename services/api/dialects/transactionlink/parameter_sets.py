"""TransactionLink's routes of parameters that are kept, for starts that name them by an id."""

from typing import Annotated, Any, Final
from uuid import UUID

from aiohttp import web
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from services.api.dialects.transactionlink.documents import TransactionLinkParameters
from services.api.http.parameters import uuid_in_path
from services.api.http.payloads import Payload, answer_to
from services.api.http.query_strings import LIMIT_MAX, Id, InEnvironment, Whole
from services.api.http.route import OPERATE, READ, Body, Route, body_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.note_changes import note
from services.api.resources import RESOURCES
from shared.db.audit import Change
from shared.db.transactionlink import (
    ParameterSet,
    add_set,
    change_set,
    delete_set,
    get_set,
    list_sets,
)
from shared.domain.values import Strict
from shared.wire.envelope import dumps, stamp

BYTES_MAX: Final = 65_536
"""Of a set's parameters, as JSON."""


def _within(parameters: dict[str, Any]) -> dict[str, Any]:
    if len(dumps(parameters)) > BYTES_MAX:
        told = {"bytes": BYTES_MAX}
        raise PydanticCustomError("too_many_bytes", "It may have {bytes} bytes of JSON", told)
    return parameters


class TransactionLinkParameterSet(Strict):
    """Parameters that are to be kept."""

    parameters: Annotated[dict[str, Any], AfterValidator(_within)]


class SetsQuery(InEnvironment):
    """Which sets to list, in the order in which they were made."""

    limit: Annotated[Whole, Field(ge=1, le=LIMIT_MAX)] = LIMIT_MAX
    after: Id[UUID] | None = Field(None, description="The id of the last one that is known.")


async def keep(request: web.Request) -> web.Response:
    """201 with the set, under an id that starts may name."""
    resources, caller = request.app[RESOURCES], await caller_of(request)
    asked = await body_of(request, TransactionLinkParameterSet)
    async with resources.tenant(caller.environment_id) as conn:
        made = await add_set(
            *(conn, caller.environment_id, resources.new_id(), asked.parameters),
            resources.clock.now(),
        )
        await note(resources, conn, caller, _change("create", made.id))
    return answer_to(request, _document(made), status=201)


async def list_all(request: web.Request) -> web.Response:
    """The sets of the environment, in the order in which they were made."""
    query, environment_id = query_of(request, SetsQuery), await environment_of(request)
    async with request.app[RESOURCES].snapshot(environment_id) as conn:
        place = None
        if query.after is not None:
            last = await get_set(conn, environment_id, query.after)
            place = (last.created_at, last.id)
        found = await list_sets(conn, environment_id, after=place, limit=query.limit)
    document: list[TransactionLinkParameters] = [_document(one) for one in found]
    return answer_to(request, document)


async def get(request: web.Request) -> web.Response:
    """The set, as it was given last."""
    id_, environment_id = _id_in_path(request), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        return answer_to(request, _document(await get_set(conn, environment_id, id_)))


async def change(request: web.Request) -> web.Response:
    """The set with other parameters; what began with those before keeps them."""
    resources, id_, caller = request.app[RESOURCES], _id_in_path(request), await caller_of(request)
    asked = await body_of(request, TransactionLinkParameterSet)
    async with resources.tenant(caller.environment_id) as conn:
        changed = await change_set(
            conn, caller.environment_id, id_, asked.parameters, resources.clock.now()
        )
        await note(resources, conn, caller, _change("replace", id_))
    return answer_to(request, _document(changed))


async def forget(request: web.Request) -> web.Response:
    """204; what began with the set goes on with its parameters."""
    resources, id_, caller = request.app[RESOURCES], _id_in_path(request), await caller_of(request)
    async with resources.tenant(caller.environment_id) as conn:
        await delete_set(conn, caller.environment_id, id_)
        await note(resources, conn, caller, _change("delete", id_))
    return web.Response(status=204)


def _change(what: str, id_: UUID) -> Change:
    """Without the parameters, which are payloads."""
    return Change(action=f"parameters.{what}", target=f"parameters:{id_}")


def _document(one: ParameterSet) -> TransactionLinkParameters:
    return {
        "id": str(one.id),
        "parameters": Payload(one.parameters),
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.updated_at),
    }


def _id_in_path(request: web.Request) -> UUID:
    """The ``{parameters_id}`` of the path. Raises NotFound for what cannot be one."""
    return uuid_in_path(request, "parameters_id")


_ALL: Final = "/transactionlink/parameters"
_ONE: Final = f"{_ALL}/{{parameters_id}}"
_BODY: Final = Body(model=TransactionLinkParameterSet)

ROUTES: Final = (
    Route("POST", _ALL, keep, OPERATE, body=_BODY, answers={201: TransactionLinkParameters}),
    Route(
        *("GET", _ALL, list_all, READ),
        query=SetsQuery,
        answers={200: list[TransactionLinkParameters]},
    ),
    Route("GET", _ONE, get, READ, answers={200: TransactionLinkParameters}),
    Route("PUT", _ONE, change, OPERATE, body=_BODY, answers={200: TransactionLinkParameters}),
    Route("DELETE", _ONE, forget, OPERATE, answers={204: None}),
)
