"""Placeholders."""

from dataclasses import replace
from typing import Any

import pytest

from shared.expr.bounds import STEP
from shared.expr.errors import ExpressionError
from shared.expr.jsonata import UNDEFINED
from shared.expr.templates import check, render

SCOPE: dict[str, Any] = {
    "foo": "foo",
    "bar": "1.34",
    "foo-bar": {"x": True},
    "a": [{"b": "ab"}, 2],
    "n": 5,
    "f": 2.0,
    "empty": "",
    "null": None,
    "padded": " 7 apples ",
    "json": ' {"k": [1]} ',
    "yes": "true",
    "hex": "0x10",
    "huge": "9" * 400,
    "big": "12345678901234567890123",
    "obj": {"k": 1},
    "list": [1, "x", None, [2]],
    "second": "{{foo}}",
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        # paths
        ("{{foo}}", "foo"),
        ("Foo: {{ foo }}!", "Foo: foo!"),
        ("{{foo-bar.x}}", "true"),
        ("{{a.0.b}}", "ab"),
        ("{{a.-1:int}}", 2),
        ("{{a.7.b}}", "{{a.7.b}}"),
        ("{{foo.0}}", "{{foo.0}}"),
        # casts, the placeholder being the whole text
        ("{{n}}", "5"),
        ("{{n:any}}", 5),
        ("{{f}}", "2"),
        ("{{bar:num}}", 1.34),
        ("{{bar:int}}", 1),
        ("{{padded:int}}", 7),
        ("{{padded:any}}", "7 apples"),
        ("{{padded:str}}", " 7 apples "),
        ("{{hex:int}}", 16),
        ("{{f:int}}", 2),
        ("{{foo:int}}", "foo"),
        ("{{foo:num}}", "foo"),
        ("{{huge:num}}", "9" * 400),
        ("{{big:int}}", "12345678901234567890123"),
        ("{{yes:bool}}", True),
        ("{{foo-bar.x:bool}}", True),
        ("{{foo:bool}}", "foo"),
        ("{{json:json}}", {"k": [1]}),
        ("{{obj:json}}", {"k": 1}),
        ("{{foo:json}}", "foo"),
        ("{{n:json}}", 5),
        ("{{null}}", None),
        ("{{null:str}}", None),
        ("{{foo:null}}", "foo"),
        ("{{obj}}", '{"k":1}'),
        ("{{list}}", "1,x,null,2"),
        # casts inside a text
        ("{{foo}} {{yes:bool}} {{n:int}}", "foo true 5"),
        ("<{{obj:json}}>", '<{"k":1}>'),
        ("<{{null}}>", "<null>"),
        ("<{{foo:null}}>", "<null>"),
        # missing
        ("{{missing}}", "{{missing}}"),
        ("{{missing:int}}", "{{missing:int}}"),
        ("x {{missing}} {{foo}}", "x {{missing}} foo"),
        ("{{missing:null}}", None),
        ("x {{missing:null}}", "x null"),
        ("{{missing:undefined}}", UNDEFINED),
        ("foo {{missing:undefined}} {{foo}}", "foo  foo"),
        ("{{n:undefined}}", 5),
        # fallbacks
        ("{{missing|foo}}", "foo"),
        ("{{missing:str|n:int}}", 5),
        ("{{foo|n:int}}", "foo"),
        ("{{null|foo}}", None),
        ("{{missing|gone}}", "{{missing|gone}}"),
        ("{{empty}}", ""),
        ("{{empty|foo}}", ""),
        ("{{empty|foo:ignore-empty-str}}", "foo"),
        ("{{empty:ignore-empty-str}}", "{{empty:ignore-empty-str}}"),
        # defaults
        ("{{missing?:text}}", "text"),
        ("{{missing?:1:int}}", 1),
        ("{{missing:int?:1}}", "1"),
        ("{{foo?:text}}", "foo"),
        ("{{missing|gone?:http://x/y}}", "http://x/y"),
        ("{{missing?:}}", "{{missing?:}}"),
        # no placeholders
        ("{{}}", "{{}}"),
        ("{{a b!}}", "{{a b!}}"),
        ("{foo}", "{foo}"),
        ("{{{foo}}}", "{foo}"),
        # data is not a template
        ("{{second}}", "{{foo}}"),
        ("{{second}} {{foo}}", "{{foo}} foo"),
    ],
)
def test_a_placeholder_becomes(template: str, expected: Any) -> None:
    """Each documented form of a placeholder gives its documented value, of its type."""
    result = render(template, SCOPE)
    assert result == expected
    assert type(result) is type(expected)


def test_a_tree_is_rendered_throughout() -> None:
    """Values are rendered at every depth; keys, numbers and the template itself stay."""
    tree: Any = {"{{foo}}": ["{{n:int}}", {"deep": "{{foo}}"}, 1, None], "plain": True}
    assert render(tree, SCOPE) == {"{{foo}}": [5, {"deep": "foo"}, 1, None], "plain": True}
    assert tree["{{foo}}"][0] == "{{n:int}}"


def test_a_removed_value_takes_its_place_along() -> None:
    """``:undefined`` removes a key from an object and an item from a list."""
    tree = {"gone": "{{missing:undefined}}", "list": ["{{missing:undefined}}", 1]}
    assert render(tree, SCOPE) == {"list": [1]}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            {"q": {"d": "foo", "$truto_merge": "{{user:json}}"}},
            {"q": {"d": "foo", "c": {"x": 1}, "l": [1]}},
        ),
        (
            {"c": {"x": 0, "y": 2}, "$truto_merge": "{{user:json}}"},
            {"c": {"x": 1, "y": 2}, "l": [1]},
        ),
        ({"l": [0], "$truto_merge": "{{user:json}}"}, {"l": [0, 1], "c": {"x": 1}}),
        (
            {"core": {"e": True}, "$truto_merge": ["{{user:json}}", "{{over:json}}"]},
            {"core": {"e": False}, "c": {"x": 2}, "l": [1]},
        ),
        (
            {"d": 1, "$truto_merge": "{{missing:json|over:json}}"},
            {"d": 1, "core": {"e": False}, "c": {"x": 2}},
        ),
        ({"d": 1, "$truto_merge": "{{missing:json}}"}, {"d": 1}),
        ({"d": 1, "$truto_merge": "{{missing:undefined}}"}, {"d": 1}),
        ({"d": 1, "$truto_merge": ["{{text:json}}", 5, None]}, {"d": 1}),
        ([{"$truto_merge": "{{over:json}}"}], [{"core": {"e": False}, "c": {"x": 2}}]),
        ({"$truto_merge": "{{sly:json}}"}, {"k": {"$truto_merge": {"x": 1}}}),
    ],
)
def test_merging(template: Any, expected: Any) -> None:
    """``$truto_merge`` merges deeply, in order, skips what is no object, and only in templates."""
    scope = {
        "user": {"c": {"x": 1}, "l": [1]},
        "over": {"core": {"e": False}, "c": {"x": 2}},
        "text": "text",
        "sly": {"k": {"$truto_merge": {"x": 1}}},
    }
    assert render(template, scope) == expected


def test_unknown_casts_are_found_before_running() -> None:
    """``check`` names every unknown cast by its place; ``render`` refuses it."""
    tree = {"ok": "{{a:int}}", "x/y": ["{{a:integer}}", {"z": "{{a|b:wat?:c:huh}}"}]}
    problems = check(tree, "/steps/0/config")
    assert [(problem.pointer, problem.code) for problem in problems] == [
        ("/steps/0/config/x~1y/0", "UNKNOWN_CAST"),
        ("/steps/0/config/x~1y/1/z", "UNKNOWN_CAST"),
        ("/steps/0/config/x~1y/1/z", "UNKNOWN_CAST"),
    ]
    assert "integer" in problems[0].detail
    with pytest.raises(ExpressionError, match="wat"):
        render("{{foo:wat}}", SCOPE)


def test_what_is_brought_in_is_bounded() -> None:
    """The result's size counts each use of a value, wherever it is used; the limit is inclusive."""
    scope = {"big": "x" * 100, "tree": {"k": "x" * 92}}
    bounds = replace(STEP, result_bytes_max=1_000)
    assert len(render(["{{big}}"] * 9, scope, bounds=bounds)) == 9
    for one in ("{{big}}", "{{tree:json}}", "{{big}}!"):
        with pytest.raises(ExpressionError) as refused:
            render([one] * 10, scope, bounds=bounds)
        assert refused.value.code == "TEMPLATE_SIZE"


def test_depth_is_bounded() -> None:
    """A template that is too deep is an error, for ``check`` just a long way down."""
    tree: Any = "{{foo:nope}}"
    for _ in range(5_000):
        tree = [tree]
    assert len(check(tree)) == 1
    with pytest.raises(ExpressionError) as refused:
        render(tree, SCOPE)
    assert refused.value.code == "TEMPLATE_DEPTH"


@pytest.mark.parametrize("value", [{"v": 2**70}, ["\ud800"]], ids=repr)
def test_a_value_that_cannot_be_written_is_an_error(value: Any) -> None:
    """What no JSON reader takes back is refused where it is brought in."""
    with pytest.raises(ExpressionError) as refused:
        render("{{v:any}}", {"v": value})
    assert refused.value.code == "TEMPLATE_VALUE"
    assert render("{{n:int}} {{n}}", {"n": 2**70}) == f"{2**70} {2**70}"
    assert render("{{n:int}}", {"n": 1e300}) == 1e300
