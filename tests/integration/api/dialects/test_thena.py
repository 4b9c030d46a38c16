"""Thena's routes: the calls of its own documentation, word for word."""

import asyncio
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from tests.integration.api.asking import OPERATOR
from tests.integration.api.conftest import Client, Serve
from tests.integration.api.dialects.thena import TRANSFORM, ask, made, put

SCRIPT = Path("examples/thena/create.sh")

# The documented answer: its fields, and of what type each is.
NUMBER = (int, float)
ACTIVITY = {
    "name": str,
    "uniqueIdentifier": str,
    "version": NUMBER,
    "autoUpgradeToLatestVersion": bool,
}
STEP = {
    "stepIdentifier": NUMBER,
    "activity": ACTIVITY,
    "input": dict,
    "retryPolicy": {
        "maximumAttempts": NUMBER,
        "initialInterval": NUMBER,
        "backoffCoefficient": NUMBER,
    },
    "onFailure": str,
    "isSleepActivity": bool,
    "executionTimeout": NUMBER,
    "approver": {"type": str, "uid": str, "timeout": NUMBER},
    "dependencies": list,
    "filters": dict,
    "compensationActivity": dict,
}
DOCUMENTED = {
    "uid": str,
    "type": str,
    "subType": str,
    "uniqueIdentifier": str,
    "name": str,
    "version": NUMBER,
    "triggerEvent": {
        "uid": str,
        "description": str,
        "eventName": str,
        "source": str,
        "schema": dict,
        "metadata": dict,
    },
    "filters": dict,
    "annotations": list,
    "workflowDefinition": [STEP],
    "executingAgent": str,
    "isActive": bool,
    "createdAt": str,
    "updatedAt": str,
    "createdBy": str,
    "teamId": str,
    "metadata": dict,
}


def has(document: Any, kinds: Any) -> bool:
    """Whether a document has every field, of its type."""
    match kinds:
        case dict():
            return all(name in document and has(document[name], k) for name, k in kinds.items())
        case [kind]:
            return all(has(item, kind) for item in document)
        case _:
            return isinstance(document, kinds)


async def created(client: Client, token: str) -> Any:
    """What the documented call, run by a shell, is answered with: by its status, and in JSON."""
    process = await asyncio.create_subprocess_exec(
        *("sh", str(SCRIPT)),
        env={
            **os.environ,
            "TURNOUT_URL": str(client.make_url("")).rstrip("/"),
            "TURNOUT_TOKEN": token,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, told = await process.communicate()
    assert process.returncode == 0, told.decode()
    return orjson.loads(said)


def documented() -> Any:
    """The body of the documented call."""
    return orjson.loads(SCRIPT.read_text().partition("--data '")[2].rstrip().removesuffix("'"))


async def test_the_documented_call_is_answered_as_documented(serve: Serve) -> None:
    """Every field of the documented answer, of its type; of its placeholders a draft is made."""
    shown = await created(await serve(OPERATOR), OPERATOR)
    assert has(shown, DOCUMENTED), shown
    assert not shown["isActive"]
    assert {problem["pointer"] for problem in shown["problems"]} == {
        "/triggerEvent",
        "/workflowDefinition/0/activity/uniqueIdentifier",
        "/workflowDefinition/0/dependencies/0",
        "/workflowDefinition/0/approver/uid",
        "/workflowDefinition/0/compensationActivity/activity/uniqueIdentifier",
    }


async def test_a_draft_is_switched_on_once_its_placeholders_are_filled_in(client: Client) -> None:
    """Before that each reason is told, at its place; 201 and 422 as Thena's clients know them."""
    status, draft = await ask(client, "POST", "", documented())
    assert status == 201
    status, refusal = await ask(client, "POST", f"/{draft['uid']}/toggle")
    assert (status, refusal["statusCode"]) == (422, 422)
    assert refusal["error"] == "Unprocessable Entity"
    for problem in draft["problems"]:
        assert f"{problem['pointer']}: {problem['detail']}" in refusal["message"]
    await put(client, "event-types/<string>", {"description": "A ticket is there."})
    await put(client, "actions/<string>", {"transport": "worker"})
    (step,) = documented()["workflowDefinition"]
    filled = {**step, "dependencies": [], "approver": {"type": "TEAM", "uid": "T1"}}
    status, ready = await ask(client, "PATCH", f"/{draft['uid']}", {"workflowDefinition": [filled]})
    assert (status, ready["isActive"], "problems" in ready) == (200, True, False)
    assert ready["triggerEvent"]["description"] == "A ticket is there."
    assert ready["version"] == 2
    for wanted in (False, True):
        status, switched = await ask(client, "POST", f"/{draft['uid']}/toggle")
        assert (status, switched["isActive"], switched["version"]) == (200, wanted, 2)
    status, same = await ask(client, "POST", f"/{draft['uid']}/toggle", {"isActive": True})
    assert (status, same["isActive"]) == (200, True)


async def test_what_keeps_a_live_workflow_from_running_is_no_edit(client: Client) -> None:
    """422 with the place, and it stays as it was; what is badly written is 400."""
    flow = await made(client, isActive=True)
    broken = [{**TRANSFORM, "activity": {"uniqueIdentifier": "no-such"}}]
    status, refusal = await ask(client, "PATCH", f"/{flow['uid']}", {"workflowDefinition": broken})
    assert status == 422
    assert refusal["message"][1].startswith("/workflowDefinition/0/activity/uniqueIdentifier: ")
    status, refusal = await ask(client, "PATCH", f"/{flow['uid']}", {"workflowDefinition": 7})
    assert (status, refusal["error"]) == (400, "Bad Request")
    assert await ask(client, "GET", f"/{flow['uid']}") == (200, flow)


async def test_a_change_makes_a_version_and_keeps_what_it_does_not_name(client: Client) -> None:
    """Also when it is the whole answer, sent back; whether it is active stays as it was."""
    flow = await made(client, teamId="T1", extra={"kept": [None, 1.5]}, isActive=False)
    path = f"/{flow['uid']}"
    assert (flow["version"], flow["isActive"], flow["extra"]) == (1, False, {"kept": [None, 1.5]})
    assert await ask(client, "PATCH", path, flow) == (200, flow)
    status, changed = await ask(client, "PATCH", path, {**flow, "teamId": "T2"})
    assert (status, changed["version"], changed["teamId"]) == (200, 2, "T2")
    assert changed["isActive"] is False
    _, changed = await ask(client, "PATCH", path, {"extra": {"kept": [None, 1.5, 1]}})
    _, changed = await ask(client, "PATCH", path, {"extra": {"kept": [None, 1.5, True]}})
    assert changed["extra"]["kept"][2] is True
    await ask(client, "POST", f"{path}/toggle")
    status, changed = await ask(client, "PATCH", path, {"name": "Other"})
    assert (changed["isActive"], changed["name"]) == (True, "Other")


async def test_null_clears_a_field_and_switches_nothing(client: Client) -> None:
    """Whether it is active cannot be cleared: null says nothing of it, on or off."""
    for is_active in (False, True):
        flow = await made(client, isActive=is_active, teamId="T1", filters={"a": {"~eq": 1}})
        cleared = {"isActive": None, "teamId": None, "filters": None}
        status, changed = await ask(client, "PATCH", f"/{flow['uid']}", cleared)
        assert (status, changed["version"], changed["isActive"]) == (200, 2, is_active)
        assert (changed["teamId"], changed["filters"]) == (None, {})
        switch = {"isActive": None}
        assert await ask(client, "PATCH", f"/{flow['uid']}", switch) == (200, changed)


async def test_null_takes_a_field_out_of_the_document(client: Client) -> None:
    """Whoever wrote it; where there is none nothing changes, and null that was created stays so."""
    flow = await made(client, team="x", filters=None)
    path, nothing = f"/{flow['uid']}", {"filters": None, "executingAgent": None, "metadata": None}
    assert await ask(client, "PATCH", path, nothing) == (200, flow)
    status, without = await ask(client, "PATCH", path, {**nothing, "team": None})
    assert (status, without["version"], "team" in without) == (200, 2, False)
    assert await ask(client, "PATCH", path, {"team": None, "other": None}) == (200, without)
    assert await ask(client, "PATCH", path, without) == (200, without)
    status, _ = await ask(client, "PATCH", path, {"name": None})
    assert status == 400


async def test_a_draft_is_switched_off_by_its_author(client: Client) -> None:
    """Before it is mended, or with it: then it stays off; an answer sent back says nothing."""
    broken = {"workflowDefinition": [{**TRANSFORM, "activity": {"uniqueIdentifier": "none"}}]}
    mended = {"workflowDefinition": [TRANSFORM]}
    off = {"isActive": False}
    for first, then, wanted in (
        (off, mended, False),
        ({}, {**mended, **off}, False),
        ({}, {}, True),
    ):
        draft = await made(client, **broken)
        path = f"/{draft['uid']}"
        await ask(client, "PATCH", path, first)
        status, ready = await ask(client, "PATCH", path, then or {**draft, **mended})
        assert (status, ready["isActive"], "problems" in ready) == (200, wanted, False)


async def test_workflows_are_listed_in_their_order_and_deleted(client: Client) -> None:
    """Those of other words are not among them, nor to be found by their ids."""
    flows = [await made(client, name=f"W{n}") for n in range(3)]
    async with client.post("/v1/workflows", json={"name": "native"}) as answer:
        native = (await answer.json())["id"]
    status, listed = await ask(client, "GET")
    assert (status, listed) == (200, flows)
    after = f"?after={flows[0]['uid']}&limit=1"
    assert await ask(client, "GET", after) == (200, [flows[1]])
    uid = flows[0]["uid"]
    assert await ask(client, "DELETE", f"/{uid}") == (200, {"uid": uid, "uniqueIdentifier": uid})
    for method, path in (
        ("GET", f"/{uid}"),
        ("PATCH", f"/{uid}"),
        ("DELETE", f"/{uid}"),
        ("POST", f"/{uid}/toggle"),
        ("GET", f"/{native}"),
        ("DELETE", f"/{native}"),
        ("POST", f"/{native}/toggle"),
        ("GET", f"/executions?workflowId={native}"),
        ("GET", f"/executions/{uuid4()}"),
        ("GET", f"/{uid}/tasks"),
        ("GET", "/nothing"),
    ):
        status, refusal = await ask(client, method, path, {} if method == "PATCH" else None)
        assert (status, refusal.keys()) == (404, {"statusCode", "message", "error"}), path
        assert (refusal["statusCode"], refusal["error"]) == (404, "Not Found")
