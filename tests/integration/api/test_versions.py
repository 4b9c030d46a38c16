"""Versions of workflows and what differs between them, over the API."""

from typing import Any

from services.api.resources import ApiResources
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Client, Serve

FLOW: dict[str, Any] = {
    "name": "order",
    "triggers": [{"event_name": "order:placed"}, {"id": "hook", "kind": "webhook"}],
    "steps": [{"id": "reserve", "action": "transform"}, {"id": "ship", "action": "transform"}],
}


async def test_versions_say_who_changed_what(serve: Serve) -> None:
    """The latest first, over pages; the first has nothing before it."""
    operator = Asker(await serve(OPERATOR), OPERATOR)
    author = await operator.new_key([Scope.READ, Scope.AUTHOR])
    _, made = await operator.ask("POST", "/v1/workflows", FLOW)
    path = f"/v1/workflows/{made['id']}"
    changed = {
        **FLOW,
        "run_if": "payload.n > 1",
        "steps": [FLOW["steps"][1], {"id": "new", "action": "transform"}],
    }
    assert (await operator.having(author["secret"]).ask("PUT", path, changed))[0] == 200
    assert (await operator.ask("POST", f"{path}/triggers/hook/rotate"))[0] == 200
    first = await operator.get(f"{path}/versions?limit=2")
    assert [one["version"] for one in first["items"]] == [3, 2]
    assert [one["created_by"] for one in first["items"]] == ["token", f"key:{author['prefix']}"]
    assert first["items"][0]["changes"]["triggers"] == {
        "added": [],
        "removed": [],
        "changed": ["hook"],
    }
    assert first["items"][1]["changes"] == {
        "steps": {"added": ["new"], "removed": ["reserve"], "changed": []},
        "triggers": {"added": [], "removed": [], "changed": []},
        "others": ["run_if"],
    }
    last = await operator.get(f"{path}/versions?limit=2&cursor={first['next_cursor']}")
    [one] = last["items"]
    assert (one["version"], one["changes"], last["next_cursor"]) == (1, None, None)
    assert (await operator.get(f"{path}/versions?cursor=1"))["items"] == []
    assert (await operator.get(path))["version"] == 3


async def test_two_versions_compared(client: Client) -> None:
    """Either way; without 'to' with the current one, without 'from' with the one before."""
    asker = Asker(client)
    _, made = await asker.ask("POST", "/v1/workflows", FLOW)
    path = f"/v1/workflows/{made['id']}"
    for name in ("two", "three"):
        await asker.ask("PUT", path, {**FLOW, "name": name})
    found = await asker.get(f"{path}/diff?from=1&to=2")
    assert found["differences"] == [
        {"pointer": "/name", "kind": "changed", "name": None, "before": "order", "after": "two"}
    ]
    assert (found["is_same"], found["running_executions"]) == (False, "untouched")
    back = await asker.get(f"{path}/diff?from=2&to=1")
    assert [one["after"] for one in back["differences"]] == ["order"]
    latest = await asker.get(f"{path}/diff")
    assert (latest["from_version"], latest["to_version"]) == (2, 3)
    assert (await asker.get(f"{path}/diff?from=3"))["is_same"]
    for query in ("from=4", "from=1&to=9"):
        assert (await asker.ask("GET", f"{path}/diff?{query}"))[0] == 404
    assert (await asker.ask("GET", f"{path}/diff?from=0"))[0] == 400


async def test_a_document_compared_with_what_is_there(
    client: Client, resources: ApiResources
) -> None:
    """What is said by Turnout alone is no difference; what PUT would change is, and is not kept."""
    asker = Asker(client)
    await asker.ask("PUT", "/v1/event-types/order", {"uid": "u1", "type": "order:placed"})
    by_uid = {**FLOW, "triggers": [{"event_uid": "u1"}, FLOW["triggers"][1]]}
    _, made = await asker.ask("POST", "/v1/workflows", by_uid)
    path = f"/v1/workflows/{made['id']}"
    for same in (by_uid, {**by_uid, "id": made["id"]}, await asker.get(path)):
        _, found = await asker.ask("POST", f"{path}/diff", same)
        assert (found["is_same"], found["to_version"]) == (True, None), found
    off = {**by_uid, "is_active": False, "draft": True, "description": "more"}
    _, found = await asker.ask("POST", f"{path}/diff", off)
    told = {one["pointer"]: one["after"] for one in found["differences"]}
    assert told == {"/is_active": False, "/draft": True, "/description": "more"}
    assert found["summary"]["others"] == ["description", "draft", "is_active"]
    assert (await asker.get(path))["description"] is None
    assert (await asker.ask("POST", f"{path}/diff", {**FLOW, "steps": [{}]}))[0] == 422
    other = {**FLOW, "id": str(resources.new_id())}
    assert (await asker.ask("POST", f"{path}/diff", other))[0] == 422


async def test_a_body_of_trutos_compared(client: Client) -> None:
    """In its own words."""
    asker = Asker(client)
    body = {"config": {"run_if": "true"}, "trigger_name": "a:b"}
    _, made = await asker.ask("POST", "/truto/workflow", body)
    path = f"/v1/workflows/{made['id']}/diff"
    assert (await asker.ask("POST", path, body))[1]["is_same"]
    _, found = await asker.ask("POST", path, {**body, "config": {"run_if": "false"}})
    assert [one["pointer"] for one in found["differences"]] == ["/run_if"]
