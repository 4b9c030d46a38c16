"""The index of the table finds whatever a look at each workflow would."""

import os
from json import dumps
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonata.jsonata import Jsonata

from shared.domain.ids import WorkflowId
from shared.domain.workflows import Dialect
from shared.expr.bounds import RUN_IF
from shared.expr.jsonata import Truth, compile_expression
from shared.matching.rules import Rule
from shared.matching.table import WorkflowTable
from shared.matching.view import EventView
from tests.unit.matching.build import event, workflow
from tests.unit.matching.found import EXPRESSIONS, by_index, by_looking, rules_of, table

EXAMPLES = int(os.environ.get("INDEX_EXAMPLES", "400"))
"""For a long run: ``INDEX_EXAMPLES=4000 pytest --timeout 0 tests/unit/matching/test_index.py``."""

SCALARS = st.sampled_from(
    [
        *(None, True, False, 0, 1, 2, 1.0, 1.5, -1, 2**53, 2**53 + 1, 10**400, -0.0, 1e308),
        *("", "a", "b", "ab", "abc", "b c", "1", "true", "2026-11-22", "é", "😀", "\ue000"),
        "\ufffd",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from([*"abcabcabc", "ที่อยู่1", "don't", 'size"', "😀"])
PAYLOADS = st.dictionaries(NAMES, VALUES, max_size=3) | VALUES
PATHS = st.sampled_from(
    ["payload.a", "payload.b", "payload.a.b", "payload.c.0", "payload", "payload.b.c.a", "event.id"]
)
TEXTS = st.sampled_from(["", "a", "b", "ab", "bc", "c", "é", "20"])

CONDITIONS = st.one_of(
    SCALARS,
    st.builds(lambda op, v: {op: v}, st.sampled_from(["~eq", "~neq", "~contains"]), VALUES),
    st.builds(
        lambda op, v: {op: v},
        st.sampled_from(["~gt", "~gte", "~lt", "~lte"]),
        SCALARS.filter(lambda v: isinstance(v, str | int | float) and not isinstance(v, bool)),
    ),
    st.builds(
        lambda op, v: {op: v}, st.sampled_from(["~in", "~nin"]), st.lists(SCALARS, max_size=4)
    ),
    st.builds(
        lambda op, v: {op: v},
        st.sampled_from(["~starts", "~ends", "~contains", "~ncontains", "~nstarts"]),
        TEXTS,
    ),
    st.builds(lambda op, v: {op: v}, st.sampled_from(["~isnull", "~isempty"]), st.booleans()),
    st.sampled_from([{"~regex": "^ab*"}, {"~regex": "^a|b"}, {"~regex": "^2026-"}]),
    st.just({"~gte": 0, "~lt": 2}),
)
FILTERS: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(PATHS, CONDITIONS, max_size=3),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"~or": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"~and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"~not": part}, inner),
        st.builds(lambda one, other: {**one, **other}, inner, inner),
    ),
    max_leaves=4,
)

LITERALS = st.sampled_from(
    [
        *("'a'", '"ab"', "1", "1.5", "-1", "0", "true", "false", "null", "'2026'"),
        *("9007199254740993", "- 1.5", "-(-1)", "-'a'", "'\x01text0'", '"\\u0001number0"'),
        *("'\\ud83d\\ude00'", "'\\ud83d'", "'\ufffd'", "'😀'"),
    ]
)
JSONATA_PATHS = st.sampled_from(
    [
        *("payload.a", "payload.b", "payload.a.b", "$.payload.a", "$$.payload.b.c"),
        *("payload.`a`", 'payload."b"', "payload.'a'.b"),
        *(
            "payload.ที่อยู่1",
            "payload.don't",
            'payload.size"',
            "payload.a\v",
            "payload.'\\ud83d\\ude00'",
        ),
    ]
)
TERMS = st.one_of(
    st.builds(
        lambda p, op, v: f"{p} {op} {v}",
        JSONATA_PATHS,
        st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in"]),
        LITERALS,
    ),
    st.builds(lambda v, op, p: f"{v} {op} {p}", LITERALS, st.sampled_from("=<"), JSONATA_PATHS),
    st.builds(lambda v, p: f"{v} in {p}", LITERALS, JSONATA_PATHS),
    st.builds(lambda p, a, b: f"{p} in [{a}, {b}]", JSONATA_PATHS, LITERALS, LITERALS),
    st.builds(lambda p, a: f"$substring({p}, 0, 1) = {a}", JSONATA_PATHS, LITERALS),
    JSONATA_PATHS.map(lambda p: f"$exists({p})"),
    JSONATA_PATHS.map(lambda p: f"$contains({p}, /^ab*/)"),
    JSONATA_PATHS.map(lambda p: f"$contains({p}, 'a')"),
    JSONATA_PATHS.map(lambda p: f"$not({p} = 'a')"),
    JSONATA_PATHS.map(lambda p: f"$count({p}) > 1"),
    JSONATA_PATHS.map(lambda p: f"{p}[0] = 'a'"),
    JSONATA_PATHS.map(lambda p: f"{p}[] = 'a'"),
    JSONATA_PATHS.map(lambda p: f"({p} = 'a')[0]"),
    JSONATA_PATHS.map(lambda p: f"{p}.$string($) = '1'"),
    JSONATA_PATHS.map(lambda p: f"({p} = 1){{'x': 1}}"),
    JSONATA_PATHS,
)
RUN_IFS: st.SearchStrategy[str] = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"{a} and {b}", inner, inner),
        st.builds(lambda a, b: f"({a} or {b})", inner, inner),
        st.builds(lambda a: f"$boolean({a})", inner),
        st.builds(lambda a: f"({a})", inner),
        st.builds(lambda a, b: f"{a} ? {b} : false", inner, inner),
    ),
    max_leaves=4,
)
CHANGES = st.one_of(
    st.fixed_dictionaries({}, optional={"filters": FILTERS, "run_if": RUN_IFS}),
    st.fixed_dictionaries(
        {"dialect": st.sampled_from([Dialect.TRUTO, Dialect.THENA, Dialect.ALTOSTRAT])},
        optional={"filters": FILTERS, "run_if": RUN_IFS},
    ),
)


def assert_agree(made: WorkflowTable, payload: Any, rules: list[Rule]) -> None:
    """The index finds what asking each finds; asked once more, as a condition has its time limit.

    A machine that stands still for that long makes a condition fail that holds.
    """
    for _ in range(3):
        if by_index(made, payload) == by_looking(payload, rules):
            return
    assert by_index(made, payload) == by_looking(payload, rules)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(CHANGES, min_size=20, max_size=40),
    payloads=st.lists(PAYLOADS, min_size=15, max_size=30),
)
def test_the_index_finds_what_a_look_at_each_workflow_finds(
    changes: list[dict[str, Any]], payloads: list[Any]
) -> None:
    """About 1,000 pairs an example: none is missed, and again when every other one has left."""
    workflows = [workflow(number=n, **change) for n, change in enumerate(changes)]
    rules = rules_of(workflows)
    made = table(workflows)
    for payload in payloads:
        assert_agree(made, payload, rules)
    for one in workflows[::2]:
        made.remove(WorkflowId(one.id))
    for payload in payloads:
        assert_agree(made, payload, rules[1::2])


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


@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=RUN_IFS, payload=PAYLOADS)
def test_conditions_come_to_the_same_in_another_engine(source: str, payload: Any) -> None:
    """As jsonata-python has it, where both give an answer.

    It takes booleans for numbers, and null for nothing, and compares a whole number of the event
    exactly that is rounded in the condition; a vertical tab is no blank to it, and half a character
    stays one: those are left out.
    """
    assume("\v" not in source and "\\ud83d" not in source)
    said = dumps(payload) + source.replace(" : false", "")
    assume(not any(word in said for word in ("true", "false", "null", "9007199254740993")))
    view = EventView(event(payload))
    expression = compile_expression(source)
    verdict = expression.test(view.document(Dialect.NATIVE), bounds=RUN_IF, now=view.now, seed=1)
    if verdict.truth is Truth.ERROR:
        return
    try:
        other = Jsonata(f"$boolean({source})").evaluate(view.scope(Dialect.NATIVE))
    except Exception:  # noqa: BLE001 - it has no answer
        return
    assert bool(other) is (verdict.truth is Truth.TRUE)


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
