"""Pages of runs for systems whose pages are full."""

from shared.db.history import Execution, ExecutionFilter, search_executions
from shared.db.pool import Connection
from shared.db.search import Found, Place


async def search_runs(
    conn: Connection,
    which: ExecutionFilter,
    *,
    before: Place | None,
    limit: int,
    searches_max: int,
) -> Found[Execution]:
    """As ``search_executions``, and on where so much was looked at, ``searches_max`` times.

    Few are found only if there are no more, or too many of others between them.
    """
    items: list[Execution] = []
    for _ in range(searches_max):
        found = await search_executions(conn, which, before=before, limit=limit - len(items))
        items += found.items
        before = found.after
        if not found.is_cut or len(items) == limit:
            break
    return Found(items=items, after=before)
