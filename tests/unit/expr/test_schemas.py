"""JSON Schemas of strangers."""

from typing import Any

import pytest

from shared.domain.errors import Invalid
from shared.expr.patterns import COST_MAX, pattern_cost
from shared.expr.schemas import (
    CHECK_LOOKS_MAX,
    FAULTS_MAX,
    PATTERNS_CHARS_MAX,
    PATTERNS_COST_MAX,
    JsonSchema,
    check_new,
)
from tests.support.memory import growing


def doubling(levels: int) -> dict[str, Any]:
    """A schema of ``levels`` parts that says the last of them 2^levels times."""
    parts: dict[str, Any] = {
        f"p{i}": {"anyOf": [{"$ref": f"#/$defs/p{i + 1}"}] * 2} for i in range(levels)
    }
    return {"$ref": "#/$defs/p0", "$defs": {**parts, f"p{levels}": {"type": "string"}}}


REFUSED: dict[str, tuple[Any, str]] = {
    "a word that is no type": ({"properties": {"a": {"type": "txt"}}}, "/properties/a/type"),
    "a bound that is no number": ({"minimum": "1"}, "/minimum"),
    "a pattern that is none": ({"pattern": "("}, "/pattern"),
    "a pattern that looks ahead": ({"pattern": "(?=a)b"}, "/pattern"),
    "a reference to another host": ({"$ref": "http://127.0.0.1:1/schema"}, ""),
    "a reference to a file": ({"items": {"$ref": "file:///etc/passwd"}}, ""),
    "a reference to a neighbour": ({"items": {"$ref": "other.json"}}, ""),
    "a reference to nothing": ({"items": {"$ref": "#/$defs/none"}}, ""),
    "a reference to an anchor": ({"items": {"$dynamicRef": "#node"}}, ""),
    "a reference to itself": ({"items": {"$ref": "#"}}, ""),
    "a circle": (
        {"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}},
        "",
    ),
    "another base for references": ({"$defs": {"a": {"$id": "http://a/"}}}, ""),
    "an unknown dialect": ({"$schema": "http://127.0.0.1:1/dialect"}, ""),
    "draft 4": ({"$schema": "http://json-schema.org/draft-04/schema#"}, ""),
    "a part said a million times": (doubling(20), ""),
    "a long way of references": (
        {"$ref": "#/$defs/0", "$defs": {str(i): {"$ref": f"#/$defs/{i + 1}"} for i in range(99)}},
        "",
    ),
    "too many parts": ({"anyOf": [{"const": i} for i in range(2_001)]}, ""),
}


@pytest.mark.parametrize(("schema", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused(schema: Any, pointer: str) -> None:
    """A schema that is none, that leaves itself, or that grows beyond bounds is refused."""
    with pytest.raises(Invalid) as caught:
        JsonSchema(schema, "/input_schema")
    [problem] = caught.value.problems
    assert (problem.pointer, problem.code) == (f"/input_schema{pointer}", "INVALID_SCHEMA")


def test_faults_name_places_and_quote_no_value() -> None:
    """Each fault has its JSON pointer; what stands there is not told."""
    schema = JsonSchema(
        {
            "properties": {"a/b": {"items": {"$ref": "#/$defs/n"}}},
            "required": ["c"],
            "$defs": {"n": {"type": "integer"}},
        }
    )
    assert schema.faults({"a/b": [1, "canary"]}) == [
        '(whole): "c" is a required property',
        '/a~1b/1: the value is not of type "integer"',
    ]
    assert schema.faults({"c": None}) == []
    assert JsonSchema(False).faults({"a": "canary"}) != []
    assert JsonSchema(True).faults("anything") == []


def test_faults_are_few_and_short() -> None:
    """However wrong a value is, what is said of it is bounded."""
    faults = JsonSchema({"additionalProperties": False}).faults({"k" * 10_000: 1, "b": 2})
    assert all(len(fault) < 500 for fault in faults)
    many = JsonSchema({"items": {"type": "string"}}).faults([1] * 1_000)
    assert len(many) == FAULTS_MAX


def test_the_faults_of_a_large_value_are_not_all_looked_for() -> None:
    """A thousand items, each wrong in two thousand ways, have one fault told at once."""
    schema = JsonSchema({"items": {"anyOf": [{"const": n} for n in range(1_900)]}})
    with growing() as growth:
        [fault] = schema.faults([-1] * 1_000)
    assert fault.startswith("/0: ")
    assert growth.grown_bytes < 64 * 2**20
    assert len(schema.faults([-1] * 4)) == 4
    assert schema.faults([1] * 1_000) == []


@pytest.mark.parametrize("value", [[1] * 4_000, ["a" * 1_000] * 400, "a" * 400_000])
def test_what_would_take_long_to_check_is_not_checked(value: Any) -> None:
    """Though it would be valid; half of it is, by the same schema."""
    schema = JsonSchema({"allOf": [{"maxItems": n} for n in range(4_000, 5_000)]})
    assert schema.faults(value) == ["(whole): it is too large to be checked by so large a schema"]
    assert schema.faults(value[: len(value) // 2]) == []
    assert 1_001 * len([1] * 2_000) < CHECK_LOOKS_MAX


def test_patterns_take_linear_time() -> None:
    """A pattern that others backtrack over for years is through."""
    assert JsonSchema({"pattern": "^(a+)+$"}).faults("a" * 100_000 + "b")


def test_patterns_are_short_together() -> None:
    """Wherever they stand: what they are made into is large."""
    whole = "a" * PATTERNS_CHARS_MAX
    assert JsonSchema({"pattern": whole}).faults("b")
    for schema in (
        {"pattern": f"{whole}a"},
        {"items": {"pattern": whole}, "not": {"pattern": "a"}},
        {"patternProperties": {whole: True, "b": {"pattern": "a"}}},
    ):
        with pytest.raises(Invalid):
            JsonSchema(schema)


UNICODE = r"^\p{L}[\p{L} '-]{0,63}$"
COSTLY = "(a|b|.){900}"
MANY = [f"(a|b|.){{70}}{n}" for n in range(100, 200)]
TOO_COSTLY: dict[str, tuple[Any, str]] = {
    "one": ({"properties": {"a": {"pattern": COSTLY}}}, "/properties/a/pattern"),
    "one that is long": ({"pattern": "a" * (COST_MAX + 1)}, "/pattern"),
    "of a name": ({"patternProperties": {f"a/{COSTLY}": True}}, f"/patternProperties/a~1{COSTLY}"),
    "of Unicode's classes": ({"pattern": r"[\p{L}\p{N}]{40}"}, "/pattern"),
    "of one that is named by a letter": ({"pattern": r"\PL{100}"}, "/pattern"),
    "of a large class": ({"pattern": f"[{'éü' * 100}]{{500}}"}, "/pattern"),
    "many of Unicode's classes": (
        {"anyOf": [{"pattern": f"{UNICODE}{n}"} for n in range(20)]},
        "/anyOf/10/pattern",
    ),
    "in a list": ({"anyOf": [True, {"pattern": COSTLY}]}, "/anyOf/1/pattern"),
    "many together": (
        {"anyOf": [{"pattern": pattern} for pattern in MANY]},
        f"/anyOf/{PATTERNS_COST_MAX // pattern_cost(MANY[0])}/pattern",
    ),
}


@pytest.mark.parametrize(("schema", "pointer"), TOO_COSTLY.values(), ids=TOO_COSTLY.keys())
def test_a_costly_pattern_is_not_saved(schema: Any, pointer: str) -> None:
    """Each is refused at its place; where it was saved before, values are checked as ever."""
    with pytest.raises(Invalid) as caught:
        check_new(schema, "/schema")
    [problem] = caught.value.problems
    assert (problem.pointer, problem.code) == (f"/schema{pointer}", "INVALID_SCHEMA")
    JsonSchema(schema)


@pytest.mark.parametrize(
    "pattern",
    [
        UNICODE,
        r"^([a-z]\d){1,30}-([A-Z]{2}x){1,20}-(\d|[a-f]){1,40}$",
        r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,63}$",
        r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$",
        r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$",
        r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$",
        r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$",
    ],
)
def test_what_patterns_are_for_stays(pattern: str) -> None:
    """Also where twenty fields of a schema have it."""
    check_new({"properties": {f"f{n}": {"pattern": pattern} for n in range(20)}})


def test_older_drafts_keep_their_meaning() -> None:
    """``items`` as a list is what it was in draft 7."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "items": [{"type": "string"}],
    }
    assert JsonSchema(schema).faults([1]) != []
    assert JsonSchema(schema).faults(["a", 1]) == []
