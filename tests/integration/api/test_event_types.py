"""The registry of event types, and triggers that name one by its uid."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.api.resources import ApiResources
from tests.integration.api.conftest import Client
from tests.integration.api.test_archive import call, live

PATH = "event-types/ticket:created"
SPEC: dict[str, Any] = {
    "uid": "EVT1",
    "source": "platform_app",
    "description": "A ticket is there.",
    "schema": {"type": "object", "properties": {"id": {"type": "string"}}},
    "metadata": {"icon": "t"},
}


async def test_every_field_is_kept_listed_and_forgotten(client: Client) -> None:
    """201, then 200; the type is the name, unless it is said."""
    made = await call(client, "PUT", PATH, SPEC, status=201)
    assert made.items() >= {**SPEC, "name": "ticket:created", "type": "ticket:created"}.items()
    assert await call(client, "GET", PATH) == made
    again = await call(client, "PUT", PATH, made)
    assert {**again, "updated_at": made["updated_at"]} == made
    await call(client, "PUT", "event-types/ticket%2Fclosed", {"type": "ticket:closed"}, status=201)
    page = await call(client, "GET", "event-types?limit=1")
    rest = await call(client, "GET", f"event-types?cursor={page['next_cursor']}")
    names = [one["name"] for one in (*page["items"], *rest["items"])]
    assert (names, rest["next_cursor"]) == (["ticket/closed", "ticket:created"], None)
    async with client.delete(f"/v1/{PATH}") as answer:
        assert answer.status == 204
    for method in ("GET", "DELETE"):
        await call(client, method, PATH, status=404)


async def test_a_uid_is_drawn_once_and_is_nobody_elses(client: Client) -> None:
    """Left out it stays what it is; that of another type is refused."""
    drawn = (await call(client, "PUT", PATH, {}, status=201))["uid"]
    assert str(UUID(drawn)) == drawn
    assert (await call(client, "PUT", PATH, {"description": "x"}))["uid"] == drawn
    taken = await call(client, "PUT", "event-types/other", {"uid": drawn}, status=409)
    assert drawn in taken["detail"]
    elsewhere = f"event-types/other?environment_id={uuid4()}"
    await call(client, "PUT", elsewhere, {"uid": drawn}, status=201)


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        (PATH, {"schema": {"type": "no such type"}}, "/schema/type"),
        (PATH, {"schema": 7}, "/schema"),
        (PATH, {"type": "ticket:*"}, "/type"),
        (PATH, {"uid": ""}, "/uid"),
        (PATH, {"metadata": []}, "/metadata"),
        (PATH, {"name": "another"}, "/name"),
        (PATH, {"surprise": 1}, "/surprise"),
        ("event-types/a*", {}, "/name"),
    ],
)
async def test_what_is_wrong_has_its_place(
    client: Client, path: str, body: dict[str, Any], pointer: str
) -> None:
    """422 with a pointer; nothing is kept."""
    refused = await call(client, "PUT", path, body, status=422)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    assert (await call(client, "GET", "event-types"))["items"] == []


async def test_a_trigger_names_an_event_by_its_uid(client: Client, resources: ApiResources) -> None:
    """Its name is found when the workflow is saved, and both are kept, also when sent again."""
    await call(client, "PUT", PATH, {"uid": "EVT1", "type": "ticket:made"}, status=201)
    flow = {"name": "w", "triggers": [{"event_uid": "EVT1"}]}
    made = await call(client, "POST", "workflows", flow, status=201)
    (trigger,) = made["triggers"]
    assert (trigger["event_uid"], trigger["event_name"]) == ("EVT1", "ticket:made")
    found = await call(client, "GET", "workflows?trigger=ticket:made")
    assert [w["id"] for w in found["items"]] == [made["id"]]
    assert await call(client, "PUT", f"workflows/{made['id']}", made) == made
    other = {**flow, "triggers": [{"event_uid": "EVT1", "event_name": "ticket:gone"}]}
    refused = await call(client, "POST", "workflows", other, status=422)
    assert [e["pointer"] for e in refused["errors"]] == ["/triggers/0/event_name"]
    await call(client, "DELETE", PATH, status=204)
    assert await live(resources) == 1


async def test_a_uid_may_be_the_name_of_a_type_unless_another_has_it(client: Client) -> None:
    """What no type has for a uid is looked for among the names."""
    await call(client, "PUT", PATH, {"uid": "EVT1", "type": "ticket:made"}, status=201)
    flow = {"name": "w", "triggers": [{"event_uid": "ticket:created"}]}
    (trigger,) = (await call(client, "POST", "workflows", flow, status=201))["triggers"]
    assert (trigger["event_uid"], trigger["event_name"]) == ("ticket:created", "ticket:made")
    await call(client, "PUT", "event-types/other", {"uid": "ticket:created"}, status=201)
    (trigger,) = (await call(client, "POST", "workflows", flow, status=201))["triggers"]
    assert trigger["event_name"] == "other"


async def test_an_unknown_uid_makes_a_draft_or_nothing(client: Client) -> None:
    """422; as a draft it waits until the type is registered."""
    flow = {"name": "w", "triggers": [{"kind": "manual"}, {"event_uid": "EVT1"}]}
    refused = await call(client, "POST", "workflows", flow, status=422)
    told = [(error["pointer"], error["code"]) for error in refused["errors"]]
    assert told == [("/triggers/1/event_uid", "UNKNOWN_EVENT_TYPE")]
    draft = await call(client, "POST", "workflows", {**flow, "draft": True}, status=201)
    assert draft["problems"] == refused["errors"]
    path = f"workflows/{draft['id']}"
    await call(client, "POST", f"{path}/activate", status=422)
    await call(client, "PUT", PATH, {"uid": "EVT1"}, status=201)
    ready = await call(client, "POST", f"{path}/activate")
    assert ready["triggers"][1]["event_name"] == "ticket:created"


async def test_each_change_is_a_version_and_stays_one(client: Client) -> None:
    """The same again is none; what was deleted and is put again goes on counting."""
    path = "/v1/event-types/ticket:created"

    async def put(**said: Any) -> int:
        async with client.put(path, json=said) as answer:
            return int((await answer.json())["version"])

    async def told(query: str) -> tuple[int, Any]:
        async with client.get(f"{path}{query}") as answer:
            return answer.status, await answer.json()

    numbers = [await put(description=said) for said in ("one", "one", "two", "one")]
    assert numbers == [1, 1, 2, 3]
    _, first = await told("/versions?limit=2")
    _, rest = await told(f"/versions?limit=2&cursor={first['next_cursor']}")
    listed = [(v["version"], v["description"]) for v in (*first["items"], *rest["items"])]
    assert listed == [(3, "one"), (2, "two"), (1, "one")]
    assert len({v["uid"] for v in (*first["items"], *rest["items"])}) == 1
    assert (await told("?version=2"))[1]["description"] == "two"
    assert (await told("?version=4"))[0] == 404
    await client.delete(path)
    assert (await told("/versions"))[0] == 404
    assert await put(description="again") == 4
    assert [v["version"] for v in (await told("/versions"))[1]["items"]] == [4, 3, 2, 1]
