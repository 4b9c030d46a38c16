"""Which texts may build more than they are given."""

import pytest

from shared.expr.builds import READ_CHARS_MAX, may_build
from tests.unit.expr.hostile_builds import BUILDS

PLAIN = [
    "integration.name = 'calcom'",
    "a > 5 and b in ['x', 'y'] or not = 1",
    "$contains(email, /@acme[.]com$/i) and $lowercase(a.b) = 'x'",
    "items[price > 5].name",
    "$count(items[a = $$.b]) > 2",
    "items^(>price)[0].name",
    "a ?: b",
    "$lookup(a, 'x')",
    "payload.a.*",
    "**.id = 5",
    "$substring(a, 0, 3) = 'abc'",
    "$split(a, ',')[0]",
    "$join(items.name, ', ')",
    "$replace(a, 'x', 'y') = 'z'",
    "'Hello ' & name & '!'",
    "a ~> $trim ~> $lowercase",
    "$sum(items.(price * qty))",
    "items.(first & ' ' & last)",
    "$filter(items, function($i){$i.ok})",
    "$map(items, function($i){$i.price * $i.qty})",
    "$map(items, function($i){$sum($i.parts)})",
    "$map(items, $string)",
    "$reduce(items, function($a, $i){$a + $i.x}, 0)",
    "$sort(items, function($l, $r){$l.p > $r.p})",
    "$map([1..5], function($i){$i * 2})",
    "$merge([payload.a, {'x': 1}])",
    "$merge(items.{k: v})",
    "$string({'a': payload.a})",
    "items{cat: $sum(price)}",
    "$append(items, {'a': 1})",
    "($x := payload.a; $x.b = 1 ? 'a' : 'b')",
    "($a := 1; $a := $a + 1; $a)",
]
RESULTS = [
    "items.{'id': id, 'user': $$.user}",
    "$map(items, function($i){{'a': $i.x, 'b': $$.y}})",
    "items{cat: {'a': $$.b}}",
    "[1..5000].{'i': $}",
]
BUILT = [
    "items.('" + "x" * 1_000 + "' & name) = 1",
    "$string(items.{'a': '" + "x" * 1_000 + "'})",
    *BUILDS.values(),
    "$reduce([1..40], function($i, $x){o.[$i, $i]})",
    "$reduce(o, function($i, $x){[$i, $i]}) = 1",
    "x" + ".{'a': $, 'b': $}" * 10 + "^($)",
    "x" + ".[$, $]" * 10 + "[$string($) = 'a']",
    "x" + "{'a': [$, $]}" * 10 + " = 1",
    "x ~> |a|{'b': 1}|",
    "items.(text & $$.big)",
    "items.$map($$.n, function($i){$i & 'x'})",
    "$map(items, $zip)",
    "$map(items, function($i){$zip($$.n, $$.n)})",
    "[1..40][$a := {'a': $a, 'b': $a}]",
    "$f({'a': 1})",
    "(function($x){$x})(1)",
    "$g := $substring(?, 0, 3)",
    "$map(items, function($i){function(){$i}})",
    "($map := function($a, $b){$b}; $map(a, $count))",
    "[t & '1'" + ", t & '1'" * 40 + "]",
    "**.**",
    "$sum([1..1000])",
    "items@$i.x",
    "items#$i.x",
    "a.b.%.c",
    "$pad(a, 100000)",
    "$map(a, function($x){$pad($x, -5000)})",
    "$replace(a, 'x', b)",
    "$join(a, b)",
    "$eval('1') & $nope(1)",
    "[" + "a, " * READ_CHARS_MAX + "a]",
]


@pytest.mark.parametrize("source", PLAIN)
def test_ordinary_use_is_seen_through(source: str) -> None:
    """So that it is evaluated here, in microseconds."""
    assert not may_build(source, is_condition=False)
    assert not may_build(source, is_condition=True)


@pytest.mark.parametrize("source", RESULTS)
def test_results_are_of_any_size(source: str) -> None:
    """The engine counts them; but a condition is gone through to tell whether it is true."""
    assert not may_build(source, is_condition=False)
    assert may_build(source, is_condition=True)


@pytest.mark.parametrize("source", BUILT)
def test_what_builds_is_not(source: str) -> None:
    """Also where it only might."""
    assert may_build(source, is_condition=True)


@pytest.mark.parametrize(
    "source",
    [
        "items.(text & $$.big)",
        "items.$map($$.n, function($i){$i & 'x'})",
        "[t & '1'" + ", t & '1'" * 40 + "]",
        "{'a': $keys(payload)}",
        "[" + "a, " * READ_CHARS_MAX + "a]",
    ],
)
def test_what_is_written_counts_also_where_it_is_only_the_result(source: str) -> None:
    """It takes the memory, or the time, before anything can be counted."""
    assert may_build(source, is_condition=False)


def test_functions_beyond_the_engine_s_are_known_by_name() -> None:
    """What is not one is nothing that is known."""
    assert not may_build("$mine(a)", ["mine"], is_condition=True)
    assert may_build("$mine(a)", is_condition=True)
    assert may_build("$map(a, $mine)", ["mine"], is_condition=True)


def test_doubling_counts() -> None:
    """A few times is as good as a longer text."""
    doubled = "($a := x; {}$a = 1)"
    assert not may_build(doubled.format("$a := [$a, $a];" * 3), is_condition=True)
    assert may_build(doubled.format("$a := [$a, $a];" * 6), is_condition=True)
