"""Searching executions and events: what is found, that nothing is left out, and who may ask."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import pytest_asyncio
from yarl import URL

from shared.db.events import EventFilter, search_events
from shared.db.history import ExecutionFilter, search_executions
from shared.db.pool import Pool
from shared.db.search import LOOKED_AT_MAX
from shared.db.tenancy import become_tenant
from shared.domain.executions import Status
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId, EventKey, ExecutionId, event_key
from shared.domain.principals import Scope
from tests.benchmarks.events import WORKFLOW
from tests.benchmarks.million import execution_id, fill, workflow_id
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Client, Serve

COUNT = 2_500
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LINEAGE = "UPDATE executions SET lineage = $2::json WHERE id = $1"
ENDED = """
UPDATE executions
SET status = $2, result_at = $3, finished_at = CASE WHEN $2 <> 'WAITING' THEN updated_at END
WHERE id = $1
"""


@pytest_asyncio.fixture
async def filled(client: Client, pool: Pool) -> Asker:
    """Somebody who may do anything, where 2,500 executions are."""
    somebody = Asker(client)
    status, document = await somebody.ask("POST", "/v1/workflows", WORKFLOW)
    assert status == 201, document
    await fill(pool, COUNT, NOW)
    return somebody


async def everything(asker: Asker, path: str, **query: str) -> tuple[list[Any], int]:
    """All that a search gives, page by page, and how many pages were cut short."""
    found: list[Any] = []
    cut = 0
    cursor: dict[str, str] = {}
    while True:
        page = await asker.get(at(path, **query, **cursor))
        found += page["items"]
        cut += page["searched_back_to"] is not None
        if page["next_cursor"] is None:
            return found, cut
        assert len(page["items"]) == int(query["limit"]) or page["searched_back_to"]
        cursor = {"cursor": page["next_cursor"]}


def at(path: str, **query: str) -> str:
    """A path with a query string."""
    return str(URL(path).with_query(query))


async def numbers(asker: Asker, **query: str) -> list[int]:
    """The numbers of the executions that are found."""
    found, _ = await everything(asker, "/v1/executions", **{"limit": "200", **query})
    known = {str(execution_id(n)): n for n in range(1, COUNT + 1)}
    return [known[one["id"]] for one in found]


def json(document: Any) -> str:
    """A condition as it is written."""
    return orjson.dumps(document).decode()


HELD: Sequence[tuple[dict[str, Any], list[int]]] = (
    ({"input": {"id": 7}}, [7]),
    ({"input": {"id": 7.0, "customer": {"country": "GB"}}}, [7]),
    ({"input": {"id": "7"}}, []),
    ({"input": {"id": 7, "note": None}}, []),
    ({"input": {"id": 7, "lines": [{"sku": "TURNOUT-2"}]}}, [7]),
    ({"input": {"id": 7, "lines": [{"sku": "TURNOUT-2", "count": 2}]}}, []),
    ({"input": {"id": 7, "customer": True}}, []),
    ({"output": {"number": 7, "step": 3}}, [7]),
    ({"output": {"number": 7, "step": 2}}, []),
    ({"output": {"number": 9, "step": 2}}, [9]),
    ({"input": {"id": 7}, "output": {"step": 3}}, [7]),
    ({"input": {"id": 7}, "output": {"step": 2}}, []),
    ({"output": {"number": 8}}, []),
)


async def test_an_execution_is_found_by_what_its_input_and_output_hold(
    filled: Asker, pool: Pool
) -> None:
    """Fields of every type at any depth, all of which must hold; one that failed has no output."""
    for number, status, result_at in (
        (7, "COMPLETED", None),
        (9, "WAITING", 3),
        (8, "FAILED", None),
    ):
        await pool.execute(ENDED, execution_id(number), status, result_at)
    for query, found in HELD:
        asked = {name: json(of) for name, of in query.items()}
        assert await numbers(filled, **asked) == found, query


async def test_a_search_that_stops_says_so_and_goes_on_where_it_stopped(
    filled: Asker, pool: Pool
) -> None:
    """Page by page it finds what the tables hold, in order, however little of it matches."""
    of_two = "SELECT id::text FROM executions WHERE status = ANY ($1) ORDER BY created_at DESC"
    rare = [row["id"] for row in await pool.fetch(of_two, ["CANCELLED", "RUNNING"])]
    found, cut = await everything(filled, "/v1/executions", status="cancelled,RUNNING", limit="200")
    assert [one["id"] for one in found] == rare
    assert cut == COUNT // LOOKED_AT_MAX
    found, cut = await everything(
        filled, "/v1/executions", input='{"total":42}', status="CANCELLED,RUNNING", limit="200"
    )
    assert [one["id"] for one in found] == rare
    assert cut == COUNT // LOOKED_AT_MAX
    found, _ = await everything(filled, "/v1/executions", status="CANCELLED,RUNNING", limit="7")
    assert [one["id"] for one in found] == rare
    found, cut = await everything(filled, "/v1/events", payload='{"id":2500}', limit="50")
    assert [one["payload"]["id"] for one in found] == [2500]
    assert cut == 2
    found, cut = await everything(filled, "/v1/events", type="order:3", limit="10")
    count = "SELECT count(*) FROM events WHERE type = 'order:3'"
    assert len({one["key"] for one in found}) == len(found) == await pool.fetchval(count)
    assert cut == 0


async def test_conditions_on_executions_hold_together(filled: Asker, pool: Pool) -> None:
    """Workflow, statuses, times of creation and of the end, and the event's type."""
    of_flow = str(workflow_id(3))
    half = (NOW - timedelta(days=15)).isoformat().replace("+00:00", "Z")
    query = "SELECT count(*) FROM executions WHERE workflow_id = $1 AND status = 'FAILED'"
    failed = await numbers(filled, workflow_id=of_flow, status="FAILED")
    assert len(failed) == await pool.fetchval(query, UUID(of_flow)) > 0
    later = await numbers(filled, workflow_id=of_flow, status="FAILED", **{"from": half})
    sooner = await numbers(filled, workflow_id=of_flow, status="FAILED", to=half)
    assert failed == later + sooner
    assert later
    assert sooner
    ended = await numbers(filled, workflow_id=of_flow, status="FAILED", finished_from=half)
    assert ended == later
    assert await numbers(filled, status="FAILED", workflow_id=of_flow, finished_to=half) == sooner
    assert await numbers(filled, status="RUNNING", finished_from=half) == []
    assert await numbers(filled, status="RUNNING", finished_to=half) == []
    assert (
        await numbers(filled, event_type="order:3", workflow_id=of_flow, status="FAILED") == failed
    )
    assert await numbers(filled, event_type="order:4", workflow_id=of_flow) == []


async def test_kin_are_found_and_only_in_ones_own_environment(filled: Asker, pool: Pool) -> None:
    """Children of an execution, and all that came of an event, directly or by way of others."""
    root = await pool.fetchval("SELECT event_key FROM executions WHERE id = $1", execution_id(1))
    caused = {"cause": {"root": str(root)}}
    parent = {"execution_id": str(execution_id(1)), "step_id": "a", "attempt": 1, "waits": False}
    of_one = {"parent": parent}
    await pool.execute(LINEAGE, execution_id(2), json({**caused, **of_one}))
    await pool.execute(LINEAGE, execution_id(3), json(caused))
    assert await numbers(filled, parent_id=str(execution_id(1))) == [2]
    assert await numbers(filled, root_event_key=str(root)) == [1, 2, 3]
    assert await numbers(filled, root_event_key=str(root), status="SUSPENDED") == []
    assert await numbers(filled, parent_id=str(execution_id(2))) == []
    other = EnvironmentId(uuid4())
    async with pool.acquire() as conn, conn.transaction():
        await become_tenant(conn, other)
        assert await conn.fetch("SELECT children_of_execution($1)", execution_id(1)) == []
        assert await conn.fetch("SELECT descendants_of_event($1)", root) == []
        for which in (
            ExecutionFilter(environment_id=other, parent_id=ExecutionId(execution_id(1))),
            ExecutionFilter(environment_id=other, root_event_key=EventKey(root)),
            # Whoever asks for another's has none of it either.
            ExecutionFilter(environment_id=DEFAULT_ENVIRONMENT, root_event_key=EventKey(root)),
        ):
            assert not (await search_executions(conn, which, limit=10)).items
        for environment_id in (other, DEFAULT_ENVIRONMENT):
            events = EventFilter(environment_id=environment_id)
            assert not (await search_events(conn, events, limit=10)).items


async def test_events_are_found_by_each_of_their_marks(filled: Asker, pool: Pool) -> None:
    """Type, source, subject, id, time of arrival, and what the payload holds."""
    one = (await filled.get("/v1/events?limit=1"))["items"][0]
    until = (NOW - timedelta(days=29)).isoformat().replace("+00:00", "Z")

    async def keys(**query: str) -> list[str]:
        found, _ = await everything(filled, "/v1/events", limit="200", **query)
        return [event["key"] for event in found]

    assert await keys(id=one["id"]) == [one["key"]]
    assert await keys(id=one["id"], source="/another") == []
    assert one["key"] in await keys(type=one["event"], source="/benchmark")
    assert await keys(subject="none") == []
    assert len(await keys(to=until)) == COUNT // 30 + 1
    assert len(await keys(**{"from": until})) == COUNT - COUNT // 30 - 1
    assert await keys(payload=json(one["payload"])) == [one["key"]]
    mark = "UPDATE events SET record = record::jsonb || $2::jsonb WHERE key = $1"
    await pool.execute(mark, UUID(one["key"]), json({"subject": "x", "id": "e1"}))
    assert await keys(subject="x", id="e1") == [one["key"]]
    # By id and source together the key is known, and it is found at once.
    named = event_key(DEFAULT_ENVIRONMENT, "/benchmark", "e2")
    await pool.execute("UPDATE events SET key = $2 WHERE key = $1", UUID(one["key"]), named)
    await pool.execute("UPDATE event_keys SET key = $2 WHERE key = $1", UUID(one["key"]), named)
    await pool.execute(mark, named, json({"turnoutkey": str(named), "id": "e2"}))
    assert await keys(id="e2", source="/benchmark") == [str(named)]
    assert await keys(id="e2", source="/benchmark", type="order:none") == []


@pytest.mark.parametrize(
    "query",
    [
        *("input={", "input=", "output=nonsense", "input={'a':1}", "input=\\u0000", "input=NaN"),
        'input={"a":"\\u0000"}',
        "input=" + "[" * 17 + "]" * 17,
        "input=" + json({str(n): n for n in range(21)}),
        "output=" + json("x" * 1_024),
        *("status=", "status=failed,", "status=failed,nothing", "status=,"),
        *("parent_id=1", "root_event_key=x", "finished_from=yesterday", "event_type="),
    ],
)
async def test_a_condition_that_is_none_is_refused(client: Client, query: str) -> None:
    """With its place and in words, as any other parameter."""
    name, _, value = query.partition("=")
    status, document = await Asker(client).ask("GET", at("/v1/executions", **{name: value}))
    assert status == 400, document
    assert document["errors"][0]["pointer"] == f"/query/{name}"


async def test_what_payloads_hold_is_not_to_be_guessed(serve: Serve) -> None:
    """A condition on them takes the scope that seeing them takes; the others do not."""
    operator = Asker(await serve(OPERATOR), OPERATOR)
    reader = await operator.key([Scope.READ])
    seer = await operator.key([Scope.READ, Scope.PAYLOADS])
    for path, names in (("/v1/executions", ("input", "output")), ("/v1/events", ("payload",))):
        for name in names:
            asked = at(path, **{name: "{}"})
            assert (await reader.ask("GET", asked))[0] == 403
            assert (await seer.ask("GET", asked))[0] == 200
    assert (await reader.ask("GET", at("/v1/executions", event_type="a:b")))[0] == 200
    assert (await reader.ask("GET", at("/v1/events", subject="x", id="1")))[0] == 200


async def test_every_status_can_be_searched_for(client: Client) -> None:
    """Alone, in either case, and all together."""
    asker = Asker(client)
    for written in (*Status, *(status.lower() for status in Status), ",".join(Status)):
        assert await asker.get(at("/v1/executions", status=written)) == {
            "items": [],
            "next_cursor": None,
            "searched_back_to": None,
        }
