"""Lint, validation and dry runs in a system's words: the places are those of its document."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import pytest

from tests.integration.api.asking import Asker
from tests.support.served import Client

Document = dict[str, Any]
Places = set[tuple[str, str]]

CALL: Final = "charge"

TRUTO: Final[Document] = {
    "label": "l",
    "trigger_name": "order:placed",
    "config": {
        "run_if": "1 = 2",
        "steps": [
            {"type": "run", "action": CALL, "config": {}},
            {"type": "run", "action": "transform", "config": "{}", "run_if": "1 = 2"},
        ],
    },
}
ALTOSTRAT: Final[Document] = {
    "name": "a",
    "authorization_id": "auth_1",
    "nodes": [
        {"id": "start", "type": "manual_trigger"},
        {"id": "say", "type": CALL, "data": {"x": 1}},
    ],
    "edges": [{"source": "start", "target": "say"}],
}
SIXTYFOUR: Final[Document] = {
    "workflow_name": "s",
    "workflow_description": "d",
    "workflow_definition": {
        "blocks": [
            {
                "sequence_number": n,
                "block_type": kind,
                "block_name": name,
                "block_id": name,
                "specs": {},
            }
            for n, kind, name in ((1, "source", "webhook"), (2, "enrich", CALL))
        ],
        "edges": [{"from_block_id": "webhook", "to_block_id": CALL, "condition": "1 = 2"}],
    },
}
THENA: Final[Document] = {
    "name": "t",
    "workflowDefinition": [
        {
            "stepIdentifier": 1,
            "activity": {"uniqueIdentifier": CALL},
            "input": {},
            "retryPolicy": {"maximumAttempts": 5},
        }
    ],
    "teamId": "team",
}
TRANSACTIONLINK: Final[Document] = {
    "name": "n",
    "dialect": "transactionlink",
    "triggers": [{"event_name": "order:placed"}],
    "run_if": "1 = 2",
    "steps": [{"id": "pay", "action": CALL}],
}

FOUND: Final[Mapping[str, tuple[Document, Places]]] = {
    "truto": (
        TRUTO,
        {
            ("ALWAYS_FALSE", "/config/run_if"),
            ("NOT_IDEMPOTENT", "/config/steps/0"),
            ("NEVER_RUNS", "/config/steps/1/run_if"),
        },
    ),
    "altostrat": (ALTOSTRAT, {("NOT_IDEMPOTENT", "/nodes/1/data")}),
    "sixtyfour": (
        SIXTYFOUR,
        {
            ("ALWAYS_FALSE", "/workflow_definition/edges/0/condition"),
            ("NEVER_RUNS", "/workflow_definition/blocks/1"),
            ("NOT_IDEMPOTENT", "/workflow_definition/blocks/1"),
        },
    ),
    "thena": (
        THENA,
        {("NOT_IDEMPOTENT", "/workflowDefinition/0/retryPolicy/maximumAttempts")},
    ),
    "transactionlink": (
        TRANSACTIONLINK,
        {("ALWAYS_FALSE", "/run_if"), ("NOT_IDEMPOTENT", "/steps/0/retry/max_attempts")},
    ),
}

UNKNOWN: Final = {
    "truto": "/config/steps/0/action",
    "altostrat": "/nodes/1/data/componentId",
    "sixtyfour": "/workflow_definition/blocks/1/block_name",
    "thena": "/workflowDefinition/0/activity/uniqueIdentifier",
    "transactionlink": "/steps/0/action",
}
"""Where an action is named that nobody has registered."""


async def registered(asker: Asker) -> None:
    """An action that may not be repeated."""
    action = {"transport": "worker", "metadata": {"idempotent": False}}
    status, told = await asker.ask("PUT", f"/v1/actions/{CALL}", action)
    assert status == 201, told


@pytest.mark.parametrize("system", FOUND)
async def test_what_is_odd_is_told_where_it_was_written(client: Client, system: str) -> None:
    """A place that the document has not is the nearest that it has."""
    asker, (document, expected) = Asker(client), FOUND[system]
    await registered(asker)
    status, told = await asker.ask("POST", "/v1/workflows/lint", deepcopy(document))
    assert status == 200, told
    assert {(one["code"], one["pointer"]) for one in told["findings"]} == expected


@pytest.mark.parametrize("system", UNKNOWN)
@pytest.mark.parametrize("route", ["lint", "validate"])
async def test_what_keeps_it_from_running_is_told_there_too(
    client: Client, system: str, route: str
) -> None:
    """Of an action that nobody has registered, both routes say where it is named."""
    document = deepcopy(FOUND[system][0])
    status, told = await Asker(client).ask("POST", f"/v1/workflows/{route}", document)
    assert status == 200, told
    [problem] = told["findings" if route == "lint" else "problems"]
    assert (problem["code"], problem["pointer"]) == ("UNKNOWN_ACTION", UNKNOWN[system])


@pytest.mark.parametrize("system", UNKNOWN)
async def test_what_cannot_be_tried_says_where_it_is_wrong(client: Client, system: str) -> None:
    """Below the body's own field, in which the document stands."""
    body = {"document": FOUND[system][0], "event": {"id": "e", "type": "x", "data": {}}}
    status, told = await Asker(client).ask("POST", "/v1/workflows/dry-run", body)
    assert status == 422, told
    assert [one["pointer"] for one in told["errors"]] == [f"/document{UNKNOWN[system]}"]
