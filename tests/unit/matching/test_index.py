"""The index of the table finds whatever a look at each workflow would."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.ids import WorkflowId
from shared.matching import index
from shared.matching.rules import Rule
from shared.matching.table import WorkflowTable
from tests.unit.matching.build import event, workflow
from tests.unit.matching.drawn import CHANGES, PAYLOADS
from tests.unit.matching.found import EXPRESSIONS, by_index, by_looking, rules_of, table

EXAMPLES = int(os.environ.get("INDEX_EXAMPLES", "400"))
"""For a long run: ``INDEX_EXAMPLES=4000 pytest --timeout 0 tests/unit/matching/test_index.py``."""
PAIRS_MIN = 500 * EXAMPLES if "INDEX_EXAMPLES" in os.environ else 200_000
"""Of a workflow and an event, those not counted that are judged again."""
MATCHED_MIN = 0.05


def assert_agree(made: WorkflowTable, payload: Any, rules: list[Rule]) -> int:
    """The index finds what asking each finds; how many that is.

    Asked once more, as a condition has its time limit: a machine that stands still for that long
    makes a condition fail that holds.
    """
    for _ in range(3):
        found = by_index(made, payload)
        if found == by_looking(payload, rules):
            return len(found)
    assert by_index(made, payload) == by_looking(payload, rules)
    return len(found)


def test_the_index_finds_what_a_look_at_each_workflow_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None of 200,000 pairs is missed, and none of theirs again when every other has left.

    Now as where there are many tables, now as where there are few.
    """
    judged = matched = 0

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        changes=st.lists(CHANGES, min_size=26, max_size=40),
        payloads=st.lists(PAYLOADS, min_size=20, max_size=30),
        few=st.sampled_from([0, index.FEW]),
    )
    def compare(changes: list[dict[str, Any]], payloads: list[Any], few: int) -> None:
        nonlocal judged, matched
        monkeypatch.setattr(index, "FEW", few)
        workflows = [workflow(number=n, **change) for n, change in enumerate(changes)]
        rules = rules_of(workflows)
        made = table(workflows)
        for payload in payloads:
            matched += assert_agree(made, payload, rules)
            judged += len(rules)
        for one in workflows[::2]:
            made.remove(WorkflowId(one.id))
        for payload in payloads:
            assert_agree(made, payload, rules[1::2])

    compare()
    assert judged >= PAIRS_MIN
    # Else there is nothing to miss, or nothing to leave out.
    assert MATCHED_MIN < matched / judged < 1 - MATCHED_MIN


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(change=CHANGES, payload=PAYLOADS)
def test_places_that_grow_large_find_the_same(change: dict[str, Any], payload: Any) -> None:
    """A hundred alike and one more condition in each: places split, and come together again."""
    extra = [{"payload.b": {"~in": [n % 7, "x"]}} if n % 2 else {} for n in range(100)]
    filters = change.get("filters", {})
    workflows = [
        workflow(number=n, **{**change, "filters": [filters, more]}) for n, more in enumerate(extra)
    ]
    rules = rules_of(workflows)
    made = table(workflows)
    assert_agree(made, payload, rules)
    for one in workflows[:-1]:
        made.remove(WorkflowId(one.id))
    assert_agree(made, payload, rules[-1:])
    made.remove(WorkflowId(workflows[-1].id))
    assert not made._places  # noqa: SLF001 - nothing stays behind


@pytest.mark.parametrize("number", range(0, 100_000, 9_999))
def test_one_of_very_many_is_found(number: int) -> None:
    """By equality, by a span, by a beginning, by an end; and few others are tried."""
    made = WorkflowTable(EXPRESSIONS)
    for n in range(number - 50, number + 50):
        for kind, filters in enumerate(
            (
                {"payload.id": n, "payload.plan": "pro"},
                {"payload.id": {"~gte": n, "~lt": n + 1}},
                {"payload.name": {"~starts": f"n{n}-"}},
                {"payload.name": {"~ends": f"-{n}"}},
            )
        ):
            made.put(workflow(number=n * 4 + kind + 10**6, filters=filters).conditions)
    found = made.match(event({"id": number, "plan": "pro", "name": f"n{number}-x-{number}"}))
    assert [d.workflow_id.int - 10**6 for d in found if d.is_match] == [
        number * 4 + kind for kind in range(4)
    ]
    assert len(found) <= 6
