"""Compiling and evaluating."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.errors import Invalid
from shared.expr.bounds import RUN_IF, RUN_IF_BYTES_MAX, STEP, Bounds
from shared.expr.errors import MESSAGE_CHARS_MAX, ExpressionError
from shared.expr.extensions import Extension
from shared.expr.functions import EXTENSIONS
from shared.expr.jsonata import (
    READINGS_MAX,
    UNDEFINED,
    Document,
    ExpressionCache,
    Truth,
    compile_expression,
)
from tests.unit.expr.support import NOW, evaluate, verdict

SEED_STEP = """( $sync_job_id := $mapValues(integration.name,{
  "calcom": "51b79ace-a7b4-4077-93ba-8048a06ece2b" });
  { "sync_job_id": $sync_job_id, "integrated_account_id": integrated_account_id,
    "webhook_id": "9fda519d-148f-4cc5-bbac-4e373b16e5d4" } )"""


def test_the_documented_step_config_builds_its_payload() -> None:
    """The example of a step's config in the vendor's documentation evaluates as described."""
    scope = {"integration": {"name": "calcom"}, "integrated_account_id": "ia_1"}
    assert evaluate(SEED_STEP, scope) == {
        "sync_job_id": "51b79ace-a7b4-4077-93ba-8048a06ece2b",
        "integrated_account_id": "ia_1",
        "webhook_id": "9fda519d-148f-4cc5-bbac-4e373b16e5d4",
    }


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("null", None),
        ("here", None),
        ("missing", UNDEFINED),
        ("$sum", UNDEFINED),
        ("deep.missing", UNDEFINED),
        ("[null]", [None]),
        ("[missing]", []),
        ("( $type := 1; missing )", UNDEFINED),
        ("$distinct(here)", None),
        ("false", False),
        ("missing /* trailing */", UNDEFINED),
    ],
)
def test_undefined_is_not_null(source: str, expected: Any) -> None:
    """A missing value and a null are told apart, with and without guards."""
    assert evaluate(source, {"here": None, "deep": {}}) is expected or (
        evaluate(source, {"here": None, "deep": {}}) == expected
    )


@pytest.mark.parametrize(
    ("source", "truth"),
    [
        ("true", Truth.TRUE),
        ("false", Truth.FALSE),
        ("''", Truth.FALSE),
        ("'false'", Truth.TRUE),
        ("0", Truth.FALSE),
        ("-1", Truth.TRUE),
        ("null", Truth.FALSE),
        ("[]", Truth.FALSE),
        ("[0, '', null]", Truth.FALSE),
        ("[0, 1]", Truth.TRUE),
        ("[[0]]", Truth.FALSE),
        ("{}", Truth.FALSE),
        ("{'a': false}", Truth.TRUE),
        ("$sum", Truth.FALSE),
        ("function(){true}", Truth.FALSE),
        ("/regex/", Truth.FALSE),
        ("missing", Truth.UNDEFINED),
        ("missing = 1", Truth.FALSE),
        ("missing > 1", Truth.UNDEFINED),
        ("1 > 'a'", Truth.ERROR),
        ("$error('no')", Truth.ERROR),
    ],
)
def test_a_condition_is_cast_by_boolean(source: str, truth: Truth) -> None:
    """Truth follows the table of ``$boolean``; undefined and errors are answers of their own."""
    answer = verdict(source, {})
    assert answer.truth is truth
    assert (answer.error is not None) == (truth is Truth.ERROR)


def test_a_condition_may_define_variables() -> None:
    """A ``run_if`` is a whole expression: blocks, assignments and comments included."""
    assert verdict("($x := a; $x = 1) /* yes */", {"a": 1}).truth is Truth.TRUE
    assert verdict("$x := a", {"a": 1}).truth is Truth.TRUE


@pytest.mark.parametrize("source", ["$now()", "$millis()", "$random()", "$shuffle([1..20])"])
def test_the_same_instant_and_seed_give_the_same_result(source: str) -> None:
    """A redelivered event gets the same answer; another seed or instant gives another."""
    expression = compile_expression(source)
    document = Document.of({})

    def at(hours: int, seed: int) -> Any:
        return expression.evaluate(
            document, bounds=STEP, now=NOW + timedelta(hours=hours), seed=seed
        )

    assert at(0, 1) == at(0, 1)
    assert at(0, 1) != at(1, 2)


def test_now_is_the_given_instant() -> None:
    """``$now`` and ``$millis`` tell the instant handed in, to the millisecond."""
    assert evaluate("$now()") == "2026-03-01T12:30:00.000Z"
    assert evaluate("$millis()") == NOW.timestamp() * 1000


def test_bindings_are_variables() -> None:
    """A binding is read as ``$name``."""
    assert evaluate("$limit + a", {"a": 1}, limit=2) == 3


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("", "S0207"),
        ("a +", "position 3"),
        ("a b", "'b'"),
        ("[" * 20_000, "nested too deeply"),
        ("'\ud800'", "Not a text"),
        ("a" * (RUN_IF_BYTES_MAX + 1), "longer than 4096 bytes"),
        ("é" * (RUN_IF_BYTES_MAX // 2 + 1), "longer than 4096 bytes"),
    ],
)
def test_a_wrong_text_is_one_problem_at_its_pointer(source: str, part: str) -> None:
    """What is no expression is refused when saved, with the place and the reason."""
    bytes_max = 65_536 if source.startswith("[") else RUN_IF_BYTES_MAX
    with pytest.raises(Invalid) as refused:
        compile_expression(source, pointer="/config/run_if", bytes_max=bytes_max)
    (problem,) = refused.value.problems
    assert (problem.pointer, problem.code) == ("/config/run_if", "INVALID_EXPRESSION")
    assert part in problem.detail


def test_a_text_of_exactly_the_limit_is_taken() -> None:
    """The length limit is inclusive, and counts bytes."""
    compile_expression("é" * (RUN_IF_BYTES_MAX // 2), bytes_max=RUN_IF_BYTES_MAX)


@pytest.mark.parametrize(
    ("source", "change", "code"),
    [
        ("($f := function($n){1 + $f($n)}; $f(1))", {}, "D1011"),
        ("($f := function($n){$f($n)}; $f(1))", {"steps_max": 500}, "U1006"),
        ("$match($pad('a', 40, 'a') & '!', /^(a+)+$/)", {"timeout_s": 0.02}, "D1012"),
        ("$pad('', 11)", {"string_bytes_max": 10}, "U1001"),
        ("[1..11]", {"array_items_max": 10}, "U1001"),
        ("['aaaaaaaaaa']", {"result_bytes_max": 10}, "U1001"),
        ("$mapValues($pad('a', 100), {})", {"result_bytes_max": 50}, "U1001"),
    ],
)
def test_each_bound_stops(source: str, change: dict[str, Any], code: str) -> None:
    """Each of the bounds ends an evaluation that passes it."""
    with pytest.raises(ExpressionError) as stopped:
        evaluate(source, bounds=replace(RUN_IF, **change))
    assert stopped.value.code == code


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("a + 'x'", 3),
        ("[1..3, 5 + 'b']", 10),
        ("[[1 .. 3], 1..2, 5 + 'b']", 20),
        ("$distinct([1]) + 'x'", 16),
        ("$replace(5, 'b', 'x')", 8),
    ],
)
def test_an_error_points_into_the_authors_text(source: str, position: int) -> None:
    """Positions are those of the text as written, whatever is put around it."""
    with pytest.raises(ExpressionError) as raised:
        evaluate(source, {"a": 1})
    assert abs((raised.value.position or 0) - position) <= 1
    error = verdict(source, {"a": 1}).error
    assert error is not None
    assert error.position == raised.value.position


def test_a_long_message_is_cut() -> None:
    """An error that quotes the event does not carry it into logs whole."""
    with pytest.raises(ExpressionError) as raised:
        evaluate("$error($string($))", {"secret": "x" * 10_000})
    assert len(raised.value.message) == MESSAGE_CHARS_MAX


@pytest.mark.parametrize("core", ["1", "[1..2]", "$distinct(a)"])
def test_a_text_that_was_taken_can_be_evaluated(core: str) -> None:
    """Around the deepest nesting, what compiling takes never fails to compile later."""
    taken = set()
    for depth in range(970, 1_003):
        try:
            expression = compile_expression("(" * depth + core + ")" * depth)
        except Invalid:
            taken.add(False)
            continue
        taken.add(True)
        deep = replace(STEP, depth_max=5_000)
        assert expression.test(Document.of({}), bounds=deep, now=NOW, seed=1).error is None
        expression.evaluate(Document.of({}), bounds=deep, now=NOW, seed=1)
    assert taken == {True, False}


@pytest.mark.parametrize("raised", [RecursionError, ValueError, OverflowError, MemoryError])
def test_no_foreign_exception_leaves(
    raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a function raises becomes an ``ExpressionError``, and an ERROR verdict."""

    def broken() -> None:
        raise raised("inside")

    extension = Extension(implementation=broken)
    monkeypatch.setattr("shared.expr.functions.EXTENSIONS", {**EXTENSIONS, "broken": extension})
    with pytest.raises(ExpressionError, match="inside"):
        evaluate("1 + $broken()")
    assert verdict("$broken()").truth is Truth.ERROR


def test_deep_values_are_errors_not_crashes() -> None:
    """On the deepest of documents a function answers or runs out of stack: a verdict either way."""
    deep: Any = "x"
    for _ in range(990):
        deep = [deep]
    assert verdict("$exists($mapValues(d, {}))", {"d": deep}).truth in (Truth.TRUE, Truth.ERROR)


@pytest.mark.parametrize(
    "value",
    [{1: 2}, {"a": object()}, b"x", {"a": {1, 2}}, [[[...]]]],
    ids=["int-key", "object", "bytes", "set", "ellipsis"],
)
def test_what_is_no_json_fails_the_expression_that_reads_it(value: Any) -> None:
    """A value that is not JSON is an ExpressionError, read as it is or converted whole."""
    document = Document.of(value)
    for _ in range(READINGS_MAX + 1):
        with pytest.raises(ExpressionError):
            compile_expression("$string($)").evaluate(document, bounds=RUN_IF, now=NOW, seed=1)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"NaN", b"\xff", '"\\ud800"', b"[" * 200 + b"]" * 200, b"1e400", b"1 2"]
)
def test_only_json_texts_make_a_document(text: bytes | str) -> None:
    """A text that is not JSON is refused as ``Invalid``."""
    with pytest.raises(Invalid):
        Document.from_json(text)


def test_a_document_serves_many_expressions() -> None:
    """Converted once, from a value or a text, a document gives each expression the same input."""
    for document in (Document.of({"a": [1, 2]}), Document.from_json(b'{"a": [1, 2]}')):
        results = [
            compile_expression(source).evaluate(document, bounds=RUN_IF, now=NOW, seed=1)
            for source in ("$sum(a)", "a[0]", "$count(a)")
        ]
        assert results == [3, 1, 2]


def test_the_cache_shares_and_forgets() -> None:
    """Equal texts share one expression; past the limit the oldest goes; errors keep pointers."""
    cache = ExpressionCache(2)
    first = cache.get("a")
    assert cache.get("a", pointer="/elsewhere") is first
    cache.get("b")
    cache.get("c")
    assert cache.get("a") is not first
    for pointer in ("/one", "/two"):
        with pytest.raises(Invalid) as refused:
            cache.get("a +", pointer=pointer)
        assert refused.value.problems[0].pointer == pointer


def test_presets_are_bounds() -> None:
    """Deciding is held tighter than building."""
    assert isinstance(RUN_IF, Bounds)
    assert RUN_IF.timeout_s < STEP.timeout_s <= 0.25
