"""Doing to many executions what can be done to one.

Each is done for itself, one after the other, as its own request would be: what came of it is
counted, and nothing is undone where one of them cannot be done.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple, assert_never
from uuid import UUID, uuid5

from pydantic import Field

from services.api.executions.control_execution import cancel_execution, tell_execution
from services.api.executions.execution_conditions import ExecutionsWhere
from services.api.executions.expiry import ExpiryRequest
from services.api.executions.repeat_execution import (
    RepeatRequest,
    repeat_id,
    rerun_execution,
    retry_execution,
)
from services.api.http.pages import Place
from services.api.http.query_strings import Cursor
from services.api.resources import ApiResources
from shared.db.history import Execution, search_executions
from shared.db.statuses import list_statuses
from shared.domain.errors import Conflict, NotFound, Unavailable
from shared.domain.executions import Status
from shared.domain.ids import ExecutionId
from shared.domain.principals import Caller
from shared.domain.signals import Resume, Suspend
from shared.domain.values import Strict
from shared.wire.lineage import read_repeat
from shared.wire.strict_json import invalid

AT_ONCE_MAX: Final = 1_000
COUNTED_MAX: Final = 10_000
WITHIN_S: Final = 10.0

_PAGE: Final = 500
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Of places among ids, which are in their own order."""


class Deed(StrEnum):
    """What can be done."""

    CANCEL = "cancel"
    SUSPEND = "suspend"
    RESUME = "resume"
    RETRY = "retry"
    RERUN = "rerun"


class BulkRequest(Strict):
    """What to do, and to which executions: either ``ids`` or ``where``."""

    do: Deed
    where: ExecutionsWhere | None = None
    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=AT_ONCE_MAX)] | None = None
    reason: Annotated[str, Field(max_length=1_024, description="Of a cancellation.")] | None = None
    bulk_id: UUID | None = Field(
        None, description="Under the same id nothing is repeated twice; without it there is a new."
    )
    preview: bool = Field(False, description="Only count, up to 10,000.")
    limit: int = Field(AT_ONCE_MAX, ge=1, le=AT_ONCE_MAX, description="Executions to look at.")
    cursor: Cursor | None = Field(None, description="'next_cursor' of the answer before.")


LeftReason = Literal["NOT_POSSIBLE", "NOT_FOUND", "OWN_WORK"]


class Meant(NamedTuple):
    """An execution that is meant; without a ``status`` it is not there.

    ``is_own``: the same request has started it.
    """

    id: ExecutionId
    place: Place
    status: Status | None
    is_own: bool = False


class Page(NamedTuple):
    """Some that are meant, and where others follow; None: there are no more."""

    items: Sequence[Meant]
    after: Place | None


class Left(NamedTuple):
    """Why something was not done."""

    reason: LeftReason
    detail: str


@dataclass(slots=True, kw_only=True)
class BulkDone:
    """What was done so far, and with ``next_place`` where it stopped."""

    asked: BulkRequest
    bulk_id: UUID
    by_status: Counter[Status] = field(default_factory=Counter)
    matched: int = 0
    done: list[tuple[Meant, ExecutionId | None]] = field(default_factory=list)
    left: dict[tuple[LeftReason, Status | None], list[str]] = field(default_factory=dict)
    stopped: Literal["DEADLINE", "UNAVAILABLE"] | None = None
    next_place: Place | None = None

    def add(self, meant: Meant, came: ExecutionId | Left | None) -> None:
        """Count an execution: what it was repeated by, if it was, or why nothing was done."""
        self.matched += 1
        if meant.status is not None:
            self.by_status[meant.status] += 1
        if isinstance(came, Left):
            self.left.setdefault((came.reason, meant.status), []).append(came.detail)
        else:
            self.done.append((meant, came))


async def do_in_bulk(
    resources: ApiResources, caller: Caller, asked: BulkRequest, key: str | None
) -> BulkDone:
    """Do it to each, the latest first, or ids in their order; a preview only finds them.

    It stops after a bounded number of them or a bounded time, and says where. Asked for again with
    the same ``bulk_id``, or the same ``key``, no execution is repeated twice. Raises Invalid, and
    Unavailable when it could do nothing.
    """
    _check(asked)
    named = None if key is None else uuid5(caller.environment_id, f"bulk:{key}")
    bulk = BulkDone(asked=asked, bulk_id=asked.bulk_id or named or resources.new_id())
    try:
        await _go_through(resources, caller, bulk)
    except Unavailable:
        if not bulk.matched:
            raise
        bulk.stopped = "UNAVAILABLE"
    return bulk


def _check(asked: BulkRequest) -> None:
    if (asked.ids is None) == (asked.where is None):
        raise invalid("", "IDS_OR_WHERE", "Say either 'ids' or 'where'; {} means all.")
    if asked.reason is not None and asked.do is not Deed.CANCEL:
        raise invalid("/reason", "NO_REASON", "Only a cancellation has a reason.")
    repeats = asked.do in (Deed.RETRY, Deed.RERUN)
    if repeats and asked.cursor is not None and asked.bulk_id is None:
        raise invalid("/bulk_id", "MISSING_BULK_ID", "Give the one that came with the cursor.")


async def _go_through(resources: ApiResources, caller: Caller, bulk: BulkDone) -> None:
    asked, until_s = bulk.asked, resources.clock.monotonic() + WITHIN_S
    most = COUNTED_MAX if asked.preview else asked.limit
    bulk.next_place = asked.cursor
    while bulk.matched < most:
        page = await _page(resources, caller, bulk, min(_PAGE, most - bulk.matched))
        for meant in page.items:
            bulk.add(meant, None if asked.preview else await _do(resources, caller, bulk, meant))
            bulk.next_place = meant.place
            if not asked.preview and resources.clock.monotonic() >= until_s:
                break
        else:
            bulk.next_place = page.after
        if bulk.next_place is None:
            return
        if resources.clock.monotonic() >= until_s:
            bulk.stopped = "DEADLINE"
            return


async def _page(resources: ApiResources, caller: Caller, bulk: BulkDone, limit: int) -> Page:
    asked, place = bulk.asked, bulk.next_place
    async with resources.tenant(caller.environment_id) as conn:
        if asked.where is not None:
            which = asked.where.filter_in(caller.environment_id)
            found = await search_executions(conn, which, before=place, limit=limit)
            return Page([_meant(execution, bulk) for execution in found.items], found.after)
        ids = sorted(id_ for id_ in {*(asked.ids or ())} if place is None or id_ > place[1])
        here = [ExecutionId(id_) for id_ in ids[:limit]]
        stands = await list_statuses(conn, here)
    items = [Meant(id_, (_NO_TIME, id_), stands.get(id_)) for id_ in here]
    return Page(items, items[-1].place if len(ids) > limit else None)


def _meant(execution: Execution, bulk: BulkDone) -> Meant:
    repeats = read_repeat(execution.lineage or {})
    is_own = repeats is not None and execution.id == repeat_id(
        repeats.execution_id, bulk.asked.do, str(bulk.bulk_id)
    )
    return Meant(execution.id, (execution.created_at, execution.id), execution.status, is_own)


async def _do(
    resources: ApiResources, caller: Caller, bulk: BulkDone, meant: Meant
) -> ExecutionId | Left | None:
    if meant.status is None:
        return Left("NOT_FOUND", f"There is no execution {meant.id}.")
    if meant.is_own:
        return Left("OWN_WORK", f"This has started execution {meant.id} itself.")
    try:
        return await _done(resources, caller, bulk, meant.id)
    except NotFound as error:
        return Left("NOT_FOUND", error.message)
    except Conflict as error:
        return Left("NOT_POSSIBLE", error.message)


async def _done(
    resources: ApiResources, caller: Caller, bulk: BulkDone, id_: ExecutionId
) -> ExecutionId | None:
    again = RepeatRequest(expiry=ExpiryRequest(), key=str(bulk.bulk_id))
    match bulk.asked.do:
        case Deed.CANCEL:
            await cancel_execution(resources, caller, id_, bulk.asked.reason)
        case Deed.SUSPEND:
            await tell_execution(resources, caller, id_, Suspend())
        case Deed.RESUME:
            await tell_execution(resources, caller, id_, Resume())
        case Deed.RETRY:
            return await retry_execution(resources, caller, id_, again)
        case Deed.RERUN:
            return await rerun_execution(resources, caller, id_, again)
        case _:
            assert_never(bulk.asked.do)
    return None
