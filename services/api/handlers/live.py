"""The native routes of live updates: streams of events that a listener comes back to by an id."""

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from services.api.executions.execution_fields import render_execution
from services.api.executions.log_fields import attempts_of, phases_of
from services.api.http.parameters import id_in_path
from services.api.http.problems import BAD_PARAMETER
from services.api.http.query_strings import Id, InEnvironment, Whole
from services.api.http.route import READ, Route, query_of
from services.api.live.broadcast import LIVE
from services.api.live.follow_environment import Follower, Wanted
from services.api.live.recent import Ring
from services.api.live.records import Kind, event
from services.api.live.stream import STREAM, Stream, open_stream
from services.api.login.auth import PRINCIPAL, environment_of
from services.api.resources import RESOURCES
from shared.db.history import Execution, LogEntry, get_execution, list_entries
from shared.domain.ids import EnvironmentId, ExecutionId, WorkflowId
from shared.domain.principals import Scope
from shared.wire.documents.live import LogEntryDocument
from shared.wire.strict_json import invalid

_ENTRIES_MAX: Final = 200
_POSITION_MAX: Final = 2**31 - 1
_ID_CHARS_MAX: Final = 8_000
_HEADER: Final = "Last-Event-ID"
_ANY: Final = ",".join(Kind)
_AFTER: Final = "The id of the last event that is known; the header Last-Event-ID stands above it."


class LiveQuery(InEnvironment):
    """What to listen to in an environment."""

    workflow_id: Id[WorkflowId] | None = None
    execution_id: Id[ExecutionId] | None = None
    kinds: Annotated[str, Field(pattern=f"^({'|'.join(Kind)})(,({'|'.join(Kind)}))*$")] = Field(
        _ANY, description="Phases that executions come to, attempts of steps, or both."
    )
    after: Annotated[str, Field(min_length=1, max_length=_ID_CHARS_MAX)] | None = Field(
        None, description=_AFTER
    )


class LiveExecutionQuery(InEnvironment):
    """From where on to follow the log of an execution."""

    after: Annotated[Whole, Field(ge=0, le=_POSITION_MAX)] = Field(0, description=_AFTER)


async def follow(request: web.Request) -> web.StreamResponse:
    """What happens in the executions of an environment: events ``execution`` and ``step``.

    Whoever comes back with ``Last-Event-ID`` goes on after that event, and is told by ``reset``
    when something after it is no longer kept.
    """
    query, environment_id = query_of(request, LiveQuery), await environment_of(request)
    wanted = Wanted(
        environment_id=str(environment_id),
        workflow_id=None if query.workflow_id is None else str(query.workflow_id),
        execution_id=None if query.execution_id is None else str(query.execution_id),
        kinds=frozenset(query.kinds.split(",")),
    )
    live, written = request.app[LIVE], request.headers.get(_HEADER, query.after)
    known = None if written is None else live.places_of(written)
    if written is not None and known is None:
        raise _bad_id(f"/headers/{_HEADER}" if _HEADER in request.headers else "/query/after")
    may_see = request[PRINCIPAL].may(Scope.PAYLOADS)
    async with (
        live.listen(request[PRINCIPAL].counted_as) as ring,
        open_stream(request, ring) as stream,
    ):
        await Follower(live, ring, wanted, may_see=may_see).follow(stream, known)
    return stream.response


async def live(request: web.Request) -> web.StreamResponse:
    """The log of an execution as it grows: events ``entry``, and ``end`` once it has ended.

    An event's id is its position, after which ``Last-Event-ID`` or ``?after=`` goes on.
    """
    id_, environment_id = ExecutionId(id_in_path(request)), await environment_of(request)
    after = _position(request)
    may_see = request[PRINCIPAL].may(Scope.PAYLOADS)
    async with request.app[LIVE].listen(request[PRINCIPAL].counted_as) as ring:
        number = ring.end
        found, entries = await _look(request, environment_id, id_, after)
        async with open_stream(request, ring) as stream:
            while True:
                frames = [_entry(entry, may_see=may_see) for entry in entries]
                if frames:
                    await stream.send(b"".join(frames), len(frames))
                    after = entries[-1].position
                if len(entries) < _ENTRIES_MAX:
                    if found.status.is_terminal:
                        await stream.send(event("end", render_execution(found), may_see=may_see), 1)
                        break
                    number = await _told(stream, ring, number, str(id_).encode())
                await stream.check()
                found, entries = await _look(request, environment_id, id_, after)
    return stream.response


async def _look(
    request: web.Request, environment_id: EnvironmentId, id_: ExecutionId, after: int
) -> tuple[Execution, list[LogEntry]]:
    """How an execution stands, and what its log has had after a position, at least by then."""
    async with request.app[RESOURCES].snapshot(environment_id) as conn:
        found = await get_execution(conn, id_)
        return found, await list_entries(conn, id_, after=after, limit=_ENTRIES_MAX)


async def _told(stream: Stream, ring: Ring, number: int, key: bytes) -> int:
    """Wait for a record of an execution, from ``number`` on, or for a sign of life.

    Returns from which number to look on: of the records before it the log has everything.
    """
    while True:
        missed = number < ring.first
        recent = (ring.get(n) for n in range(max(number, ring.first), ring.end))
        is_told = missed or any(each.key == key for each in recent)
        number = ring.end
        if is_told or await stream.pause():
            return number


def _entry(entry: LogEntry, *, may_see: bool) -> bytes:
    document: LogEntryDocument = {
        "position": entry.position,
        "phases": list(phases_of([entry])),
        "attempts": list(attempts_of([entry])),
    }
    return b"id: %d\n%b" % (entry.position, event("entry", document, may_see=may_see))


def _position(request: web.Request) -> int:
    written = request.headers.get(_HEADER)
    if written is None:
        return query_of(request, LiveExecutionQuery).after
    if not (written.isascii() and written.isdecimal() and len(written) < len(str(_POSITION_MAX))):
        raise _bad_id(f"/headers/{_HEADER}")
    return int(written)


def _bad_id(place: str) -> Exception:
    return invalid(place, BAD_PARAMETER, "It is no id of an event of this stream.")


ROUTES: Final = (
    Route(
        *("GET", "/v1/live", follow, READ),
        query=LiveQuery,
        answers={200: STREAM},
    ),
    Route(
        *("GET", "/v1/executions/{id}/live", live, READ),
        query=LiveExecutionQuery,
        answers={200: STREAM},
    ),
)
