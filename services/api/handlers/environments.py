"""The native routes of environments, of the caller's organisation.

Whoever is of one environment sees that one only, and makes none.
"""

from typing import Final
from uuid import UUID

from aiohttp import web
from pydantic import Field

from services.api.http.bodies import answer
from services.api.http.pages import page_of
from services.api.http.parameters import id_in_path
from services.api.http.problems import REQUEST_ID, Forbidden
from services.api.http.query_strings import CURSOR, Cursor, ListQuery, QueryString
from services.api.http.route import ADMIN, Body, Route, body_of, query_of
from services.api.login.auth import HELD, PRINCIPAL
from services.api.note_changes import note
from services.api.resources import RESOURCES
from shared.db.audit import Change
from shared.db.environments import (
    DEFAULT_ORGANISATION,
    Environment,
    add_environment,
    ensure_organisation,
    get_environment,
    list_environments,
)
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId
from shared.domain.principals import Caller, OrganisationId
from shared.domain.values import Name, Strict
from shared.wire.documents.environments import EnvironmentDocument
from shared.wire.documents.parts import Page
from shared.wire.envelope import stamp


class EnvironmentRequest(Strict):
    """An environment that is asked for; who is of no organisation may name one, new or not."""

    name: Name
    id: UUID | None = None
    organisation: Name | None = None


class EnvironmentsQuery(ListQuery):
    """How much of the list is wanted; it is of no environment."""

    cursor: Cursor | None = Field(None, description=CURSOR)


async def create(request: web.Request) -> web.Response:
    """201 with the environment."""
    resources, principal = request.app[RESOURCES], request[PRINCIPAL]
    asked = await body_of(request, EnvironmentRequest)
    if principal.environment_id is not None:
        raise Forbidden(f"This key belongs to environment {principal.environment_id}.")
    if principal.organisation_id is not None and asked.organisation is not None:
        raise Forbidden("You belong to an organisation: leave out the name of one.")
    now, organisation = resources.clock.now(), asked.organisation or DEFAULT_ORGANISATION
    fallback_id, environment_id = OrganisationId(resources.new_id()), asked.id or resources.new_id()
    # It is of no environment before it is there.
    async with resources.engine() as conn, conn.transaction():
        environment = Environment(
            id=EnvironmentId(environment_id),
            organisation_id=principal.organisation_id
            or await ensure_organisation(conn, organisation, fallback_id, now),
            name=asked.name,
            created_at=now,
        )
        await add_environment(conn, environment)
        await note(resources, conn, _caller(request, environment), _change(environment))
    return answer(_document(environment), status=201)


async def get(request: web.Request) -> web.Response:
    """The environment."""
    environment_id, principal = EnvironmentId(id_in_path(request)), request[PRINCIPAL]
    if principal.environment_id not in (None, environment_id):
        raise NotFound("There is no such environment.")
    # Environments are seen by organisation, not by environment.
    async with request.app[RESOURCES].engine() as conn:
        return answer(
            _document(await get_environment(conn, environment_id, principal.organisation_id))
        )


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of creation."""
    query, principal = query_of(request, EnvironmentsQuery), request[PRINCIPAL]
    limit, own = query.limit, principal.environment_id
    # As above.
    async with request.app[RESOURCES].engine() as conn:
        if own is not None:
            found = [await get_environment(conn, own)]
        else:
            found = await list_environments(
                conn, principal.organisation_id, after=query.cursor, limit=limit + 1
            )
    return answer(page_of(found, limit, _document, lambda one: (one.created_at, one.id)))


def _caller(request: web.Request, environment: Environment) -> Caller:
    """Who asks, in the environment that is made: its log begins with this."""
    return Caller(
        name=request[PRINCIPAL].name,
        environment_id=environment.id,
        request_id=request[REQUEST_ID],
        held=request.get(HELD),
    )


def _change(environment: Environment) -> Change:
    return Change(
        action="environment.create",
        target=f"environment:{environment.id}",
        after={"name": environment.name, "organisation_id": str(environment.organisation_id)},
    )


def _document(environment: Environment) -> EnvironmentDocument:
    return {
        "id": str(environment.id),
        "organisation_id": str(environment.organisation_id),
        "name": environment.name,
        "created_at": stamp(environment.created_at),
    }


ROUTES: Final = (
    Route(
        *("POST", "/v1/environments", create, ADMIN),
        query=QueryString,
        body=Body(model=EnvironmentRequest),
        answers={201: EnvironmentDocument},
    ),
    Route(
        *("GET", "/v1/environments", list_all, ADMIN),
        query=EnvironmentsQuery,
        answers={200: Page[EnvironmentDocument]},
    ),
    Route(
        *("GET", "/v1/environments/{id}", get, ADMIN),
        query=QueryString,
        answers={200: EnvironmentDocument},
    ),
)
