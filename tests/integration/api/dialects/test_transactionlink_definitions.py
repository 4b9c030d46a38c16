"""Definitions that TransactionLink starts, in Turnout's own words."""

from typing import Any
from uuid import uuid4

from services.cli.workflow.canonical import canonical
from tests.integration.api.conftest import Client

FLOW: dict[str, Any] = {
    "name": "onboarding",
    "dialect": "transactionlink",
    "steps": [{"id": "see", "action": "transform", "input": {"lang": "jsonata", "src": "locale"}}],
}


async def ask(client: Client, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and document that a request is answered with."""
    async with client.request(method, f"/v1/workflows{path}", json=body) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_its_dialect_stays_through_reading_and_writing(client: Client) -> None:
    """What is read may be written, and changes nothing; a change makes a version."""
    status, made = await ask(client, "POST", "", FLOW)
    assert (status, made["dialect"], made["version"]) == (201, "transactionlink", 1)
    path = f"/{made['id']}"
    assert await ask(client, "POST", "", {**FLOW, "id": made["id"]}) == (200, made)
    assert await ask(client, "PUT", path, made) == (200, made)
    assert (await ask(client, "POST", f"{path}/diff", made))[1]["is_same"] is True
    status, changed = await ask(client, "PUT", path, {**made, "name": "other"})
    assert (status, changed["dialect"], changed["version"]) == (200, "transactionlink", 2)
    latest = (await ask(client, "GET", f"{path}/versions"))[1]["items"][0]
    assert latest["dialect"] == "transactionlink"


async def test_a_workflow_does_not_change_its_dialect(client: Client) -> None:
    """In neither direction; the words of another system say nothing in a document of ours."""
    _, made = await ask(client, "POST", "", FLOW)
    _, native = await ask(client, "POST", "", {**FLOW, "dialect": "native"})
    assert native["dialect"] == "native"
    for there, dialect in ((made, "native"), (native, "transactionlink")):
        status, refusal = await ask(client, "PUT", f"/{there['id']}", {**FLOW, "dialect": dialect})
        assert (status, there["dialect"] in refusal["detail"]) == (409, True)
    for word in ("truto", "latin", None, 7, ["transactionlink"]):
        status, kept = await ask(client, "PUT", f"/{native['id']}", {**FLOW, "dialect": word})
        assert (status, kept["dialect"]) == (200, "native")


async def test_a_dry_run_sees_what_its_dialect_sees(client: Client) -> None:
    """As it would be started: by the payload's own locale."""
    event = {"event": "x", "id": str(uuid4()), "payload": {"locale": "uk", "parameters": {}}}
    body = {"document": {**FLOW, "triggers": [{"event_name": "x"}]}, "event": event}
    status, told = await ask(client, "POST", "/dry-run", body)
    assert status == 200
    assert [step["input"]["value"] for step in told["steps"]] == ["uk"]


def test_a_file_says_its_dialect() -> None:
    """An exported file is a definition of the same dialect; a native one does not say so."""
    assert canonical({**FLOW, "version": 3})["dialect"] == "transactionlink"
    assert "dialect" not in canonical({**FLOW, "dialect": "native"})
