"""Liquid templates."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared.expr.bounds import STEP_BYTES_MAX
from shared.expr.errors import ExpressionError
from shared.expr.liquid import TemplateCache, check, render
from tests.unit.expr.support import NOW

CPU_S_MAX = 0.5
GROWN_BYTES_MAX = 64 * 1024 * 1024
"""About twice what was seen: a busy machine fails no test."""

SCOPE: dict[str, Any] = {
    "n1": {
        "items": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        "on": "2026-03-05T00:00:00Z",
        "price": 1.5,
        "none": None,
        "yes": True,
        "text": "{{ n1.price }}",
    }
}


def rendered(tree: Any) -> Any:
    """``tree`` in the usual scope."""
    return render(tree, SCOPE, TemplateCache(10), now=NOW)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain } text {", "plain } text {"),
        # one output is the value itself
        ("{{ n1.items }}", SCOPE["n1"]["items"]),
        ("{{- n1.price -}}", 1.5),
        ("{{ n1.yes }}", True),
        ("{{ n1.items | map: 'id' }}", [1, 2]),
        ("{{ n1.items[1]['name'] }}", "b"),
        ("{{ n1.items | size }}", 2),
        ("{{ (1..3) }}", [1, 2, 3]),
        ("{{ n1.none }}", None),
        ("{{ n1.missing.deeper }}", None),
        ("{{ n1.missing | default: 'd' }}", "d"),
        ("{{ 'nan' | plus: 1 }}", None),
        ("{{ n1.text }}", "{{ n1.price }}"),
        # a text around it makes it a text
        ("v={{ n1.price }}", "v=1.5"),
        ("v={{ n1.yes }}", "v=true"),
        ("v={{ n1.missing }}{{ n1.none }}", "v="),
        ("v={{ n1.items[0] }}", 'v={"id":1,"name":"a"}'),
        ("v={{ n1.items | map: 'id' }}", "v=12"),
        ("{% if n1.price > 1 %}dear{% else %}cheap{% endif %}", "dear"),
        ("{% for x in n1.items reversed %}{{ x.name }}{% endfor %}", "ba"),
        ("{% assign x = n1.price | times: 2 %}{{ x }}", "3.0"),
        ("{% raw %}{{ n1 }}{% endraw %}", "{{ n1 }}"),
        # our filters
        ("{{ n1.items[0] | json }}", '{"id":1,"name":"a"}'),
        ("{{ '[1, {\"a\": null}]' | parse_json }}", [1, {"a": None}]),
        ("{{ n1.on | carbon_date }}", "2026-03-05 00:00:00"),
        ("{{ n1.on | carbon_date: 'd/m/y H:i' }}", "05/03/26 00:00"),
        ("{{ n1.on | carbon_date: '%Y' }}", "2026"),
        ("{{ n1.on | date: '%d.%m.' }}", "05.03."),
        ("{{ 0 | date: '%Y' }}", "1970"),
        ("{{ 'soon' | date: '%Y' }}", "soon"),
        ("{{ 'now' | date: '%H:%M' }}", "12:30"),
        ("{{ now }}", "2026-03-01T12:30:00.000Z"),
        ("{{ today }}", "2026-03-01"),
        ("{{ n1.on | carbon_condition: 'within_7_days' }}", True),
        ("{{ '2026-02-21' | carbon_condition: 'within_7_days' }}", False),
        ("{{ '2026-03-01T23:00:00' | carbon_condition: 'is_today' }}", True),
        ("{{ n1.on | carbon_condition: 'is_today' }}", False),
        ("{{ n1.missing | carbon_condition: 'is_today' }}", False),
        ("{{ 'a,b,a' | split: ',' | uniq | join: '-' }}", "a-b"),
        ("{{ 'abc' | split: '' | join: ' ' }}", "a b c"),
        ("{{ 'aXa' | replace: 'a', 'b' }}", "bXb"),
        ("{{ '<p>a</p>' | strip_html }}", "a"),
        ("{{ n1.items | uniq: 'missing' | size }}", 1),
    ],
)
def test_rendering(template: str, expected: Any) -> None:
    """Values keep their type alone and become text in company; filters do as documented."""
    assert rendered(template) == expected
    assert check(template) == []


def test_a_tree_is_rendered_where_it_has_texts() -> None:
    """Texts of a tree are templates, keys and other values are not."""
    tree = {"{{ n1 }}": [1, "{{ n1.price }}", {"a": "b"}], "n": None}
    assert rendered(tree) == {"{{ n1 }}": [1, 1.5, {"a": "b"}], "n": None}


@pytest.mark.parametrize(
    ("template", "code", "told"),
    [
        ("{{ 1 | divided_by: 0 }}", "TEMPLATE_FAILED", "line 1, column 8"),
        ("{{ n1.on | carbon_condition: 'odd' }}", "TEMPLATE_FAILED", "is_today"),
        ("{{ '{' | parse_json }}", "TEMPLATE_FAILED", "not JSON"),
        ("{{ n1.items | nope }}", "TEMPLATE_FAILED", "nope"),
        ("{{ n1", "INVALID_TEMPLATE", "{{ n1"),
        ("{% for x in (1..60000) %}{% endfor %}", "TEMPLATE_SIZE", "60000 items"),
    ],
)
def test_what_fails_says_why(template: str, code: str, told: str) -> None:
    """A failing template is an ExpressionError that names its fault."""
    with pytest.raises(ExpressionError, match=told.replace("{", r"\{")) as failed:
        rendered(template)
    assert failed.value.code == code


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ n1", "has no '}}'"),
        ("{% if %}a{% endif %}", "line 1, column 4: missing expression"),
        ("a\n{{ a b }}", "line 2, column 6"),
        ("{% raw %}a", "has no end"),
        ("{% include 'a' %}", "include"),
        ("{{ a | datee }}", "did you mean 'date'?"),
        ("{{ a }}" * 4_001, "more than 4000 tags"),
        ("{{ a }}" + "b" * STEP_BYTES_MAX, "longer than"),
        ("{{ " + "a" * 5_000 + " }}", "too long"),
        ("{% if a" + " or a" * 101 + "%}{% endif %}", "too involved"),
    ],
)
def test_check_names_each_faulty_text(template: str, told: str) -> None:
    """What cannot be rendered is found when it is written, at its place in the tree."""
    problems = check({"a/b": [1, template], "c": "{{ fine }}", "d": template}, "/src")
    assert [problem.pointer for problem in problems] == ["/src/a~1b/1", "/src/d"]
    assert {problem.code for problem in problems} == {"INVALID_TEMPLATE"}
    assert told in problems[0].detail


def test_nothing_outside_the_scope_is_reached() -> None:
    """Attributes of Python's objects are no fields."""
    assert rendered("{{ n1.__class__ }}") is None
    assert rendered("x{{ n1.items.__len__ }}{{ forloop.__init__ }}") == "x"


def test_equal_arguments_give_equal_results() -> None:
    """The clock that a template sees is the one that it is given."""
    assert rendered("{{ 'today' | date: '%s' }}") == str(int(NOW.timestamp()))


KINDS = {
    "nested_loops": "TEMPLATE_SIZE",
    "reversed_range": "TEMPLATE_SIZE",
    "doubling": "TEMPLATE_SIZE",
    "power": "TEMPLATE_SIZE",
    "split_join": "TEMPLATE_SIZE",
    "replace_blowup": "TEMPLATE_SIZE",
    "open_outputs": "INVALID_TEMPLATE",
    "open_raw": "INVALID_TEMPLATE",
    "attribute": "",
}


@cache
def tried(*names: str) -> dict[str, dict[str, Any]]:
    """The answers of a child process that went through all hostile templates.

    With names it tries those, and does not look at the clock.
    """
    child = subprocess.run(
        [sys.executable, "-m", "tests.unit.expr.hostile_liquid_child", *names],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert child.returncode == 0, child.stderr
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    return {line["name"]: line for line in lines}


def test_no_template_stalls_or_crashes() -> None:
    """Every hostile template ends within its time and memory."""
    answers = tried()
    slow = {name: line for name, line in answers.items() if line["cpu_s"] > CPU_S_MAX}
    large = {name: line for name, line in answers.items() if line["grown_bytes"] > GROWN_BYTES_MAX}
    assert not slow
    assert not large


@pytest.mark.parametrize(("name", "answer"), KINDS.items())
def test_each_kind_is_stopped_by_its_own_bound(name: str, answer: str) -> None:
    """The known attacks end where they should, also where the clock does not stop them."""
    assert tried(*KINDS)[name]["answer"] == answer


@pytest.mark.parametrize("name", ["compare", "ifs"])
def test_what_nothing_else_stops_is_stopped_by_the_clock(name: str) -> None:
    """What writes little and takes long."""
    assert tried()[name]["answer"] == "TEMPLATE_TIME"
