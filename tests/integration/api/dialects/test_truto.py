"""Truto's routes: the calls of its own documentation, word for word."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from services.api.login.auth import ENVIRONMENT_HEADER
from tests.integration.api.conftest import Client

ID = "4a4de828-f4c9-4bea-8ef4-2d705aec43bc"
ENVIRONMENT = "05daecaf-4365-42e8-8370-8127de5dd717"
MINIMAL = b"""{
  "id": "4a4de828-f4c9-4bea-8ef4-2d705aec43bc",
  "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
  "trigger_name": "integrated_account:connected",
  "config": {}
}"""
HEADERS = {"Authorization": "Bearer <your_api_token>", "Content-Type": "application/json"}
STEP_CONFIG = (
    '( $sync_job_id := $mapValues(integration.name,{ "calcom":'
    ' "51b79ace-a7b4-4077-93ba-8048a06ece2b" }); { "sync_job_id": $sync_job_id,'
    ' "integrated_account_id": integrated_account_id,'
    ' "webhook_id": "9fda519d-148f-4cc5-bbac-4e373b16e5d4" } )'
)
FULL: dict[str, Any] = {
    "environment_id": ENVIRONMENT,
    "trigger_name": "integrated_account:connected",
    "label": "Sync calcom",
    "config": {
        "run_if": "integration.name = 'calcom'",
        "steps": [
            {"type": "run", "action": "run_sync_job", "config": STEP_CONFIG, "note": "kept"},
            {"action": "run_sync_job", "config": {"sync_job_id": "{{id:str}}"}, "run_if": "true"},
        ],
        "colour": "kept too",
    },
}


@pytest.fixture
def client(client: Client) -> Client:
    """A client that works in the environment of the documented requests."""
    client.session.headers[ENVIRONMENT_HEADER] = ENVIRONMENT
    return client


async def test_the_documented_minimal_request_is_answered_with_the_documented_fields(
    client: Client,
) -> None:
    """POST answers exactly the documented fields, and GET the same again."""
    async with client.post("/truto/workflow", data=MINIMAL, headers=HEADERS) as answer:
        created = await answer.json()
        assert answer.status == 201
    assert created.keys() == {
        *("id", "environment_id", "trigger_name", "config", "created_at", "updated_at")
    }
    assert created["id"] == ID
    assert created["config"] == {}
    async with client.get(f"/truto/workflow/{ID}") as answer:
        assert (answer.status, await answer.json()) == (200, created)


async def test_every_field_of_a_full_request_comes_back(client: Client) -> None:
    """Fields that mean nothing to Turnout, at any depth, are kept."""
    created = await _create(client, FULL)
    assert FULL.items() <= created.items()
    assert "problems" not in created
    async with client.get(f"/v1/workflows/{created['id']}") as answer:
        native = await answer.json()
    assert native["lifecycle"] == "ready"
    assert [step["input"]["lang"] for step in native["steps"]] == ["jsonata", "placeholder"]
    assert native["steps"][1]["depends_on"] == ["s0"]


async def test_the_same_request_again_changes_nothing(client: Client) -> None:
    """An id makes the creation idempotent, also for requests at the same time."""
    answers = await asyncio.gather(
        *(client.post("/truto/workflow", data=MINIMAL, headers=HEADERS) for _ in range(5))
    )
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 200, 201]
    documents = [await answer.json() for answer in answers]
    assert all(document == documents[0] for document in documents)
    assert await _version(client, ID) == 1


async def test_another_request_under_the_same_id_is_refused(client: Client) -> None:
    """It would change a workflow in silence; the answer names PATCH."""
    await _create(client, {**FULL, "id": ID})
    async with client.post("/truto/workflow", data=MINIMAL, headers=HEADERS) as answer:
        refusal = await answer.json()
    assert (answer.status, refusal["statusCode"], refusal["error"]) == (409, 409, "ConflictError")
    assert "PATCH" in refusal["message"]


async def test_patch_makes_a_version_and_delete_ends_the_workflow(client: Client) -> None:
    """A change gives version 2, the same change again nothing; after delete all is 404."""
    created = await _create(client, FULL)
    path = f"/truto/workflow/{created['id']}"
    for _ in range(2):
        async with client.patch(path, json={"trigger_name": "test"}) as answer:
            changed = await answer.json()
        assert (changed["trigger_name"], changed["config"]) == ("test", FULL["config"])
        assert changed["created_at"] == created["created_at"]
    assert await _version(client, created["id"]) == 2
    for _ in range(2):
        async with client.patch(path, json=changed) as answer:
            assert await answer.json() == changed
    assert await _version(client, created["id"]) == 2
    note = {"note": "means nothing to Turnout"}
    async with client.patch(path, json={**changed, **note, "created_at": "long ago"}) as answer:
        noted = await answer.json()
    assert noted == {**changed, **note, "updated_at": noted["updated_at"]}
    assert await _version(client, created["id"]) == 3
    async with client.delete(path) as answer:
        assert (answer.status, await answer.json()) == (200, {"id": created["id"]})
    for response in (client.get(path), client.delete(path), client.patch(path, json={})):
        async with response as answer:
            assert answer.status == 404
            assert (await answer.json())["error"] == "NotFoundError"


async def test_the_list_is_walked_page_by_page(client: Client) -> None:
    """Cursors lead through every workflow once, in the order of creation, and back."""
    ids = [(await _create(client, {**FULL, "trigger_name": f"e:{n % 2}"}))["id"] for n in range(5)]

    async def listed(**query: str) -> Any:
        async with client.get("/truto/workflow", params={"limit": "2", **query}) as answer:
            page = await answer.json()
        return [workflow["id"] for workflow in page["result"]], page

    seen, page = await listed()
    assert (seen, page["prev_cursor"]) == (ids[:2], None)
    # Truto's clients send an empty cursor for the first page.
    for empty in ({"next_cursor": ""}, {"prev_cursor": ""}):
        assert await listed(**empty) == (seen, page)
    seen, second = await listed(next_cursor=page["next_cursor"])
    assert seen == ids[2:4]
    seen, last = await listed(next_cursor=second["next_cursor"])
    assert (seen, last["next_cursor"]) == (ids[4:], None)
    assert (await listed(next_cursor=page["next_cursor"], prev_cursor=""))[1] == second
    # Truto's clients hand either cursor to either parameter.
    for name in ("prev_cursor", "next_cursor"):
        assert (await listed(**{name: last["prev_cursor"]}))[1] == second
        assert (await listed(**{name: second["prev_cursor"]}))[1] == page
    async with client.get("/truto/workflow", params={"trigger_name": "e:1"}) as answer:
        assert [w["id"] for w in (await answer.json())["result"]] == [ids[1], ids[3]]


async def test_a_step_on_a_schedule_comes_back_as_it_was_sent(client: Client) -> None:
    """Natively it is done at those times, in UTC; a line that is never due is refused."""
    line = "0 */6 * * *"
    config = {"steps": [{"action": "run_sync_job", "cron_expression": line}]}
    created = await _create(client, {**FULL, "config": config})
    assert (created["config"], "problems" in created) == (config, False)
    async with client.get(f"/v1/workflows/{created['id']}") as answer:
        native = await answer.json()
    assert (native["lifecycle"], native["steps"][0]["schedule"]) == (
        "ready",
        {"kind": "cron", "value": line, "timezone": "UTC"},
    )


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"run_if": "integration.name ="}, "/config/run_if"),
        ({"steps": [{"action": "no_such_action"}]}, "/config/steps/0/action"),
        ({"steps": [{"action": "transform", "config": "1 +"}]}, "/config/steps/0/config"),
        ({"steps": [{"action": "transform", "config": 7}]}, "/config/steps/0/config"),
        ({"steps": [{"type": "walk", "action": "transform"}]}, "/config/steps/0/type"),
        ({"steps": [{}]}, "/config/steps/0/action"),
        (
            {"steps": [{"action": "transform", "cron_expression": "* * * * * *"}]},
            "/config/steps/0/cron_expression",
        ),
        (
            {"steps": [{"action": "transform", "cron_expression": "0 6 31 2 *"}]},
            "/config/steps/0/cron_expression",
        ),
        ({"steps": {}}, "/config/steps"),
        ([], "/config"),
        (None, "/config"),
    ],
)
async def test_what_cannot_run_is_refused_at_its_place(
    client: Client, config: object, place: str
) -> None:
    """The answer has Truto's form and status, and names the place in the request."""
    async with client.post("/truto/workflow", json={"config": config}) as answer:
        refusal = await answer.json()
    assert (answer.status, refusal["statusCode"]) == (400, 400)
    assert refusal.keys() == {"statusCode", "error", "message"}
    assert refusal["error"] == "BadRequestError"
    assert refusal["message"].startswith(place)


async def _create(client: Client, document: Mapping[str, Any]) -> dict[str, Any]:
    async with client.post("/truto/workflow", json=document) as answer:
        created: dict[str, Any] = await answer.json()
        assert answer.status == 201, created
    return created


async def _version(client: Client, workflow_id: str) -> int:
    async with client.get(f"/v1/workflows/{workflow_id}") as answer:
        version: int = (await answer.json())["version"]
    return version


@pytest.mark.parametrize(
    ("create", "change", "document", "renamed"),
    [
        ("/truto/workflow", "PATCH /truto/workflow/{}", FULL, {"label": "another"}),
        (
            "/sixtyfour/workflows/create_workflow",
            "POST /sixtyfour/workflows/update_workflow?workflow_id={}",
            {
                "workflow_name": "one",
                "workflow_description": "",
                "workflow_definition": {"blocks": [], "edges": []},
            },
            {"workflow_name": "another"},
        ),
    ],
)
async def test_a_change_that_cannot_say_it_leaves_a_workflow_inactive(
    client: Client, create: str, change: str, document: dict[str, Any], renamed: dict[str, Any]
) -> None:
    """Nor does creating it again under its id, which is no other content."""
    async with client.post(create, json=document) as answer:
        id_ = (await answer.json())["id"]
    native = f"/v1/workflows/{id_}"
    async with client.post(f"{native}/deactivate") as answer:
        assert answer.status == 200
    async with client.post(create, json={**document, "id": id_}) as answer:
        assert answer.status == 200
    method, path = change.format(id_).split()
    async with client.request(method, path, json=renamed) as answer:
        assert answer.status == 200
    async with client.get(native) as answer:
        found = await answer.json()
    assert (found["name"], found["is_active"]) == ("another", False)
