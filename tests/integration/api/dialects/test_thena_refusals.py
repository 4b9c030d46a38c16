"""What Thena's routes refuse, and what they keep as a draft: each with its places."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from uuid import uuid4

from tests.integration.api.asking import OPERATOR
from tests.integration.api.conftest import Client, Serve
from tests.integration.api.dialects.thena import FLOW, TRANSFORM, WORKFLOWS, ask, made

BADLY_WRITTEN: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "/name"),
    ({"name": "x" * 257}, "/name"),
    ({"workflowDefinition": None}, "/workflowDefinition"),
    ({"workflowDefinition": {}}, "/workflowDefinition"),
    ({"workflowDefinition": [7]}, "/workflowDefinition/0"),
    ({"isActive": 1}, "/isActive"),
    ({"filters": []}, "/filters"),
    ({"metadata": []}, "/metadata"),
    ({"triggerEvent": {}}, "/triggerEvent"),
    ({"triggerEvent": 7}, "/triggerEvent"),
    ({"annotations": [{"entityType": "Ticket"}]}, "/annotations/0/pathToAnnotate"),
    ({"annotations": [{"entityType": "T", "pathToAnnotate": "a"}] * 21}, "/annotations"),
    ({"stepIdentifier": "1"}, "/workflowDefinition/0/stepIdentifier"),
    ({"stepIdentifier": 1.5}, "/workflowDefinition/0/stepIdentifier"),
    ({"stepIdentifier": 2**60}, "/workflowDefinition/0/stepIdentifier"),
    ({"activity": {}}, "/workflowDefinition/0/activity/uniqueIdentifier"),
    (
        {"activity": {"uniqueIdentifier": "x", "version": 0}},
        "/workflowDefinition/0/activity/version",
    ),
    ({"input": []}, "/workflowDefinition/0/input"),
    ({"onFailure": "EXPLODE"}, "/workflowDefinition/0/onFailure"),
    ({"executionTimeout": -1}, "/workflowDefinition/0/executionTimeout"),
    ({"dependencies": [1]}, "/workflowDefinition/0/dependencies/0"),
    ({"approver": {"type": "CAT"}}, "/workflowDefinition/0/approver/type"),
    ({"approver": {"timeout": -1}}, "/workflowDefinition/0/approver/timeout"),
    (
        {"retryPolicy": {"maximumAttempts": 0}},
        "/workflowDefinition/0/retryPolicy/maximumAttempts",
    ),
    (
        {"retryPolicy": {"maximumAttempts": 2**60}},
        "/workflowDefinition/0/retryPolicy/maximumAttempts",
    ),
    (
        {"retryPolicy": {"initialInterval": -1}},
        "/workflowDefinition/0/retryPolicy/initialInterval",
    ),
    (
        {"retryPolicy": {"backoffCoefficient": 0}},
        "/workflowDefinition/0/retryPolicy/backoffCoefficient",
    ),
]
CANNOT_RUN: list[tuple[dict[str, Any], str]] = [
    ({"filters": {"a": {"~eqq": 1}}}, "/filters/a/~0eqq"),
    ({"filters": {"a": {"~regex": "("}}}, "/filters/a/~0regex"),
    ({"triggerEvent": "EVT-none"}, "/triggerEvent"),
    (
        {"annotations": [{"entityType": "T", "pathToAnnotate": "a..b"}]},
        "/annotations/0/pathToAnnotate",
    ),
    (
        {
            "annotations": [
                {
                    "entityType": "T",
                    "pathToAnnotate": "a",
                    "requiredFields": {"a/b": "{{payload.id}}"},
                }
            ]
        },
        "/annotations/0/requiredFields/a~1b",
    ),
    ({"input": {"x": ["{{event.id}}"]}}, "/workflowDefinition/0/input/x/0"),
    ({"filters": {"~or": 1}}, "/filters/~0or"),
    (
        {"activity": {"uniqueIdentifier": "transform", "autoUpgradeToLatestVersion": False}},
        "/workflowDefinition/0/activity/version",
    ),
    (
        {"activity": {"uniqueIdentifier": "workflows:sleep-platform"}},
        "/workflowDefinition/0/input",
    ),
    ({"requireApproval": True}, "/workflowDefinition/0/approver/uid"),
    ({"dependencies": ["1"]}, "/workflowDefinition/0/dependencies/0"),
    (
        {
            "compensationActivity": {
                "activity": {"uniqueIdentifier": "x"},
                "input": {"a": "{{b}}"},
            }
        },
        "/workflowDefinition/0/compensationActivity/input/a",
    ),
]


def changed(change: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The workflow with another field, or, as the place says, its step."""
    if place.startswith("/workflowDefinition/0/"):
        return {**FLOW, "workflowDefinition": [{**TRANSFORM, **change}]}
    return {**FLOW, **change}


async def test_what_is_badly_written_is_refused_at_its_place(client: Client) -> None:
    """400 as NestJS writes it: a list of messages, each with its place."""
    for change, place in BADLY_WRITTEN:
        status, refusal = await ask(client, "POST", "", changed(change, place))
        assert (status, refusal["statusCode"], refusal["error"]) == (400, 400, "Bad Request")
        assert any(said.startswith(f"{place}: ") for said in refusal["message"]), (place, refusal)
    assert (await ask(client, "GET"))[1] == []


async def test_what_cannot_run_is_kept_with_its_reasons(client: Client) -> None:
    """201: it is a draft, told where it is wrong; nothing starts it."""
    for change, place in CANNOT_RUN:
        draft = await made(client, **changed(change, place))
        assert not draft["isActive"]
        assert place in [problem["pointer"] for problem in draft["problems"]], (place, draft)
        assert await ask(client, "GET", f"/{draft['uid']}") == (200, draft)


async def test_two_steps_of_one_number_make_a_draft(client: Client) -> None:
    """Dependencies would not know which is meant."""
    draft = await made(client, workflowDefinition=[TRANSFORM, TRANSFORM])
    assert [p["pointer"] for p in draft["problems"]] == ["/workflowDefinition/1/stepIdentifier"]


async def test_refusals_have_thenas_form(serve: Serve) -> None:
    """Whatever refuses: who asks, what is sent, and how."""
    client = await serve(OPERATOR)
    headers = {"x-api-key": OPERATOR}
    written = {**headers, "Content-Type": "application/json"}
    for method, path, status, more in (
        ("GET", "", 401, {}),
        ("PUT", "", 405, {"headers": headers}),
        ("GET", "/registry/nothing/more", 404, {"headers": headers}),
        ("GET", "?limit=0", 400, {"headers": headers}),
        ("GET", "?after=x", 400, {"headers": headers}),
        ("GET", "/executions", 400, {"headers": headers}),
        ("GET", f"/executions?workflowId={uuid4()}&status=RUNNING", 400, {"headers": headers}),
        ("GET", f"/executions?workflowId={uuid4()}&from=now", 400, {"headers": headers}),
        ("POST", "", 400, {"headers": headers, "json": []}),
        ("POST", "", 415, {"headers": headers, "data": "x"}),
        ("POST", "", 413, {"headers": written, "data": BytesIO(b"x" * 2_000_000)}),
        ("POST", "", 400, {"headers": headers, "json": {"trigger_name": "x", "config": {}}}),
    ):
        async with client.request(method, f"{WORKFLOWS}{path}", **more) as answer:
            refusal = await answer.json()
        assert answer.status == refusal["statusCode"] == status, (method, path, refusal)
        assert refusal.keys() == {"statusCode", "message", "error"}
    assert "send it to POST /truto/workflow" in refusal["message"][0]
