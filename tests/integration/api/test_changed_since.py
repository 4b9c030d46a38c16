"""Decisions on events whose workflows were changed before the matcher may have come to them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.api.resources import ApiResources
from shared.db.quarantine import Quarantine, set_aside
from shared.domain.ids import WorkflowId, execution_id
from tests.integration.api.conftest import Client
from tests.integration.api.test_decisions import arrive, got, register

STARTED = (
    "INSERT INTO executions (id, partition, command_offset, environment_id, workflow_id,"
    " workflow_version, event_key, created_at, status, updated_at, steps_settled)"
    " SELECT $1, 0, 0, w.environment_id, w.id, 1, $3, now(), 'RUNNING', now(), 0"
    " FROM workflows AS w WHERE w.id = $2"
)


@pytest.mark.parametrize("path", ["events/{}/decisions", "events/{}"])
async def test_it_is_said_that_nothing_was_started(
    client: Client, resources: ApiResources, path: str
) -> None:
    """Where a workflow matches as it was, was changed or set aside since, and has no execution."""
    edited, aside, there, same, elsewhere = [
        WorkflowId(UUID(await register(client, "go", filters={"payload.n": n})))
        for n in (1, 1, 1, 1, 2)
    ]
    [event] = await arrive(resources, "go", {"n": 1})
    document = {"name": "w", "triggers": [{"event_name": "go"}], "filters": {"payload.n": 7}}
    for id_ in (edited, there, elsewhere):
        async with client.put(f"/v1/workflows/{id_}", json=document) as answer:
            assert answer.status == 200
    async with resources.engine() as conn, conn.transaction():
        about = Quarantine(
            workflow_id=aside,
            version=1,
            code="U1001",
            event_key=event.key,
            since=datetime.now(UTC),
        )
        assert await set_aside(conn, about)
        await conn.execute(STARTED, execution_id(there, event.key), there, event.key)
    found = await got(client, f"/v1/{path.format(event.key)}")
    told = {
        WorkflowId(UUID(one["workflow_id"])): (one["is_match"], one["detail"])
        for one in found.get("items", found.get("decisions"))
    }
    for id_ in (edited, aside):
        is_match, detail = told[id_]
        assert (is_match, "started nothing" in detail) == (True, True)
    assert told[there] == told[same] == (True, None)
    assert "asked ~eq 2" in told[elsewhere][1]
