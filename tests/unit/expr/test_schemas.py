"""JSON Schemas of strangers."""

import time
from typing import Any

import pytest

from shared.domain.errors import Invalid
from shared.expr.schemas import FAULTS_MAX, JsonSchema


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
    """A schema that is none, that leaves itself, or that grows beyond bounds is refused at once."""
    began = time.perf_counter()
    with pytest.raises(Invalid) as caught:
        JsonSchema(schema, "/input_schema")
    [problem] = caught.value.problems
    assert (problem.pointer, problem.code) == (f"/input_schema{pointer}", "INVALID_SCHEMA")
    assert time.perf_counter() - began < 1


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
    many = JsonSchema({"items": {"type": "string"}}).faults([1] * 10_000)
    assert len(many) == FAULTS_MAX


def test_patterns_take_linear_time() -> None:
    """A pattern that others backtrack over for years is through at once."""
    began = time.perf_counter()
    assert JsonSchema({"pattern": "^(a+)+$"}).faults("a" * 100_000 + "b")
    assert time.perf_counter() - began < 1


def test_older_drafts_keep_their_meaning() -> None:
    """``items`` as a list is what it was in draft 7."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "items": [{"type": "string"}],
    }
    assert JsonSchema(schema).faults([1]) != []
    assert JsonSchema(schema).faults(["a", 1]) == []
