"""What an evaluation has left is seen each time that it looks."""

from dataclasses import replace

import pytest

from shared.expr import limits
from shared.expr.bounds import STEP
from shared.expr.errors import ExpressionError
from tests.unit.expr.support import evaluate

PATIENT = replace(STEP, timeout_s=60)
LARGE = {"t": "x" * 500_000, "n": [*range(20_000)], "w": "a b " * 10_000}


@pytest.mark.parametrize(
    "source",
    [
        "$count($map([1..500], function($i){[$reverse(n)]}))",
        "$count($map([1..500], function($i){[$append(n, $i)]}))",
        "$count([1..500].[$split($$.w, ' ')])",
    ],
)
def test_what_grows_is_refused(source: str) -> None:
    """Long before its time is over, by what the process has grown meanwhile."""
    with pytest.raises(ExpressionError, match="of memory"):
        evaluate(source, LARGE, bounds=PATIENT)


def test_growth_counts_from_when_an_evaluation_is_first_weighed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a process had before is no evaluation's; what each may add is as much."""
    held = iter([900, 900 + limits.GROWTH_BYTES_MAX, 901 + limits.GROWTH_BYTES_MAX])
    monkeypatch.setattr(limits, "held_bytes", lambda: next(held))
    monkeypatch.setattr(limits, "_WEIGHED_EVERY_S", -1.0)
    with limits.limited(60):
        limits.look()
        limits.look()
        with pytest.raises(ExpressionError, match="of memory"):
            limits.look()


def test_what_is_quick_is_never_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking costs more than most evaluations take."""
    monkeypatch.setattr(limits, "held_bytes", pytest.fail)
    monkeypatch.setattr(limits, "_WEIGHED_EVERY_S", 60.0)
    with limits.limited(60):
        limits.look()


def test_who_evaluates_nothing_is_not_limited() -> None:
    """Functions are also called by themselves."""
    limits.look()


@pytest.mark.parametrize(
    "call",
    [
        "$uppercase('a')",
        "$lowercase('a')",
        "$trim('a')",
        "$encodeUrl('a')",
        "$encodeUrlComponent('a')",
        "$decodeUrl('a')",
        "$decodeUrlComponent('a')",
        "$pad('a', 2)",
        "$sort([1, 2])",
        "$distinct([1, 2])",
        "$eval('1')",
        "$formatNumber(1, '0')",
        "$formatInteger(1, '0')",
        "$parseInteger('1', '0')",
        "$fromMillis(1)",
        "$toMillis('2026')",
        "$split('a', 'b')",
        "$clone($$)",
        "$append(1, 2)",
        "$reverse([1, 2])",
        "$shuffle([1, 2])",
        "$digest('a')",
        "$base64encode('a')",
        "$jsonParse('1')",
        "$dtFromIso('2026-01-01')",
        "$convertMarkdownToHtml('a')",
    ],
)
def test_what_may_take_long_looks_at_the_clock(call: str) -> None:
    """Before each call, long before the engine would: it looks once in 256 steps."""
    spent = replace(STEP, timeout_s=1e-9)
    assert evaluate("[0, 0].(1 + 1)", {}, bounds=spent) == [2, 2]
    with pytest.raises(ExpressionError) as raised:
        evaluate(f"[0, 0].({call})", {}, bounds=spent)
    assert raised.value.code == "D1012"


def test_no_quote_in_a_pattern_or_a_name_hides_what_repeats() -> None:
    """Between two of them stands no text, though it looks like one."""
    for odd in ("$contains('x', /'/)", "$exists(`'`)"):
        with pytest.raises(ExpressionError) as raised:
            evaluate(
                f"{odd} or [0, 0].$uppercase('a') = 'b'",
                {},
                bounds=replace(STEP, timeout_s=1e-9),
            )
        assert raised.value.code == "D1012"
