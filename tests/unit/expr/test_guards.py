"""The guards change what hostile expressions cost, and nothing else."""

from dataclasses import replace
from typing import Any, Final

import jlens
import pytest

from shared.expr.bounds import STEP
from shared.expr.errors import ExpressionError
from shared.expr.guards import guard
from shared.expr.jsonata import UNDEFINED
from tests.unit.expr.support import evaluate

PATIENT: Final = replace(STEP, timeout_s=60)
"""What is refused here is so for its size, however slow the machine is."""

INPUT = {
    "a": [{"b": 1}, {"b": 1}],
    "mixed": [1, "1", 1.0, {"x": 1, "y": 2}, {"y": 2, "x": 1}, None, None, [1], [1]],
    "n": None,
    "s": "a.b/c..d",
}


@pytest.mark.parametrize(
    "source",
    [
        "$distinct(a.b)",
        "$distinct([1, 1])",
        "$distinct(missing)",
        "$distinct(n)",
        "$distinct([])",
        "$distinct(5)",
        "$distinct('xx')",
        "$distinct({'a': 1})",
        "$distinct(mixed)",
        "[$distinct(mixed), 1]",
        "mixed ~> $distinct",
        "$map([[1, 1, 2], [3, 3]], $distinct)",
        "a.$distinct([b, b, 2])",
        "$distinct(1, 2)",
        "$replace('abc', 'b', 'x')",
        "s.$replace('.', '-')",
        "s ~> $replace('.', '-')",
        "$replace('abab', /a(b)/, '$1-$0$$')",
        "$replace('aaa', 'a', '$0b', 2)",
        "$replace(missing, 'a', 'b')",
        "$replace('abc', missing, 'b')",
        "$replace('abc', /b/, function($m){$m.match & '!' & $m.groups[0]})",
        "$replace('abc', /b/, function($m){5})",
        "$replace('abc', 'b', function($m){'x'})",
        "$replace('abc', '', 'x')",
        "$replace('abc', 'b', 'x', -1)",
        "$replace(5, 'b', 'x')",
        "$map(['ab', 'bb'], $replace(?, 'b', 'c'))",
        "$replace('', 'b', 'x')",
        "[1..5, 7 .. 9, 11]",
        "[[1..3], [4..6]]",
        "[1..$count(a)][1]",
        "[1.5..3]",
        "['a'..3]",
        "[missing..3]",
        "[3..1]",
        "[1..1]",
        "[[1..1]]",
        "s ~> /[/]c..d/",
        "[ /* .. , ] */ 1 /* / */ .. 3 ]",
        "'[1..2]'",
        "[`x..y`..3]",
        "[$replace('a..b', /./, 'x')]",
        "[1..3].[$..4]",
        "a.[1..b]",
        "[4/2..6/2]",
        "[s ~> /\\/(c)[.][.]/, 1..2]",
        "{'a': [1..3], 'b': [1..2]}",
        "($f := function($x){[1..$x]}; $f(3))",
        "[1 in [1..2], (1 = 1 and s ~> /a.b/)]",
        "[a[0].b..a[1].b + 1]",
        "[(1; 2)..3]",
        "[5 % 3..4]",
        "[true and /..,/ ? 1 : 0, 1..2]",
        "[n ?? /[..]/i, /[..]/im = /[..]/, 1..2]",
        "[1..2] ~> $map(function($i){[$i..$i*2]})",
        '$eval("[1, 2]")',
        "$eval(missing)",
        "$eval(5)",
        "a.b.$string()",
        "a.$string()",
        "[a.b, missing].$string($)",
        "a.($string(missing))",
        "[1, 'a', null, true, [1], {'x': 1}].$string($, true)",
        "$map([1, 'a'], $string)",
        "$map(['2026', '2027'], $toMillis)",
        "$map([0, 1], $fromMillis)",
        "$map(['1', '2'], $parseInteger)",
        "$map(['1', '2'], $pad)",
        "$map([1, 2], $formatNumber)",
        "[$string($sum)]",
        "[s].$uppercase()",
        "[s, 'É'].$uppercase($)",
        "[s ~> $uppercase, s ~> $lowercase ~> $trim]",
        "[$uppercase(5)]",
        "[$uppercase(missing), $lowercase(missing), $trim(missing)]",
        "[$uppercase()]",
        "$map(['A', 'b'], $lowercase)",
        "a.$lowercase(b)",
        "['  a  b '].$trim($)",
        "['ä b/c', 'a%20b'].$encodeUrl($)",
        "['ä b/c', 'a%20b'].$encodeUrlComponent($)",
        "['%C3%A4', 'a%20b'].$decodeUrl($)",
        "['%C3%A4', '%ff'].$decodeUrlComponent($)",
        "[s].$pad(20)",
        "['a', 'bc'].$pad($, -5, '#')",
        "['a', 'bc'].$pad($, 5)",
        "$map(['a', 'b'], $pad(?, 3, '-'))",
        "[$pad(missing, 3)]",
        "[$pad('a', 'b')]",
        "[$sort([3, 1, 2])]",
        "[$sort(a, function($l, $r){$l.b > $r.b})]",
        "[$sort(missing), $sort(5), $sort(['a', 'B'])]",
        "[$sort([1, 'a'])]",
        "[[2, 1], [4, 3]].$sort($)",
        "[[[2, 1], [4, 3]]].$map($, $sort)",
        "[1, 1234.5].$formatNumber($, '#,##0.00')",
        "[1].$formatNumber($, '#!##0', {'grouping-separator': '!'})",
        "[$formatNumber(missing, '0'), $formatNumber(1, missing)]",
        "[1, 2019].$formatInteger($, 'w')",
        "[$formatInteger(missing, 'w')]",
        "['1,234'].$parseInteger($, '#,##0')",
        "[$parseInteger('twelve', 'w')]",
        "[0, 1].$fromMillis($)",
        "[0].$fromMillis($, '[Y]-[M01]', '+0100')",
        "[$fromMillis(missing), $toMillis(missing)]",
        "['2026', '2027-01-01'].$toMillis($)",
        "['2026'].$toMillis($, '[Y]')",
        "[$toMillis('x', '[Y]')]",
        "[$string(missing), $string(n), $string($sum)]",
        "[$string(), $string(1, true)]",
        "a.b.$string($, 5)",
        "[s].$split('.')",
        "['a b', 'c'].$split($, ' ', 1)",
        "[$split(s, /[.]/), $split(missing, '.')]",
        "[$split(s)]",
        "$map(['a.b', 'c'], $split)",
        "$map([[1], [2]], $append)",
        "$map(['a.b', 'c'], $split(?, '.'))",
        "[$clone(a), $clone(missing)]",
        "[a[0]].$clone()",
        "[$clone(5)]",
        "[$append(a, missing), $append(missing, a), $append(missing, missing)]",
        "[$append([], []), $append([], 1), $append(n, n), $append([[1]], [[2]])]",
        "[$append(1)]",
        "$append([1], $sum)[1] ~> $type",
        "$reduce([[1], [2, 3], [[4]]], $append)",
        "[a].$append($, 1)",
        "[$reverse([1, 2]), $reverse(missing), $reverse(n), $reverse('ab')]",
        "[$reverse()]",
        "$map([[1, 2], [3, 4]], $reverse)",
        "[$shuffle([5]), $shuffle(missing), $shuffle(5)]",
        "($f := function($n){$n = 0 ? 'end' : $f($n - 1)}; $f(5000))",
        "($f := function($n){$n = 0 ? 0 : 1 + $f($n - 1)}; $f(60))",
        "(function($a)<(na)-:n>{$a})(5)",
        "(function($a)<f<n:n>:n>{$a(1)})(function($x){$x})",
        "a.(function(){b})()",
        "(function(){function(){'}'}})()()",
        "($f := λ($x){{'a': $x}}; $f([1..3]))",
        "($f := function($i){[$i..3]}; $map([1..3], $f))",
        "($function := function($x){$x}; function and ($x) ? {'a': 1} : {'b': $function(2)})",
    ],
)
def test_ordinary_use_is_untouched(source: str) -> None:
    """With and without guards an expression has the same result, or the same error code."""

    def bare() -> Any:
        try:
            return jlens.Expression(source).evaluate(INPUT, max_depth=STEP.depth_max)
        except jlens.JlensError as error:
            return f"error {error.code}"

    def guarded() -> Any:
        try:
            result = evaluate(source, INPUT)
        except ExpressionError as error:
            return f"error {error.code}"
        return None if result is UNDEFINED else result

    assert guarded() == bare()


@pytest.mark.parametrize(
    "source",
    [
        "a.b = 1",
        "x['..' = 'y']",
        "`distinc`",
        "$count([1,2])",
        "$lowercase(a.b) = 'x' and $trim(s) != ''",
        "$map(a, function($i){$i.b & '!'})",
        "($of := a; $filter($of, function($i, $at){$i.b > 0 and $count($of) > $at}))",
        "$string(a.b) = 'x'",
        "$toMillis(a.b) > 5",
        "$toMillis(a.b, '[Y]') > 5 or $formatNumber(n, \"#0\") = '5'",
    ],
)
def test_other_expressions_run_as_written(source: str) -> None:
    """An expression that mentions nothing dangerous has no prelude and no edits."""
    guarded = guard(source)
    assert (guarded.prelude, guarded.body, guarded.functions) == ("", source, ())


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("[1..10000000]", "a range"),
        ("[1..200000]", "a range"),
        ("a.don't = 1 or $count([1..200000]) > 0 or a.can't = 1", "a range"),
        ("a.b\u00a0c / 2 = 1 or $count([1..200000]) / 3 > 0", "a range"),
        ("($n := 10000000; [0, 1..$n])", "range"),
        ("[1..1000].$count([1..9999])", "all ranges together"),
        ("$map([1..5000], function($i){[1..5000]})", "all ranges together"),
        ("($s := $pad('a', 9000, 'a'); $replace($s, 'a', $s))", "$replace"),
        ("($s := $pad('a', 2000, 'a'); $replace($s, /a/, $s))", "$replace"),
        ("$replace($pad('a', 200000, 'a'), /a+/, '$0$0$0$0$0$0')", "$replace"),
        ("$replace('aaaaaaa', /a/, function($m){$pad('a', 200000)})", "$replace"),
        ("$eval('1 + 1')", "JSON only"),
    ],
)
def test_blow_ups_are_refused_before_they_are_built(source: str, part: str) -> None:
    """What would be built is counted first, also behind group references and functions."""
    with pytest.raises(ExpressionError, match=part.replace("$", r"\$")):
        evaluate(source, INPUT, bounds=PATIENT)


@pytest.mark.parametrize(
    "call",
    [
        "$formatNumber(1, long)",
        "$formatInteger(1, long)",
        "$parseInteger('1', long)",
        "[0].$parseInteger($$.long, '0')",
        "$fromMillis(1, long)",
        "$toMillis('2026', long)",
        "[0].$toMillis($$.long, '[Y]')",
        "[0].$formatNumber(1, $$.long)",
        f"$formatNumber(1, '{'#' * 1_001}0')",
        "$map([1], $formatNumber(?, long))",
    ],
)
def test_long_pictures_are_refused(call: str) -> None:
    """What is read takes much longer than it is long."""
    with pytest.raises(ExpressionError, match="pictures") as raised:
        evaluate(call, {"long": "0" * 1_001}, bounds=PATIENT)
    assert raised.value.code == "U1001"


def test_each_evaluation_has_room_for_its_own_ranges() -> None:
    """What one has used up another has, also where it is the same expression."""
    for _ in range(3):
        assert evaluate("$count([1..90].($count([1..9000])))", INPUT, bounds=PATIENT) == 90


def test_a_guard_survives_redefinition() -> None:
    """Taking the built-in under another name takes the guard along."""
    with pytest.raises(ExpressionError):
        evaluate("($r := $replace; $replace := 1; $s := $pad('a', 9000, 'a'); $r($s, 'a', $s))")
