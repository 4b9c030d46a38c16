"""What filters mean, operator by operator, and what they refuse."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import Invalid, Problem
from shared.matching.filters import compile_filter
from shared.matching.operators import OPERATORS
from tests.support.processor import measured

ABSENT = object()

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
numbers = st.integers() | st.floats(allow_nan=False)
operands: dict[str, st.SearchStrategy[Any]] = {
    "any value": json_values,
    "a number or a text": numbers | st.text(),
    "a list": st.lists(json_values, max_size=4),
    "a text": st.text(alphabet="ab.*^$", max_size=5),
    "true or false": st.booleans(),
}


def passes(tree: Any, scope: Any) -> bool:
    """The verdict of a filter on a scope."""
    return compile_filter(tree).matches(scope)


@pytest.mark.parametrize(
    ("operator", "operand", "held", "not_held"),
    [
        ("~eq", 1, [1, 1.0], [True, "1", None, ABSENT, [1], {"a": 1}, 2]),
        ("~eq", True, [True], [1, 1.0, "true", None, False, ABSENT]),
        ("~eq", 0, [0, 0.0, -0.0], [False, None, "", ABSENT, []]),
        ("~eq", None, [None, ABSENT], [False, 0, "", [], {}]),
        ("~eq", "a", ["a"], ["A", ["a"], "a ", None, ABSENT]),
        ("~eq", [1, [True]], [[1.0, [True]]], [[1, [1]], [[True], 1], [1], {}, None, ABSENT]),
        ("~eq", {"a": 1, "b": [0]}, [{"b": [0.0], "a": 1}], [{"a": 1}, {"a": 1, "b": [False]}]),
        ("~eq", {}, [{}], [[], None, ABSENT, {"a": None}]),
        ("~eq", 2**53 + 1, [2**53 + 1], [2**53, float(2**53)]),
        ("~gt", 3, [4, 3.5, 10**400], [3, 3.0, "4", True, None, ABSENT, [4], {}]),
        ("~gte", 3, [3, 3.0, 4], [2.9, "3", None, ABSENT]),
        ("~lt", 3, [2, -1.5, -(10**400)], [3, "2", False, None, ABSENT, []]),
        ("~lte", 3, [3, 2], [3.1, None, ABSENT, "3"]),
        ("~gt", "b", ["c", "ba"], ["b", "B", "a", 99, None, ABSENT, ["c"]]),
        ("~lt", "2026-11-22", ["2026-11-21T23:59:59Z"], ["2026-11-22", 2025, None, ABSENT]),
        ("~in", ["a", 1, None, [2]], ["a", 1, 1.0, None, ABSENT, [2]], [True, "b", 2, ["a"], {}]),
        ("~in", [], [], ["a", None, ABSENT, []]),
        ("~in", [True], [True], [1, "true"]),
        ("~contains", "b", ["abc", "b", ["a", "b"]], ["B", ["ab"], None, ABSENT, {"b": 1}, 1]),
        ("~contains", 1, [[1], [0, 1.0]], ["1", [True], ["1"], 1, None, ABSENT, {}]),
        ("~contains", None, [[None]], [[], None, ABSENT, "null"]),
        ("~contains", {"a": 1}, [[{"a": 1.0}]], [{"a": 1}, [{"a": 1, "b": 2}]]),
        ("~starts", "ab", ["ab", "abc"], ["Ab", "cab", ["ab"], None, ABSENT, 12]),
        ("~ends", "ab", ["ab", "cab"], ["aB", "abc", ["ab"], None, ABSENT, {}]),
        ("~regex", "b.d", ["bcd", "abcde"], ["bd", "BCD", "b\nd", ["bcd"], None, ABSENT, 1]),
        ("~regex", "^[0-9]+$", ["12"], ["12a", 12, "", "12\n", None, ABSENT]),
        ("~isnull", True, [None, ABSENT], [0, "", [], {}, False]),
        ("~isempty", True, [None, ABSENT, "", [], {}], [0, False, " ", [None], {"a": None}]),
    ],
)
def test_operator(operator: str, operand: Any, held: list[Any], not_held: list[Any]) -> None:
    """An operator holds of the values that the language says, its opposite of the others."""
    opposite = {"~isnull": ("~isnull", False), "~isempty": ("~isempty", False)}.get(
        operator, (f"~n{operator[1:]}", operand)
    )
    for values, expected in ((held, True), (not_held, False)):
        for value in values:
            scope = {} if value is ABSENT else {"at": {"x": value}}
            assert passes({"at.x": {operator: operand}}, scope) is expected, value
            if opposite[0] in OPERATORS:
                assert passes({"at.x": {opposite[0]: opposite[1]}}, scope) is not expected, value


def test_every_operator_has_a_row() -> None:
    """The operators are those of the documented language, and no others."""
    assert " ".join(OPERATORS) == (
        "~eq ~neq ~gt ~gte ~lt ~lte ~in ~nin ~regex ~nregex ~starts ~nstarts ~ends ~nends "
        "~contains ~ncontains ~isnull ~isempty"
    )


@given(st.data(), st.sampled_from([name for name in OPERATORS if f"~n{name[1:]}" in OPERATORS]))
def test_a_negative_operator_is_the_opposite(data: st.DataObject, name: str) -> None:
    """``~nX`` says the opposite of ``~X``, as ``~not`` does, about any value."""
    operand = data.draw(operands[OPERATORS[name].takes])
    try:
        positive = compile_filter({"x": {name: operand}})
    except Invalid:
        assert name == "~regex"
        return
    value = data.draw(json_values | operands[OPERATORS[name].takes])
    for scope in ({"x": value}, {}):
        assert passes({"x": {f"~n{name[1:]}": operand}}, scope) is not positive.matches(scope)
        assert passes({"~not": {"x": {name: operand}}}, scope) is not positive.matches(scope)
        assert passes({"x": {"~not": {name: operand}}}, scope) is not positive.matches(scope)


filters = st.recursive(
    st.dictionaries(
        st.sampled_from(["a", "a.b", "{{a}}", "a.0", "", "~x", *OPERATORS]),
        json_values | st.dictionaries(st.sampled_from(["~and", "~not", *OPERATORS]), json_values),
        max_size=3,
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["~and", "~or"]), st.lists(inner), max_size=2)
        | st.fixed_dictionaries({"~not": inner})
    ),
    max_leaves=6,
)


@given(filters | json_values, json_values | st.fixed_dictionaries({"a": json_values}))
def test_any_tree_and_any_scope(tree: Any, scope: Any) -> None:
    """Any tree is compiled or refused with places in it; a compiled one answers for any scope."""
    problems: tuple[Problem, ...] = ()
    compiled = compile_filter(None)
    try:
        compiled = compile_filter(tree)
    except Invalid as error:
        problems = error.problems
    assert all(problem.pointer.startswith("/filters") for problem in problems)
    clause = compiled.explain(scope)
    assert compiled.matches(scope) is (clause is None)
    assert clause is None or str(clause).startswith("/filters/")


@pytest.mark.parametrize("tree", [None, {}, [], [{}], {"~and": [{}]}])
def test_no_condition_lets_all_pass(tree: Any) -> None:
    """A filter without conditions passes every event."""
    assert passes(tree, {"a": 1})


@pytest.mark.parametrize(
    ("tree", "pointer", "code"),
    [
        (1, "/filters", "INVALID_FILTER"),
        ("a = 1", "/filters", "INVALID_FILTER"),
        ([1], "/filters/0", "INVALID_FILTER"),
        ({"~not": 1}, "/filters/~0not", "INVALID_FILTER"),
        ({"~or": {"a": 1}}, "/filters/~0or", "INVALID_OPERAND"),
        ({"~and": []}, "/filters/~0and", "INVALID_OPERAND"),
        ({"a": {"~or": []}}, "/filters/a/~0or", "INVALID_OPERAND"),
        ({"~eq": 1}, "/filters/~0eq", "MISPLACED_OPERATOR"),
        ({"a": {"~eqq": 1}}, "/filters/a/~0eqq", "UNKNOWN_OPERATOR"),
        ({"~nand": []}, "/filters/~0nand", "UNKNOWN_OPERATOR"),
        ({"a/b": {"~eq": 1, "c": 2}}, "/filters/a~1b/c", "MIXED_CONDITION"),
        ({"a": {"~gt": None}}, "/filters/a/~0gt", "INVALID_OPERAND"),
        ({"a": {"~lt": True}}, "/filters/a/~0lt", "INVALID_OPERAND"),
        ({"a": {"~in": "b"}}, "/filters/a/~0in", "INVALID_OPERAND"),
        ({"a": {"~in": [0] * 1_001}}, "/filters/a/~0in", "INVALID_OPERAND"),
        ({"a": {"~starts": 1}}, "/filters/a/~0starts", "INVALID_OPERAND"),
        ({"a": {"~isnull": 1}}, "/filters/a/~0isnull", "INVALID_OPERAND"),
        ({"a": {"~regex": "("}}, "/filters/a/~0regex", "INVALID_OPERAND"),
        ({"a": {"~regex": "(?=x)"}}, "/filters/a/~0regex", "INVALID_OPERAND"),
        ({"a": {"~regex": r"(.)\1"}}, "/filters/a/~0regex", "INVALID_OPERAND"),
        ({"a": {"~regex": "x" * 257}}, "/filters/a/~0regex", "INVALID_OPERAND"),
        ({"a": {"~regex": "(a{40}){40}"}}, "/filters/a/~0regex", "INVALID_OPERAND"),
        ({"a": {"~regex": "a{40}{40}"}}, "/filters/a/~0regex", "INVALID_OPERAND"),
        ({"a": {"~regex": r"\w{900}"}}, "/filters/a/~0regex", "INVALID_OPERAND"),
        ({"": 1}, "/filters/", "INVALID_PATH"),
        ({"a..b": 1}, "/filters/a..b", "INVALID_PATH"),
        ({"{{a}} {{b}}": 1}, "/filters/{{a}} {{b}}", "INVALID_PATH"),
        ({"{{}}": 1}, "/filters/{{}}", "INVALID_PATH"),
        ({"a" * 257: 1}, "/filters/" + "a" * 257, "INVALID_PATH"),
        ([{"a": i} for i in range(501)], "/filters", "FILTER_TOO_LARGE"),
        ([{}] * 501, "/filters", "FILTER_TOO_LARGE"),
        ([{"a": {"~regex": "x"}}] * 11, "/filters", "FILTER_TOO_LARGE"),
    ],
)
def test_refusals(tree: Any, pointer: str, code: str) -> None:
    """A fault is told with its place and its kind."""
    with pytest.raises(Invalid) as caught:
        compile_filter(tree)
    assert [(p.pointer, p.code) for p in caught.value.problems] == [(pointer, code)]


def test_all_faults_are_told_at_once() -> None:
    """Faults do not hide each other, and an unknown operator comes with the nearest known one."""
    with pytest.raises(Invalid) as caught:
        compile_filter({"a": {"~strats": "x", "~gt": []}, "~or": [{"b": {"~in": 1}}, 2]})
    problems = caught.value.problems
    assert [problem.pointer for problem in problems] == [
        "/filters/a/~0strats",
        "/filters/a/~0gt",
        "/filters/~0or/0/b/~0in",
        "/filters/~0or/1",
    ]
    assert "did you mean ~starts?" in problems[0].detail


def test_limits_are_inclusive() -> None:
    """A filter at its limits is taken."""
    assert passes([{"a": {"~neq": i}} for i in range(500)], {})
    nested: Any = {"a": 1}
    for _ in range(15):
        nested = {"~not": nested}
    assert not passes(nested, {"a": 1})
    with pytest.raises(Invalid, match="deeper than 16 levels"):
        compile_filter({"~not": nested})


def test_hostile_size_and_depth_are_refused_quickly() -> None:
    """Neither depth, nor width, nor the number of faults makes compiling slow."""
    deep: Any = {}
    for _ in range(100_000):
        deep = {"~not": deep}
    wide = {f"~x{i}": i for i in range(20_000)}

    def refused() -> list[int]:
        found = []
        for tree in (deep, wide, {"a": wide}):
            with pytest.raises(Invalid) as caught:
                compile_filter(tree)
            found.append(len(caught.value.problems))
        return found

    problems, took_s = measured(refused, below_s=1)
    assert max(problems) <= 102
    assert took_s < 1


@pytest.mark.parametrize("pattern", ["(a+)+$", "(x+x+)+y", "[ab]*a[ab]{400}c", "(a|a)*b"])
def test_patterns_cannot_stall(pattern: str) -> None:
    """A pattern that stalls backtracking engines is answered within milliseconds."""
    compiled = compile_filter({"a": {"~regex": pattern}})
    text = "ab" * 2_000 + "!"
    _, took_s = measured(lambda: compiled.matches({"a": text}), below_s=0.25)
    assert took_s < 0.25


def test_a_text_too_long_for_its_pattern_is_an_error() -> None:
    """An unanswered clause is neither true nor false, under a negation as well."""
    text = "a" * 400_001
    for condition in ({"~regex": "xxxxx"}, {"~nregex": "xxxxx"}, {"~not": {"~regex": "xxxxx"}}):
        clause = compile_filter({"~or": [{"a": condition}]}).explain({"a": text})
        assert clause is not None
        assert clause.error == "the pattern searches at most 400000 characters"
    assert passes({"a": {"~nregex": "xxxxx"}}, {"a": text[:-1]})


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        ({"a.b": "x"}, '/filters/a.b: a.b is 2, asked ~eq "x".'),
        (
            {"{{a.b}}": {"~in": [1, None]}},
            "/filters/{{a.b}}/~0in: a.b is 2, asked ~in [1, null].",
        ),
        (
            [{"a.b": 2}, {"~or": [{"c": 1}, {"a.b": {"~lt": 0}}]}],
            "/filters/1/~0or: nothing holds of ~or: c is null, asked ~eq 1; a.b is 2, asked ~lt 0.",
        ),
        (
            {"a": {"~not": {"~contains": "x", "~neq": 1}}, "~not": {"a.b": 2}},
            "/filters/~0not: this holds within ~not: a.b is 2, asked ~eq 2.",
        ),
    ],
)
def test_explanations(tree: Any, sentence: str) -> None:
    """The clause that failed is named with its place and its actual operands."""
    assert str(compile_filter(tree).explain({"a": {"b": 2}})) == sentence


def test_explanations_are_short() -> None:
    """Large and deep values do not make a long sentence."""
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    value = {"text": "x" * 100_000, "many": list(range(1_000)), "deep": deep, "é": {"a": {"b": 1}}}
    clause = compile_filter({"v": "x" * 10_000}).explain({"v": value})
    assert len(str(clause)) < 1_000
