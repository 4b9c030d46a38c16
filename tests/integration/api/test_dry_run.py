"""What an event would do, over the API; nothing of it is done."""

from typing import Any
from uuid import UUID

import pytest

from services.api.resources import ApiResources
from shared.db.pool import Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT, WorkflowId, event_key, execution_id
from tests.integration.api.asking import Asker
from tests.integration.api.conftest import Client

FLOW: dict[str, Any] = {
    "name": "order",
    "triggers": [{"event_name": "order:placed"}],
    "run_if": "payload.total > 0",
    "steps": [
        {
            "id": "shape",
            "action": "transform",
            "input": {"lang": "jsonata", "src": "{'n': payload.total * 2}"},
        },
        {"id": "large", "kind": "condition", "condition": "steps.shape.output.n > 100"},
        {"id": "ask", "kind": "approval"},
        {
            "id": "call",
            "action": "http_request",
            "input": {
                "lang": "placeholder",
                "src": {"n": "{{steps.shape.output.n:int}}", "key": "{{secrets.stock}}"},
            },
        },
        {
            "id": "tell",
            "action": "transform",
            "input": {"lang": "jsonata", "src": "steps.call.output.id"},
        },
        {"id": "odd", "action": "transform", "run_if": "payload.total < 0"},
    ],
    "edges": [
        {"from": "shape", "to": "large"},
        {"from": "large", "to": "ask", "handle": "true"},
        {"from": "large", "to": "call", "handle": "false"},
        {"from": "call", "to": "tell"},
        {"from": "shape", "to": "odd"},
    ],
}
EVENT: dict[str, Any] = {
    "event": "order:placed",
    "id": "e1",
    "source": "shop",
    "payload": {"total": 5},
}
WRITTEN = (
    "SELECT (SELECT count(*) FROM workflows) + (SELECT count(*) FROM bus_records)"
    " + (SELECT count(*) FROM audit_log) + (SELECT count(*) FROM events)"
)


async def dry_run(client: Client, event: Any, document: Any = None, path: str = "") -> Any:
    """The answer to a dry run, which is a 200."""
    body = {"event": event} if document is None else {"event": event, "document": document}
    status, found = await Asker(client).ask("POST", f"/v1/workflows{path}/dry-run", body)
    assert status == 200, found
    return found


def by_id(found: Any) -> dict[str, Any]:
    """The steps by their ids."""
    return {step["id"]: step for step in found["steps"]}


def known(value: Any) -> dict[str, Any]:
    """Something that the event alone tells."""
    return {"state": "known", "value": value, "is_cut": False, "needs": [], "error": None}


async def test_steps_are_foreseen_as_far_as_the_event_tells(client: Client, pool: Pool) -> None:
    """Which run, in which order, with what; secrets are references, open outcomes are named."""
    before = await pool.fetchval(WRITTEN)
    found = await dry_run(client, EVENT, FLOW)
    assert await pool.fetchval(WRITTEN) == before
    assert found["decision"] == {
        "workflow_version": None,
        "is_match": True,
        "reason": "MATCHED",
        "detail": None,
    }
    steps = by_id(found)
    runs = {name: (step["level"], step["runs"], step["reason"]) for name, step in steps.items()}
    assert runs == {
        "shape": (0, "yes", None),
        "large": (1, "yes", None),
        "odd": (1, "no", "run_if"),
        "ask": (2, "no", "edges"),
        "call": (2, "yes", None),
        "tell": (3, "depends", None),
    }
    assert list(runs)[-1] == "tell"
    assert steps["shape"]["input"] == known({"n": 10})
    assert steps["large"]["choice"] == known("false")
    assert steps["odd"]["tests"]["run_if"] == known(False)
    assert steps["call"]["input"] == known({"n": 10, "key": "{{secrets.stock}}"})
    assert steps["tell"]["depends_on"] == ["call"]
    assert (steps["tell"]["input"]["state"], steps["tell"]["input"]["needs"]) == ("needs", ["call"])


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({**EVENT, "event": "order:paid"}, "NO_TRIGGER"),
        ({**EVENT, "payload": {"total": 0}}, "RUN_IF_FALSE"),
        ({**EVENT, "payload": {}}, "RUN_IF_UNDEFINED"),
        ({**EVENT, "payload": {"total": "x"}}, "RUN_IF_ERROR"),
        ({**EVENT, "environment_id": "e0000000-0000-4000-8000-000000000000"}, "OTHER_ENVIRONMENT"),
    ],
)
async def test_an_event_that_starts_nothing(client: Client, event: Any, reason: str) -> None:
    """The matcher's own reason, in its words, and no steps."""
    found = await dry_run(client, event, FLOW)
    decision = found["decision"]
    assert (decision["is_match"], decision["reason"]) == (False, reason)
    assert decision["detail"]
    assert (found["steps"], found["execution_id"]) == ([], None)


async def test_a_registered_workflow_as_it_stands(client: Client) -> None:
    """With its version, and the id that its execution would have; one that is off starts not."""
    asker = Asker(client)
    _, made = await asker.ask("POST", "/v1/workflows", FLOW)
    path = f"/{made['id']}"
    found = await dry_run(client, EVENT, path=path)
    key = event_key(DEFAULT_ENVIRONMENT, "shop", "e1")
    assert found["event_key"] == str(key)
    assert found["execution_id"] == str(execution_id(WorkflowId(UUID(made["id"])), key))
    assert found["decision"]["workflow_version"] == 1
    await asker.ask("POST", f"/v1/workflows{path}/deactivate")
    assert (await dry_run(client, EVENT, path=path))["decision"]["reason"] == "INACTIVE"
    other = await dry_run(client, EVENT, {**FLOW, "run_if": "false"}, path)
    assert other["decision"]["reason"] == "RUN_IF_FALSE"
    assert other["decision"]["workflow_version"] is None


async def test_an_expression_that_fails_is_told_at_its_step(client: Client) -> None:
    """What only it leads to does not run; what goes on past failures does."""
    broken = {"lang": "jsonata", "src": "payload.total.(1 + 'x')"}
    steps: list[dict[str, Any]] = [
        {"id": "bad", "action": "transform", "input": broken},
        {"id": "next", "action": "transform"},
    ]
    found = by_id(await dry_run(client, EVENT, {**FLOW, "edges": [], "steps": steps}))
    assert (found["bad"]["runs"], found["bad"]["reason"]) == ("fails", "input")
    assert found["bad"]["input"]["error"]["code"] == "T2002"
    assert (found["next"]["runs"], found["next"]["reason"]) == ("no", "edges")
    steps[0]["on_failure"] = "continue"
    found = by_id(await dry_run(client, EVENT, {**FLOW, "edges": [], "steps": steps}))
    assert found["next"]["runs"] == "yes"


async def test_what_reads_annotations_waits_for_them(client: Client) -> None:
    """They are looked up first, and nobody knows before what they hold."""
    flow = {
        "name": "w",
        "triggers": [{"event_name": "order:placed"}],
        "annotations": [{"entity_type": "account", "target_path": "payload.account"}],
        "steps": [
            {
                "id": "a",
                "action": "transform",
                "input": {"lang": "jsonata", "src": "payload.account.plan"},
            },
            {
                "id": "b",
                "action": "transform",
                "input": {"lang": "jsonata", "src": "payload.total"},
            },
        ],
    }
    found = by_id(await dry_run(client, EVENT, flow))
    assert found["a"]["input"]["needs"] == ["$annotate"]
    assert found["b"]["input"] == known(5)
    later = by_id(
        await dry_run(client, EVENT, {**flow, "filters": {"payload.account.plan": "pro"}})
    )
    assert (later["a"]["runs"], later["a"]["depends_on"]) == ("depends", ["$annotate"])


async def test_switches_iterators_and_results(client: Client) -> None:
    """A case taken, items listed, a result computed of what is known."""
    flow = {
        "name": "w",
        "triggers": [{"event_name": "order:placed"}],
        "steps": [
            {"id": "way", "kind": "switch", "cases": [{"handle": "few", "when": "payload.total"}]},
            {"id": "each", "kind": "iterator", "iterator": {
                "items": {"lang": "jsonata", "src": "[1..payload.total]"},
                "body": {"action": "http_request", "input": {"lang": "jsonata", "src": "item"}}}},
        ],
        "result": {"lang": "jsonata", "src": "steps.way.output.case"},
    }  # fmt: skip
    found = by_id(await dry_run(client, EVENT, flow))
    assert found["way"]["choice"] == known("few")
    assert found["each"]["items"] == known([1, 2, 3, 4, 5])
    assert found["$result"]["input"] == known("few")
    assert (found["$result"]["runs"], found["$result"]["depends_on"]) == ("depends", ["each"])


async def test_values_too_large_to_be_shown_are_cut(client: Client) -> None:
    """They count all the same."""
    event = {**EVENT, "payload": {"total": 1, "text": "x" * 20_000}}
    steps = [
        {"id": "a", "action": "transform", "input": {"lang": "jsonata", "src": "payload.text"}},
        {
            "id": "b",
            "action": "transform",
            "input": {"lang": "jsonata", "src": "$length(steps.a.output)"},
        },
    ]
    found = by_id(await dry_run(client, event, {**FLOW, "edges": [], "steps": steps}))
    assert (found["a"]["input"]["is_cut"], found["a"]["input"]["value"]) == (True, None)
    assert found["b"]["input"] == known(20_000)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"document": FLOW}, "/event"),
        ({"event": EVENT}, "/document"),
        ({"event": {"id": 1}, "document": FLOW}, "/event/event"),
        ({"event": EVENT, "document": {**FLOW, "steps": [{}]}}, "/document/steps/0/id"),
        ({"event": EVENT, "document": {**FLOW, "run_if": "1 +"}}, "/document/run_if"),
    ],
)
async def test_faults_have_their_places_in_the_body(
    client: Client, body: Any, pointer: str
) -> None:
    """Those of the event and of the document alike."""
    status, found = await Asker(client).ask("POST", "/v1/workflows/dry-run", body)
    assert status == 422
    assert found["errors"][0]["pointer"] == pointer


async def test_a_draft_is_decided_on_and_no_more(client: Client, resources: ApiResources) -> None:
    """With its problems; an unknown workflow is not found, whatever is sent along."""
    draft = {
        **FLOW,
        "draft": True,
        "steps": [{"id": "a", "action": "nothing we know"}],
        "edges": [],
    }
    found = await dry_run(client, EVENT, draft)
    assert (found["decision"]["reason"], found["steps"]) == ("DRAFT", [])
    path = f"/v1/workflows/{resources.new_id()}/dry-run"
    for body in ({"event": EVENT}, {"event": EVENT, "document": FLOW}):
        assert (await Asker(client).ask("POST", path, body))[0] == 404


async def test_a_condition_on_the_input_is_foreseen_when_that_is(client: Client) -> None:
    """It needs what its input needs, and is computed with it."""
    document = {
        "name": "w",
        "triggers": FLOW["triggers"],
        "steps": [
            {
                "id": "large",
                "kind": "condition",
                "condition": "$input > 3",
                "input": {"lang": "jsonata", "src": "payload.total"},
            },
            {"id": "call", "action": "http_request"},
            {
                "id": "which",
                "kind": "switch",
                "cases": [{"handle": "a", "when": "$input = 1"}],
                "input": {"lang": "jsonata", "src": "steps.call.output.n"},
            },
        ],
    }
    steps = by_id(await dry_run(client, EVENT, document))
    assert steps["large"]["choice"] == known("true")
    assert steps["which"]["choice"]["needs"] == ["call"]
