"""The native routes of steps that wait: which do, and the answers of people."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import Field

from services.api.executions.decide_wait import (
    DecisionRequest,
    Ruling,
    SubmissionRequest,
    decide,
    submit,
)
from services.api.executions.execution_fields import step_place
from services.api.http.pages import page_by
from services.api.http.parameters import id_in_path, is_plain, step_in_path
from services.api.http.payloads import Payload, answer_to, error_shown, subject_shown
from services.api.http.query_strings import (
    CURSOR,
    Id,
    InEnvironment,
    ListQuery,
    Text,
    any_case,
    cursor_of,
)
from services.api.http.route import OPERATE, READ, Body, Route, body_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from shared.db.waits import Answer, OpenWait, WaitFilter, list_waits
from shared.domain.ids import ExecutionId, StepId
from shared.domain.outcomes import WaitKind
from shared.wire.documents.parts import Page
from shared.wire.documents.waits import AnswerDocument, RulingDocument, WaitDocument
from shared.wire.envelope import dumps, stamp, stamped

_Place = tuple[datetime, UUID, str]


def _place(cursor: Any) -> _Place | None:
    """Where the page before ended; None for what is no cursor."""
    try:
        since, execution_id, step_id = orjson.loads(urlsafe_b64decode(cursor))
        at = datetime.fromisoformat(since)
        is_one = at.tzinfo is not None and is_plain(step_id)
        return (at, UUID(execution_id), step_id) if is_one else None
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


class WaitsQuery(ListQuery, InEnvironment):
    """Which waits to list."""

    kind: Annotated[WaitKind, any_case(WaitKind)] | None = None
    subject: Text | None = Field(None, description="What they are found by.")
    execution_id: Id[ExecutionId] | None = None
    cursor: Annotated[_Place, cursor_of(_place)] | None = Field(None, description=CURSOR)


async def list_open(request: web.Request) -> web.Response:
    """A page of open waits, the oldest first."""
    query = query_of(request, WaitsQuery)
    which = WaitFilter(
        environment_id=await environment_of(request),
        kind=query.kind,
        subject=query.subject,
        execution_id=query.execution_id,
    )
    async with request.app[RESOURCES].tenant(which.environment_id) as conn:
        found = await list_waits(conn, which, after=query.cursor, limit=query.limit + 1)
    return answer_to(request, page_by(found, query.limit, _wait, _cursor))


async def decision(request: web.Request) -> web.Response:
    """200 with whether this decision is the one that counts; 202 while that is not known."""
    execution_id, step_id = _waiting(request)
    asked, caller = await body_of(request, DecisionRequest), await caller_of(request)
    return _ruled(
        request, await decide(request.app[RESOURCES], caller, execution_id, step_id, asked)
    )


async def submission(request: web.Request) -> web.Response:
    """200 with whether this is the submission that counts; 202 while that is not known."""
    execution_id, step_id = _waiting(request)
    asked, caller = await body_of(request, SubmissionRequest), await caller_of(request)
    return _ruled(
        request, await submit(request.app[RESOURCES], caller, execution_id, step_id, asked)
    )


def _waiting(request: web.Request) -> tuple[ExecutionId, StepId]:
    return ExecutionId(id_in_path(request)), step_in_path(request)


def _ruled(request: web.Request, ruling: Ruling) -> web.Response:
    document: RulingDocument = {
        "won": ruling.won,
        "decision_id": ruling.decision_id,
        "answer": None if ruling.answer is None else _answer(ruling.answer),
    }
    return answer_to(request, document, status=202 if ruling.won is None else 200)


def _answer(given: Answer) -> AnswerDocument:
    return {
        "status": given.status,
        "output": Payload(given.output),
        "error": error_shown(given.error),
        "at": stamp(given.at),
    }


def _wait(each: OpenWait) -> WaitDocument:
    return {
        "execution_id": str(each.execution_id),
        **step_place(each.step_id),
        "environment_id": str(each.environment_id),
        "workflow_id": str(each.workflow_id),
        "workflow_version": each.workflow_version,
        "kind": each.kind,
        "subject": subject_shown(each.kind, each.subject),
        "attempt": each.attempt,
        "since": stamp(each.since),
        "due_at": stamped(each.due_at),
        "data": Payload({name: value for name, value in each.data.items() if name != "kind"}),
        "beaten_at": stamped(each.beaten_at),
        "progress": Payload(each.progress),
        "claimed_by": each.claimed_by,
        "claimed_until": stamped(each.claimed_until),
    }


def _cursor(last: OpenWait) -> str:
    since, execution_id, step_id = last.place
    return urlsafe_b64encode(dumps([stamp(since), str(execution_id), step_id])).decode()


_RULED: Final = MappingProxyType({200: RulingDocument, 202: RulingDocument})

ROUTES: Final = (
    Route(
        *("GET", "/v1/waits", list_open, READ),
        query=WaitsQuery,
        answers={200: Page[WaitDocument]},
    ),
    Route(
        *("POST", "/v1/executions/{id}/steps/{step_id}/decision", decision, OPERATE),
        body=Body(model=DecisionRequest),
        answers=_RULED,
    ),
    Route(
        *("POST", "/v1/executions/{id}/steps/{step_id}/submission", submission, OPERATE),
        body=Body(model=SubmissionRequest),
        answers=_RULED,
    ),
)
