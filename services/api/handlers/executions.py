"""The native routes that show executions."""

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from services.api.executions.await_result import await_result
from services.api.executions.execution_conditions import ExecutionsQuery
from services.api.executions.execution_fields import (
    common_fields,
    large_asked_fields,
    progress_of,
    render_execution,
    step_place,
    trigger_of,
)
from services.api.executions.log_fields import attempts_of, phases_of
from services.api.executions.restore_execution import current_steps, restore_execution
from services.api.http.conditions import search_page
from services.api.http.pages import split_page
from services.api.http.parameters import id_in_path
from services.api.http.payloads import Payload, answer_to, subject_shown
from services.api.http.problems import RESULT_NOT_READY
from services.api.http.query_strings import InEnvironment, Whole
from services.api.http.route import READ, READ_PAYLOADS, Route, query_of
from services.api.login.auth import demand, environment_of
from services.api.resources import RESOURCES, ApiResources
from shared.db.history import (
    Execution,
    find_trigger,
    get_execution,
    list_entries,
    search_executions,
)
from shared.db.pool import Connection
from shared.domain.ids import ExecutionId
from shared.domain.principals import Scope
from shared.wire.documents.executions import (
    CurrentStepDocument,
    ExecutionDetail,
    ExecutionDocument,
    ResultDocument,
)
from shared.wire.documents.parts import SearchPage
from shared.wire.envelope import stamped
from shared.wire.strict_json import invalid

WAIT_S_MAX: Final = 30

_ENTRIES_MAX: Final = 200
_POSITION_MAX: Final = 2**31 - 1


class LogQuery(InEnvironment):
    """Which page of an execution's log is wanted."""

    after: Annotated[Whole, Field(ge=0, le=_POSITION_MAX)] | None = Field(
        None, description="'next_after' of the page before."
    )


class ResultQuery(InEnvironment):
    """How long to wait for a result."""

    wait_s: Annotated[Whole, Field(ge=0, le=WAIT_S_MAX)] = 0


async def list_recent(request: web.Request) -> web.Response:
    """A page of executions, the latest first; ``from`` and ``to`` bound their creation."""
    query = query_of(request, ExecutionsQuery)
    if query.names_payloads:
        demand(request, Scope.PAYLOADS)
    which = query.filter_in(await environment_of(request))
    async with request.app[RESOURCES].snapshot(which.environment_id) as conn:
        found = await search_executions(conn, which, before=query.cursor, limit=query.limit)
    return answer_to(request, search_page(found, render_execution))


async def get(request: web.Request) -> web.Response:
    """The execution with its phases and attempts in order, after the position ``?after=``.

    Its progress also says what it is at now, on the first page of a long log and on the last.
    """
    execution_id = ExecutionId(id_in_path(request))
    after, resources = query_of(request, LogQuery).after, request.app[RESOURCES]
    async with resources.snapshot(await environment_of(request)) as conn:
        execution = await get_execution(conn, execution_id)
        event = await find_trigger(conn, execution_id)
        found = await list_entries(conn, execution_id, after=after or 0, limit=_ENTRIES_MAX + 1)
        page, last = split_page(found, _ENTRIES_MAX)
        current = None
        if after is None or last is None:
            current = await _current(resources, conn, execution)
    document: ExecutionDetail = {
        **common_fields(execution),
        **large_asked_fields(execution),
        "trigger": trigger_of(execution, event),
        "progress": {**progress_of(execution), "current": current},
        "phases": list(phases_of(page)),
        "attempts": list(attempts_of(page)),
        "next_after": None if last is None else last.position,
    }
    return answer_to(request, document)


async def result(request: web.Request) -> web.Response:
    """200 with the result as soon as it is there, waiting for it up to ``?wait_s=`` seconds.

    404 RESULT_NOT_READY while it is not, 409 NO_RESULT when there will be none. An execution that
    is not there may be about to start, and is waited for as well.
    """
    execution_id = ExecutionId(id_in_path(request))
    wait_s, environment_id = query_of(request, ResultQuery).wait_s, await environment_of(request)
    found = await await_result(request, environment_id, execution_id, wait_s)
    if found is None:
        async with request.app[RESOURCES].snapshot(environment_id) as conn:
            execution = await get_execution(conn, execution_id)
        said = f"Execution {execution_id} is {execution.status}; there is no result yet."
        raise invalid("", RESULT_NOT_READY, said)
    document: ResultDocument = {"result": Payload(found.value)}
    return answer_to(request, document)


async def _current(
    resources: ApiResources, conn: Connection, execution: Execution
) -> list[CurrentStepDocument]:
    if execution.status.is_terminal:
        return []
    restored = await restore_execution(conn, execution)
    return [
        {
            **step_place(step.key),
            "attempt": step.attempt,
            "stands": step.stands,
            "waits_for": step.waits_for,
            "subject": subject_shown(step.waits_for, step.subject),
            "until": stamped(step.until),
        }
        for step in current_steps(restored, resources.clock.now())
    ]


ROUTES: Final = (
    Route(
        *("GET", "/v1/executions", list_recent, READ),
        query=ExecutionsQuery,
        answers={200: SearchPage[ExecutionDocument]},
    ),
    Route(
        *("GET", "/v1/executions/{id}", get, READ),
        query=LogQuery,
        answers={200: ExecutionDetail},
    ),
    Route(
        *("GET", "/v1/executions/{id}/result", result, READ_PAYLOADS),
        query=ResultQuery,
        answers={200: ResultDocument},
    ),
)
