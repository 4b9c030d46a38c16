"""Altostrat's documents, for tests."""

from itertools import pairwise
from typing import Any
from uuid import UUID

from services.api.dialects.altostrat.ids import WORKFLOW, written

ID = UUID("4a4de828-f4c9-4bea-8ef4-2d705aec43bc")
FLOW_ID = written(WORKFLOW, ID)

SEED: dict[str, Any] = {
    "name": "New Customer Onboarding",
    "description": "Sends a welcome email when a new site is created.",
    "is_active": True,
    "authorization_id": "auth_01H...",
    "schedule_type": "manual",
    "nodes": [
        {
            "id": "n1",
            "type": "manual_trigger",
            "position": {"x": 100, "y": 100},
            "data": {
                "componentId": "manual_trigger",
                "description": "Manually trigger this onboarding flow.",
            },
        },
        {
            "id": "n2",
            "type": "webhook",
            "position": {"x": 400, "y": 100},
            "data": {
                "componentId": "webhook",
                "method": "POST",
                "url": "https://example.com/api/welcome",
                "body": '{"message": "Welcome!", "run_id": "{{ n1.run_id }}"}',
            },
        },
    ],
    "edges": [{"id": "e1-2", "source": "n1", "target": "n2"}],
}


def node(node_id: str, component: str, **data: Any) -> dict[str, Any]:
    """A node as an editor writes it."""
    return {"id": node_id, "type": component, "data": {"componentId": component, **data}}


def flow(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A workflow whose nodes follow on a manual trigger, one after another."""
    chain = [node("start", "manual_trigger"), *nodes]
    edges = [{"source": one["id"], "target": other["id"]} for one, other in pairwise(chain)]
    asked = {"name": "w", "authorization_id": "auth_1", "nodes": chain, "edges": edges}
    return {**asked, **more}
