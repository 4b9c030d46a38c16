"""Every condition that failed, and not the first alone."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.workflows import Dialect, Lifecycle, Workflow
from shared.expr.jsonata import ExpressionCache, Truth
from shared.matching.decisions import DEPTH_MAX, Reason
from shared.matching.explain import Explained, explain
from shared.matching.rules import decide
from shared.matching.shorten import CUT, shortened
from shared.matching.similar import similar, values_at
from shared.matching.table import WorkflowTable
from shared.matching.view import EventView
from tests.unit.matching.build import event, workflow

PAGE = (Path(__file__).parents[3] / "docs" / "EXPLAIN.md").read_text("utf-8")
PAYLOAD: dict[str, Any] = {
    "n": 1,
    "plan": "pro",
    "account": {"owner": {"name": "ann"}},
    "items": [{"price": 1}, {"price": 5}],
    "long": "a" * 200_001,
    "none": None,
}


def explained(about: Workflow, payload: Any = None) -> Explained:
    """What there is to say about one workflow; it agrees with the decision that counts."""
    view = EventView(event(PAYLOAD if payload is None else payload))
    found = explain(view, about, ExpressionCache(64), depth_max=DEPTH_MAX)
    assert found.decision == decide(view, about, ExpressionCache(64))
    return found


def said(about: Workflow, payload: Any = None) -> list[str]:
    """Each condition that failed, as a sentence."""
    return [str(failed) for failed in explained(about, payload).failed]


@pytest.mark.parametrize(
    "example", [orjson.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
)
def test_the_page_is_right(example: dict[str, Any]) -> None:
    """Every example of docs/EXPLAIN.md comes out as the page says."""
    about = workflow(**example["workflow"])
    found = explained(about, example["payload"])
    assert [str(failed) for failed in found.failed] == example["sentences"]
    assert found.decision.reason == example["reason"]
    assert (len(found.failed), found.clauses) == (example["failed"], example["clauses"])
    assert found.is_near_miss is (example["failed"] == 1)


@pytest.mark.parametrize(
    "conditions",
    [
        {"filters": {"payload.n": {"~gt": 5, "~lt": 3}}},
        {"filters": [{"payload.n": 1}, {"payload.n": 2}]},
        {"run_if": "payload.n = 1 and payload.n = 2"},
        {"run_if": "payload.n > 5 and payload.n < 3"},
    ],
)
def test_what_contradicts_itself_is_told_and_never_tried(conditions: dict[str, Any]) -> None:
    """Whoever meets one of two is a near miss, whoever meets none is not; the index has neither."""
    about = workflow(**conditions)
    assert {explained(about, {"n": n}).is_near_miss for n in (1, 4, 6)} == {True, False}
    table = WorkflowTable(ExpressionCache(4))
    table.put(about.conditions)
    assert [found for n in (1, 2, 4, 6) for found in table.match(event({"n": n}))] == []


@pytest.mark.parametrize(
    ("filters", "failed", "clauses"),
    [
        ({"payload.n": 2, "payload.plan": "pro"}, ["payload.n is 1, asked ~eq 2"], 2),
        (
            {"payload.n": {"~gt": 3, "~lt": 9}},
            ["/filters/payload.n/~0gt: payload.n is 1, asked ~gt 3."],
            2,
        ),
        ({"~and": [{"payload.n": 2}, {"payload.n": 3}]}, ["asked ~eq 2", "asked ~eq 3"], 2),
        ([{"payload.n": 2}, {}, {"payload.plan": "pro"}], ["asked ~eq 2"], 2),
        ({"~or": [{"payload.n": 2}, {"payload.plan": "x"}]}, ["nothing holds of ~or"], 1),
        ({"~not": {"payload.n": 1}}, ["this holds within ~not: payload.n is 1"], 1),
        ({"payload.plam": "pro"}, ["did you mean payload.plan?"], 1),
        ({"plan": "pro"}, ["plan is absent (did you mean payload.plan?)"], 1),
        ({"payload.none": 1}, ["payload.none is null, asked ~eq 1."], 1),
        ({"payload.long": {"~nregex": "x" * 10}}, ["payload.long cannot be compared"], 1),
        (7, ["/filters: A filter is an object"], 1),
    ],
)
def test_clauses_of_filters(filters: Any, failed: list[str], clauses: int) -> None:
    """Each that failed is there with what was asked and what there was."""
    about = workflow(filters=filters)
    sentences = said(about)
    assert len(sentences) == len(failed)
    assert all(part in sentence for part, sentence in zip(failed, sentences, strict=True))
    assert explained(about).clauses == clauses


@pytest.mark.parametrize(
    ("run_if", "truths", "failed"),
    [
        ("payload.n = 2 and payload.plan = 'pro'", ["false"], ["payload.n is 1."]),
        ("payload.plans", ["undefined"], ["payload.plans is absent (did you mean payload.plan?)"]),
        ("payload.zzz > 3", ["undefined"], ["payload.zzz is absent."]),
        ("payload.n = 2 and payload.n + 'a'", ["false", "error"], ["is 1", "fails: The right"]),
        ("payload.items.price = 3", ["false"], ["payload.items.price is [1, 5]"]),
        (
            "payload.account.owner.nam = 'x'",
            ["false"],
            ["did you mean payload.account.owner.name?"],
        ),
        ("payload.data.plan = 'x'", ["false"], ["did you mean payload.plan?"]),
        ("payload.none", ["false"], ["payload.none is null"]),
        ("$random() > 2", ["false"], ['"$random() > 2" is false.']),
        ("payload.(", ["error"], ["/run_if: Not a JSONata expression"]),
        ("1" * 4_097, ["error"], ["longer than 4096 bytes"]),
        ("$sum([1..9999]) > 0 and $count([1..9]) < 3 and payload.n = 1", ["false"], ["is false."]),
        ("payload.none = null and payload.n = 3", ["false"], ["payload.n is 1"]),
    ],
)
def test_parts_of_a_run_if(run_if: str, truths: list[str], failed: list[str]) -> None:
    """Each part that is not true is there, with what it came to and what it read."""
    found = explained(workflow(run_if=run_if))
    assert [each.truth for each in found.failed] == truths
    sentences = [str(each) for each in found.failed]
    assert all(part in sentence for part, sentence in zip(failed, sentences, strict=True))


def test_where_no_part_fails_the_whole_does() -> None:
    """Chance that each part draws by itself does not explain the draws of the whole."""
    source = "$random() < 0.5 and $random() < 0.5 and $random() < 0.5"
    seen = set[str | None]()
    for number in range(60):
        view = EventView(event({}, id=str(number)))
        found = explain(view, workflow(run_if=source), ExpressionCache(8), depth_max=DEPTH_MAX)
        assert found.decision.is_match is (not found.failed)
        seen |= {failed.text for failed in found.failed}
    assert seen == {source, "$random() < 0.5"}


@pytest.mark.parametrize(
    "changes",
    [{"is_active": False}, {"lifecycle": Lifecycle.DRAFT}, {"environment_id": event().key}],
)
def test_what_never_gets_so_far_has_no_conditions(changes: dict[str, Any]) -> None:
    """Such a decision is no near miss, whatever its conditions would have come to."""
    found = explained(workflow(**{"filters": {"payload.n": 2}, **changes}))
    assert (found.failed, found.clauses, found.is_near_miss) == ((), 0, False)
    assert found.detail == found.decision.detail


def test_a_match_has_no_failures_and_all_its_conditions() -> None:
    """They are counted all the same."""
    found = explained(workflow(filters={"payload.n": 1}, run_if="payload.n = 1 and payload.plan"))
    assert (found.decision.reason, found.failed, found.clauses) == (Reason.MATCHED, (), 3)


def test_each_dialect_reads_its_own_words() -> None:
    """Paths are those of the workflow's own scope."""
    about = workflow(dialect=Dialect.TRUTO, run_if="plan = 'free'", filters={"n": 2})
    assert said(about) == [
        "/filters/n: n is 1, asked ~eq 2.",
        '/run_if: "plan = \'free\'" is false; plan is "pro".',
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["a", "b"]),
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "ab"]), some, max_size=3)
    ),
    max_leaves=8,
)
PART = st.sampled_from(
    ["payload.a", "payload.b = 1", "payload.a > 0", "payload.ab.a = 'a'", "$not(payload.b)", "a.b"]
)
FILTER = st.dictionaries(
    st.sampled_from(["payload.a", "payload.b", "payload.ab.a"]),
    st.sampled_from([1, "a", {"~gt": 0}, {"~isnull": True}, {"~or": [1, "b"]}, {"~not": 1}]),
    max_size=3,
)


@given(JSON, FILTER, st.lists(PART, max_size=3))
def test_an_explanation_agrees_with_the_decision(
    payload: Any, filters: dict[str, Any], parts: list[str]
) -> None:
    """Something failed exactly where the event did not start the workflow."""
    about = workflow(filters=filters, run_if=" and ".join(parts) or None)
    found = explained(about, {"a": payload})
    assert found.decision.is_match is (not found.failed)
    assert len(found.failed) <= found.clauses


def test_hostile_sizes_are_told_in_little_room() -> None:
    """However large an event and however many its conditions, an explanation stays small."""
    deep: Any = 1
    for _ in range(200):
        deep = {"k" * 1_000: [deep]}
    payload = {
        "deep": deep,
        "many": {f"k{n}": "x" * 10_000 for n in range(500)},
        "list": [1] * 10**5,
    }
    filters = {f"payload.many.k{n}": ["y"] * 1_000 for n in range(400)}
    parts = ["payload.deep = 1", "payload.list = 2", "payload.many = 3", "payload.lisd = 4"]
    found = explained(workflow(filters=filters, run_if=" and ".join(parts)), payload)
    assert len(found.failed) == 404
    reads = [read.value for failed in found.failed for read in failed.reads]
    assert max(len(orjson.dumps(value)) for value in reads) < 10_000
    assert len(found.detail or "") < 20_000


def test_a_part_that_breaks_a_bound_is_the_last() -> None:
    """What costs so much is not asked again and again."""
    costly = "$count((1; $map([1..9999], function($v) { $sum([1..$v]) }))) > 0"
    [first, second] = explained(
        workflow(run_if=f"payload.n = 2 and {costly} and {costly} and {costly}")
    ).failed
    assert (first.truth, second.truth) == (Truth.FALSE, Truth.ERROR)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a" * 200, "a" * 200),
        ("a" * 201, "a" * 200 + CUT),
        (list(range(9)), [0, 1, 2, 3, 4, 5, 6, 7, CUT]),
        ({"a": [{"b": {"c": 1}}], "d": []}, {"a": [{"b": CUT}], "d": []}),
        (1.5, 1.5),
        (None, None),
    ],
)
def test_values_are_shortened(value: Any, shown: Any) -> None:
    """Small ones stay as they are; where something is missing, a mark says so."""
    assert shortened(value) == shown


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("payload.acount.id", "payload.account.id"),
        ("payload.Account.ID", None),
        ("payload.account.ID", "payload.account.id"),
        ("payload.order.number", None),
        ("account.id", "payload.account.id"),
        ("data.plan", "payload.plan"),
        ("payload.data.plan", "payload.plan"),
        ("payload.rows.prize", "payload.rows.price"),
        ("zzz", None),
    ],
)
def test_similar_paths(path: str, meant: str | None) -> None:
    """One is found that is spelt nearly alike, has a name less, or ends alike elsewhere."""
    scope = {
        "event": {"id": "e"},
        "payload": {"account": {"id": 1}, "plan": 2, "rows": [{"price": 1}]},
    }
    found = similar(scope, tuple(path.split(".")))
    assert (None if found is None else ".".join(found)) == meant
    assert found is None or values_at(scope, found)
