"""The judge's own reckoning of what starts what agrees with the product's, and its documents."""

import random
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, event_key, execution_id
from shared.domain.workflows import Definition, Dialect, Lifecycle, Workflow
from shared.expr.jsonata import ExpressionCache
from shared.matching.table import WorkflowTable
from shared.wire.events import encode_event
from tests.chaos.expected import Given, holds, outcomes, passes, starts, truth
from tests.chaos.identity import key_of, started_by
from tests.chaos.plan import make_plan

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FILTERS = Path(__file__).parents[2] / "docs" / "FILTERS.md"
EXAMPLES = re.findall(r"```json\n(\{\n.*?)```", FILTERS.read_text("utf-8"), re.DOTALL)
RUN_IFS = (
    None,
    "payload.total > 400",
    "payload.region in ['eu', 'US'] and payload.total < 800",
    "$count(payload.tags) > 1 or payload.kind = 'web'",
    "$exists(payload.nothing)",
    "payload.tags",
    "payload.total / payload.kind > 1",
    "$contains(event.id, '7')",
    "event.source = 'shop'",
    "trigger.event_name = 'order:placed'",
)
CONDITIONS: tuple[Any, ...] = (
    None,
    {"payload.total": {"~gte": 200, "~lt": 900}},
    {"payload.kind": None},
    {"payload.kind": {"~nin": ["web", None]}},
    {"payload.tags": {"~contains": "vip"}, "payload.tags.0": {"~neq": "new"}},
    {"payload.tags.-1": {"~in": ["late", "bulk"]}},
    {"~or": [{"payload.region": {"~starts": "e"}}, {"payload.tags": {"~isempty": True}}]},
    {"~not": {"payload.region": {"~regex": "^[a-z]+$"}}},
    {"payload.region": {"~nends": "u"}, "payload.total": {"~not": {"~gt": 500}}},
    [{"event.source": "shop"}, {"payload.nothing": {"~isnull": True}}],
)


def workflow(number: int, run_if: str | None, filters: Any) -> dict[str, Any]:
    """A workflow with these conditions."""
    name = ("order:placed", "order:*", "*")[number % 3]
    flow = {"name": "w", "triggers": [{"event_name": name}], "filters": filters, "run_if": run_if}
    return {"id": str(UUID(int=number + 1)), **flow}


def registered(document: dict[str, Any]) -> Workflow:
    """A workflow as the product holds it."""
    definition = {k: v for k, v in document.items() if k not in ("id", "is_active")}
    return Workflow(
        id=UUID(document["id"]),
        environment_id=UUID(str(DEFAULT_ENVIRONMENT)),
        version=1,
        dialect=Dialect.NATIVE,
        lifecycle=Lifecycle.READY,
        is_active=True,
        definition=Definition.model_validate_json(orjson.dumps(definition)),
        source=document,
        created_at=NOW,
        updated_at=NOW,
    )


def test_the_matcher_and_the_judge_agree() -> None:
    """On the plan's events, its workflows and many more conditions, both start the same."""
    chance = random.Random(7)
    plan = make_plan(7, 8)
    documents = [
        *plan.workflows,
        *(workflow(n, chance.choice(RUN_IFS), chance.choice(CONDITIONS)) for n in range(60)),
    ]
    table = WorkflowTable(ExpressionCache(1_000))
    for document in documents:
        table.put(registered(document).conditions)
    matched = 0
    for planned in plan.events:
        event = Event(
            key=event_key(DEFAULT_ENVIRONMENT, planned.source, planned.id),
            environment_id=DEFAULT_ENVIRONMENT,
            type=planned.type,
            source=planned.source,
            id=planned.id,
            received_at=NOW,
            payload=planned.payload,
            time=datetime.fromisoformat(planned.time) if planned.time else None,
        )
        given = Given.of(orjson.loads(encode_event(event)))
        product = {str(d.workflow_id) for d in table.match(event) if d.is_match}
        assert product == {d["id"] for d in documents if starts(d, given)}, (planned, product)
        matched += len(product)
    assert len(plan.events) > 300
    assert 1_000 < matched < len(plan.events) * len(documents) / 2


@pytest.mark.parametrize("block", EXAMPLES)
def test_conditions_come_out_as_documented(block: str) -> None:
    """Every example of the page on filters that has verdicts on events."""
    example = orjson.loads(block)
    out = example["stays out"]
    kept_out = (
        out if isinstance(out, list) else [scope for scopes in out.values() for scope in scopes]
    )
    for is_started, scopes in ((True, example["passes"]), (False, kept_out)):
        for scope in scopes:
            passed = passes(example.get("filters"), scope)
            assert (passed and holds(example.get("run_if"), scope)) is is_started, scope


def test_ids_are_derived_as_the_product_does() -> None:
    """The judge's derivation of keys and executions is the product's."""
    flow = UUID(int=5)
    key = event_key(DEFAULT_ENVIRONMENT, "a:b", "c")
    assert key_of("a:b", "c") == str(key)
    assert started_by(str(flow), str(key)) == str(execution_id(_workflow(flow), EventKey(key)))


def _workflow(id_: UUID) -> Any:
    return id_


def test_truth_is_jsonatas() -> None:
    """A list is as true as one of its items, an empty object is not."""
    true: list[Any] = [True, 1, "a", [0, 1], {"a": 0}]
    false: list[Any] = [False, 0, "", [], [0, [""]], {}, None, len]
    assert [truth(value) for value in true + false] == [True] * 5 + [False] * 8


def test_the_way_through_branches() -> None:
    """Dead edges skip what only they lead to; a join needs one that lives."""
    [branch] = [w for w in make_plan(1, 1).workflows if w["key"] == "branch"]
    large = {"payload": {"total": 900, "kind": "phone"}}
    assert outcomes(branch, large, {}) == {
        "large": "COMPLETED",
        "big": "COMPLETED",
        "small": "SKIPPED",
        "gift": "SKIPPED",
        "join": "COMPLETED",
    }
    small = outcomes(branch, {"payload": {"total": 9, "kind": "web"}}, {})
    assert [name for name, outcome in small.items() if outcome == "SKIPPED"] == ["big", "gift"]
