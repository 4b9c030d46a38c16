"""Values and conditions of every language."""

from typing import Any

import pytest

from shared.domain.values import Lang, Value
from shared.expr.errors import ExpressionError
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver, value_problems
from shared.expr.secrets import SecretMarks
from tests.unit.expr.support import NOW

MARKS = SecretMarks("n0nce")
SECRETS = MARKS.scope(["API"])
SCOPE: dict[str, Any] = {
    "n": 5,
    "list": [{"a": 1}, {"a": 2}],
    "secrets": SECRETS,
    "context": {"n": 5, "list": [{"a": 1}, {"a": 2}], "none": None, "secrets": SECRETS},
}
RESOLVER = Resolver(ExpressionCache(10), TemplateCache(10))


def resolved(lang: Lang, src: Any) -> Any:
    """What a value comes to in the usual scope."""
    return RESOLVER.resolve(Value(lang=lang, src=src), SCOPE, now=NOW, seed=1, bindings={"b": 7})


@pytest.mark.parametrize(
    ("lang", "src", "expected"),
    [
        (Lang.LITERAL, {"a": "{{n}}"}, {"a": "{{n}}"}),
        (Lang.JSONATA, "n + $b", 12),
        (Lang.JSONATA, "missing", None),
        (Lang.JSONATA, "$toMillis($now())", int(NOW.timestamp() * 1000)),
        (Lang.PLACEHOLDER, {"a": "{{n:int}}"}, {"a": 5}),
        (Lang.PLACEHOLDER, "{{missing:undefined}}", None),
        (Lang.LIQUID, {"a": "{{ n }}", "b": "n={{ n }}"}, {"a": 5, "b": "n=5"}),
        (Lang.LIQUID, "{{ 'now' | date: '%Y' }}", "2026"),
        (Lang.THENA, {"a": "{{context.n}}", "b": "n={{ context.n }}!"}, {"a": 5, "b": "n=5!"}),
        (Lang.THENA, ["{{context.list.0.a}}", "{{context.list[-1].a}}"], [1, 2]),
        (Lang.THENA, "{{context.list}}", SCOPE["list"]),
        (
            Lang.THENA,
            ["{{context.missing}}", "x{{context.missing.y}}{{context.none}}"],
            [None, "x"],
        ),
        (Lang.THENA, ["{{n}}", "a {{b", "{{context..n}}"], ["{{n}}", "a {{b", "{{context..n}}"]),
    ],
)
def test_resolving(lang: Lang, src: Any, expected: Any) -> None:
    """Every language meets the same scope; undefined is null."""
    assert resolved(lang, src) == expected


@pytest.mark.parametrize(
    ("lang", "src"),
    [
        (Lang.JSONATA, "secrets.API"),
        (Lang.JSONATA, "context.secrets.API"),
        (Lang.PLACEHOLDER, "{{secrets.API}}"),
        (Lang.LIQUID, "{{ secrets.API }}"),
        (Lang.THENA, "{{context.secrets.API}}"),
    ],
)
def test_a_secret_is_a_marker_and_an_unknown_one_is_named(lang: Lang, src: str) -> None:
    """Every language moves markers, and fails for a secret that is not there."""
    assert MARKS.reveal(resolved(lang, src), {"API": "k3y"}) == "k3y"
    with pytest.raises(ExpressionError, match="'NOPE'") as failed:
        resolved(lang, src.replace("API", "NOPE"))
    assert failed.value.code == "UNKNOWN_SECRET"


@pytest.mark.parametrize(
    ("source", "expected"),
    [("n = 5", True), ("n > $b", False), ("missing", False), ("list", True), ("''", False)],
)
def test_conditions(source: str, *, expected: bool) -> None:
    """A condition holds by JSONata's truth; undefined is false."""
    assert RESOLVER.holds(source, SCOPE, now=NOW, seed=1, bindings={"b": 7}) is expected


def test_a_failing_condition_is_an_error() -> None:
    """A condition that cannot be answered is neither true nor false."""
    with pytest.raises(ExpressionError):
        RESOLVER.holds("n + 'a'", SCOPE, now=NOW, seed=1)
    with pytest.raises(ExpressionError, match="'NOPE'"):
        RESOLVER.holds("secrets.NOPE = 1", SCOPE, now=NOW, seed=1)


@pytest.mark.parametrize("lang", [Lang.PLACEHOLDER, Lang.LIQUID, Lang.THENA])
def test_a_template_cannot_grow_or_sink_without_end(lang: Lang) -> None:
    """A tree is bounded in its depth and in what it brings in."""
    scope = {"context": {"s": "x" * 300_000}}
    with pytest.raises(ExpressionError, match="larger"):
        RESOLVER.resolve(Value(lang=lang, src=["{{context.s}}"] * 4), scope, now=NOW, seed=1)
    deep: Any = "a"
    for _ in range(250):
        deep = [deep]
    with pytest.raises(ExpressionError, match="deeper"):
        resolved(lang, deep)


@pytest.mark.parametrize(
    ("lang", "src", "expected"),
    [
        (Lang.LITERAL, {"a": "{{"}, []),
        (Lang.JSONATA, "a +", [("/src", "INVALID_EXPRESSION")]),
        (Lang.JSONATA, {"a": 1}, [("/src", "INVALID_EXPRESSION")]),
        (Lang.JSONATA, "a", []),
        (Lang.PLACEHOLDER, {"a": "{{b:odd}}"}, [("/src/a", "UNKNOWN_CAST")]),
        (
            Lang.LIQUID,
            ["{{ a", "{% if %}"],
            [("/src/0", "INVALID_TEMPLATE"), ("/src/1", "INVALID_TEMPLATE")],
        ),
        (Lang.THENA, {"a": "{{n}} {{context.n}}"}, [("/src/a", "INVALID_TEMPLATE")]),
        (
            Lang.THENA,
            "{{context..n}}{{ context.a-b[0].c }}{{context}}",
            [("/src", "INVALID_TEMPLATE")],
        ),
    ],
)
def test_problems_of_a_value(lang: Lang, src: Any, expected: list[tuple[str, str]]) -> None:
    """What is wrong with a value is found before it runs, each fault at its place."""
    problems = value_problems(Value(lang=lang, src=src), "/src")
    assert [(problem.pointer, problem.code) for problem in problems] == expected
