"""The native routes of steps that wait: which do, and the answers of people."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web

from services.api.auth import caller_of
from services.api.bodies import read_options, validate
from services.api.decide_wait import DecisionRequest, Ruling, SubmissionRequest, decide, submit
from services.api.pages import split_page
from services.api.parameters import Query, id_in_path, refused, step_in_path
from services.api.payloads import Payload, answer_to, error_shown, subject_shown
from services.api.resources import RESOURCES, SETTINGS
from shared.db.waits import Answer, OpenWait, WaitFilter, list_waits
from shared.domain.ids import ExecutionId, StepId, split_key
from shared.domain.outcomes import WaitKind
from shared.wire.envelope import dumps, stamp


async def list_open(request: web.Request) -> web.Response:
    """A page of open waits, the oldest first."""
    query = Query(request, "kind", "subject", "environment_id", "execution_id", "limit", "cursor")
    which = WaitFilter(
        environment_id=await query.environment(),
        kind=query.choice("kind", WaitKind),
        subject=query.text("subject"),
        execution_id=query.id("execution_id", ExecutionId),
    )
    after = _place(query.text("cursor"))
    async with request.app[RESOURCES].tenant(which.environment_id) as conn:
        found = await list_waits(conn, which, after=after, limit=query.limit + 1)
    page, last = split_page(found, query.limit)
    return answer_to(
        request, {"items": [_wait(each) for each in page], "next_cursor": last and _cursor(last)}
    )


async def decision(request: web.Request) -> web.Response:
    """200 with whether this decision is the one that counts; 202 while that is not known."""
    execution_id, step_id = _waiting(request)
    asked = validate(DecisionRequest, await read_options(request, request.app[SETTINGS]))
    caller = await caller_of(request)
    return _ruled(
        request, await decide(request.app[RESOURCES], caller, execution_id, step_id, asked)
    )


async def submission(request: web.Request) -> web.Response:
    """200 with whether this is the submission that counts; 202 while that is not known."""
    execution_id, step_id = _waiting(request)
    asked = validate(SubmissionRequest, await read_options(request, request.app[SETTINGS]))
    caller = await caller_of(request)
    return _ruled(
        request, await submit(request.app[RESOURCES], caller, execution_id, step_id, asked)
    )


def _waiting(request: web.Request) -> tuple[ExecutionId, StepId]:
    return ExecutionId(id_in_path(request)), step_in_path(request)


def _ruled(request: web.Request, ruling: Ruling) -> web.Response:
    document = {
        "won": ruling.won,
        "decision_id": ruling.decision_id,
        "answer": ruling.answer and _answer(ruling.answer),
    }
    return answer_to(request, document, status=202 if ruling.won is None else 200)


def _answer(given: Answer) -> dict[str, Any]:
    return {
        "status": given.status,
        "output": Payload(given.output),
        "error": error_shown(given.error),
        "at": stamp(given.at),
    }


def _wait(each: OpenWait) -> dict[str, Any]:
    step_id, item, compensates = split_key(each.step_id)
    return {
        "execution_id": str(each.execution_id),
        "step_id": step_id,
        "item": item,
        "compensates": compensates,
        "environment_id": str(each.environment_id),
        "workflow_id": str(each.workflow_id),
        "workflow_version": each.workflow_version,
        "kind": each.kind,
        "subject": subject_shown(each.kind, each.subject),
        "attempt": each.attempt,
        "since": stamp(each.since),
        "due_at": each.due_at and stamp(each.due_at),
        "data": Payload({name: value for name, value in each.data.items() if name != "kind"}),
        "beaten_at": each.beaten_at and stamp(each.beaten_at),
        "progress": Payload(each.progress),
        "claimed_by": each.claimed_by,
        "claimed_until": each.claimed_until and stamp(each.claimed_until),
    }


def _cursor(last: OpenWait) -> str:
    since, execution_id, step_id = last.place
    return urlsafe_b64encode(dumps([stamp(since), str(execution_id), step_id])).decode()


def _place(cursor: str | None) -> tuple[datetime, UUID, str] | None:
    if cursor is None:
        return None
    try:
        since, execution_id, step_id = orjson.loads(urlsafe_b64decode(cursor))
        return _aware(since), UUID(execution_id), _plain(step_id)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise refused("cursor", "It is not a cursor that a list answered with.") from None


def _aware(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    if at.tzinfo is None:
        raise ValueError("no zone")
    return at


def _plain(written: str) -> str:
    if "\0" in written:
        raise ValueError("no text for Postgres")
    return written
