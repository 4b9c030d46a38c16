"""The routes of older versions of TransactionLink's API, which its clients may still call."""

from typing import Any, Final

from aiohttp import web

from services.api.dialects.transactionlink.documents import (
    TransactionLinkLink,
    TransactionLinkRunning,
    TransactionLinkTokens,
)
from services.api.dialects.transactionlink.executions import TransactionLinkStart
from services.api.dialects.transactionlink.handlers import Begun, begin, link_to
from services.api.dialects.transactionlink.older import (
    TransactionLinkCredentials,
    TransactionLinkRefresh,
    TransactionLinkRun,
)
from services.api.dialects.transactionlink.statuses import execution_status
from services.api.events.send_event import send_event
from services.api.http.bodies import answer, answer_once
from services.api.http.documents import validate
from services.api.http.route import OPEN, OPERATE, PUBLISH, Body, Route, body_of
from services.api.login.auth import environment_of, let_in
from services.api.resources import RESOURCES
from shared.db.transactionlink import get_set
from shared.domain.events import Event
from shared.domain.executions import Status
from shared.domain.ids import EnvironmentId, event_key

LINK_EVENT: Final = "transactionlink:link"
"""The type of the event by which a workflow learns that a link is to be sent."""

_SOURCE: Final = "/turnout/transactionlink"
_COUNTS_FOR_S: Final = 3_600


async def run(request: web.Request) -> web.Response:
    """The execution that was started, as it stands once it is there."""
    made = await begin(request, _read)
    status = Status.RUNNING if made.found is None else made.found.status
    document: TransactionLinkRunning = {
        "id": str(made.id),
        "caseId": made.asked.record_id,
        "status": execution_status(status, ()),
    }
    return answer(document)


async def make_link(request: web.Request) -> web.Response:
    """201 with where the execution that was started lists what it asks of people."""
    made = await begin(request, _read)
    return answer(_link(request, made), status=201)


async def send_link(request: web.Request) -> web.Response:
    """As ``make_link``; an event has the link, for a workflow that sends it."""
    made = await begin(request, _read)
    resources, id_, document = request.app[RESOURCES], str(made.id), _link(request, made)
    environment_id = EnvironmentId(made.workflow.environment_id)
    event = Event(
        key=event_key(environment_id, _SOURCE, id_),
        environment_id=environment_id,
        type=LINK_EVENT,
        source=_SOURCE,
        id=id_,
        received_at=resources.clock.now(),
        payload={
            **document,
            "workflowId": id_,
            "workflowDefinitionId": str(made.workflow.id),
            "recordId": made.asked.record_id,
        },
    )
    await send_event(resources, event)
    return answer(document, status=201)


async def authorise(request: web.Request) -> web.Response:
    """What to show from now on: the secret itself."""
    return await _tokens(request, (await body_of(request, TransactionLinkCredentials)).secret)


async def refresh(request: web.Request) -> web.Response:
    """The same again."""
    return await _tokens(request, (await body_of(request, TransactionLinkRefresh)).refresh_token)


async def _read(request: web.Request, document: Any) -> TransactionLinkStart:
    """As they are now, the parameters of the set that is named go into it. Raises NotFound."""
    asked, kept = validate(TransactionLinkRun, document), dict[str, Any]()
    if asked.parameters_id is not None:
        environment_id = await environment_of(request)
        async with request.app[RESOURCES].tenant(environment_id) as conn:
            found = await get_set(conn, environment_id, asked.parameters_id)
        kept.update(found.parameters)
    return asked.with_parameters(kept)


def _link(request: web.Request, made: Begun) -> TransactionLinkLink:
    return {"link": link_to(request, made.id, made.workflow.environment_id)}


async def _tokens(request: web.Request, secret: str) -> web.Response:
    """Raises Unauthorized for what lets nobody in."""
    await let_in(request, secret)
    document: TransactionLinkTokens = {
        "accessToken": secret,
        "refreshToken": secret,
        "expiryDuration": _COUNTS_FOR_S,
        "tokenType": "Bearer",
    }
    return answer_once(document)


_RUN: Final = Body(model=TransactionLinkRun)
_LINK: Final = {201: TransactionLinkLink}

ROUTES: Final = (
    Route(
        *("POST", "/transactionlink/workflows/run", run, OPERATE),
        body=_RUN,
        answers={200: TransactionLinkRunning},
    ),
    Route("POST", "/transactionlink/link", make_link, OPERATE, body=_RUN, answers=_LINK),
    Route(
        *("POST", "/transactionlink/link/send", send_link, OPERATE | PUBLISH),
        body=_RUN,
        answers=_LINK,
    ),
    Route(
        *("POST", "/transactionlink/auth/authorize", authorise, OPEN),
        body=Body(model=TransactionLinkCredentials),
        answers={200: TransactionLinkTokens},
    ),
    Route(
        *("POST", "/transactionlink/auth/refresh", refresh, OPEN),
        body=Body(model=TransactionLinkRefresh),
        answers={200: TransactionLinkTokens},
    ),
)
