"""What is plain, changed into something hostile by each route that changes something."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tests.contract.hostile_expressions import NATIVE, Sent
from tests.unit.dialects.altostrat_documents import flow, node

_STEP: Final = {"id": "a", "action": "transform", "input": {"src": [1]}}
_ACTIVITY: Final = {"stepIdentifier": 1, "activity": {"uniqueIdentifier": "transform"}}
_BLOCK: Final = {
    "sequence_number": 0,
    "block_type": "t",
    "block_name": "webhook",
    "specs": {},
    "block_id": "b0",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A plain document of a kind, the name of its id in the answer, and what changes it."""

    plain: Mapping[str, Any]
    id_name: str
    method: str
    path: str


def change_of(sent: Sent) -> Change | None:
    """How something plain becomes what was sent; None: nothing does.

    What is plain is started by the same events.
    """
    if sent.route not in _WAYS:
        return None
    id_name, method, path = _WAYS[sent.route]
    return Change(_plain(sent)[sent.route], id_name, method, path)


def _plain(sent: Sent) -> Mapping[str, Mapping[str, Any]]:
    native = {"name": sent.title, "triggers": [{"event_name": sent.title}], "steps": [_STEP]}
    dialect = {"dialect": sent.body["dialect"]} if "dialect" in sent.body else {}
    thena = {"name": sent.title, "triggerEvent": sent.title, "workflowDefinition": [_ACTIVITY]}
    truto = {"trigger_name": sent.title, "config": {"steps": [{"action": "transform"}]}}
    sixtyfour = {"workflow_name": sent.title, "workflow_description": "d"}
    return {
        NATIVE: {**native, **dialect},
        "POST /truto/workflow": truto,
        "POST /thena/api/v1/workflows": thena,
        "POST /altostrat/workflows": flow(node("n", "respond", body={"a": 1})),
        "POST /sixtyfour/workflows/create_workflow": {
            **sixtyfour,
            "workflow_definition": {"blocks": [_BLOCK], "edges": []},
        },
        "POST /v1/webhook-endpoints": {"name": "n", "event_type": "never"},
    }


_WAYS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        NATIVE: ("id", "PUT", "/v1/workflows/{}"),
        "POST /truto/workflow": ("id", "PATCH", "/truto/workflow/{}"),
        "POST /thena/api/v1/workflows": ("uid", "PATCH", "/thena/api/v1/workflows/{}"),
        "POST /altostrat/workflows": ("id", "PUT", "/altostrat/workflows/{}"),
        "POST /sixtyfour/workflows/create_workflow": (
            *("id", "POST"),
            "/sixtyfour/workflows/update_workflow?workflow_id={}",
        ),
        "POST /v1/webhook-endpoints": ("id", "PUT", "/v1/webhook-endpoints/{}"),
    }
)
"""By the route that makes one."""
