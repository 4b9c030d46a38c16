"""Decisions on an event, of workflows that were not there when it arrived."""

from uuid import uuid4

import pytest

from services.api.resources import ApiResources
from tests.integration.api.conftest import Client
from tests.integration.api.test_decisions import arrive, got, register


@pytest.mark.parametrize("about", ["events/{}/decisions", "events/{}"])
async def test_a_workflow_that_was_not_there_is_told_of_when_asked_about(
    client: Client, resources: ApiResources, about: str
) -> None:
    """Made later, or deleted before, or awaiting something else then; what never was is 404."""
    gone, other = await register(client, "go"), await register(client, "stop")
    async with client.delete(f"/v1/workflows/{gone}") as answer:
        assert answer.status == 204
    [event] = await arrive(resources, "go", {})
    edited = {"name": "now", "triggers": [{"event_name": "go"}]}
    async with client.put(f"/v1/workflows/{other}", json=edited) as answer:
        assert answer.status == 200
    later = await register(client, "go")
    path = f"/v1/{about.format(event.key)}"
    expected = (
        (gone, 0, "INACTIVE", "It had been deleted when the event arrived at "),
        (other, 1, "NO_TRIGGER", "The event is 'go'; the workflow awaits 'stop'."),
        (later, 0, "NOT_MADE_YET", "It was made at "),
    )
    for id_, version, reason, begins in expected:
        found = await got(client, path, workflow_id=id_)
        [one] = found["items" if "items" in found else "decisions"]
        told = one["workflow_id"], one["workflow_name"], one["workflow_version"], one["reason"]
        assert told == (id_, "w", version, reason)
        assert one["detail"].startswith(begins)
        assert (one["is_match"], one["execution_id"]) == (False, None)
    async with client.get(path, params={"workflow_id": str(uuid4())}) as answer:
        assert answer.status == 404
    page = await got(client, f"/v1/events/{event.key}/decisions", workflow_id=later, reason="draft")
    assert page["items"] == []
    assert (await got(client, f"/v1/events/{event.key}/decisions"))["items"] == []


async def test_one_that_was_made_again_is_told_by_when_it_was_made_first(
    client: Client, resources: ApiResources
) -> None:
    """Deleted when the event arrived, it was there before; what came before all that, was early."""
    [early] = await arrive(resources, "go", {})
    id_ = await register(client, "go")
    async with client.delete(f"/v1/workflows/{id_}") as answer:
        assert answer.status == 204
    [event] = await arrive(resources, "go", {})
    again = {"name": "again", "triggers": [{"event_name": "go"}]}
    async with client.put(f"/v1/workflows/{id_}", json=again) as answer:
        made = await answer.json()
    assert answer.status == 201
    for about, reason, begins in (
        (event, "INACTIVE", "It had been deleted when the event arrived at "),
        (early, "NOT_MADE_YET", "It was made at "),
    ):
        found = await got(client, f"/v1/events/{about.key}/decisions", workflow_id=id_)
        [one] = found["items"]
        assert (one["reason"], one["workflow_name"]) == (reason, "again")
        assert one["detail"].startswith(begins)
        assert made["created_at"] not in one["detail"]
