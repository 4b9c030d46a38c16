"""Asking Thena's routes."""

from collections.abc import Mapping
from typing import Any

from tests.integration.api.conftest import Client

WORKFLOWS = "/thena/api/v1/workflows"

TRANSFORM = {"stepIdentifier": 1, "activity": {"uniqueIdentifier": "transform"}, "input": {"a": 1}}
FLOW: dict[str, Any] = {"name": "Triage", "workflowDefinition": [TRANSFORM]}


async def ask(client: Client, method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
    """The status and the document of an answer."""
    async with client.request(method, f"{WORKFLOWS}{path}", json=body) as answer:
        return answer.status, await answer.json()


async def made(client: Client, **said: Any) -> Any:
    """A workflow."""
    status, document = await ask(client, "POST", "", {**FLOW, **said})
    assert status == 201, document
    return document


async def put(client: Client, path: str, body: Mapping[str, Any]) -> None:
    """Register something natively."""
    async with client.put(f"/v1/{path}", json=body) as answer:
        assert answer.status in (200, 201), await answer.text()
