"""Reading JSON and YAML of strangers."""

import sys
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.http.yaml_documents import yaml_to_json
from shared.domain.errors import Invalid
from shared.wire.strict_json import JsonLimits, check_keys, read_json
from tests.support.corpora import documents

TAGS = (
    *("null", "bool", "int", "float", "str", "seq", "map"),
    *("binary", "timestamp", "omap", "pairs", "set", "python/tuple"),
)
LIMITS = JsonLimits(body_bytes_max=10_000, depth_max=5, keys_max=20)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@given(value=JSON)
def test_a_document_is_read_exactly_when_it_is_within_its_limits(value: Any) -> None:
    """The quick count of bytes and the slow look agree with a plain definition of the limits."""
    fits = _depth(value) <= 5 and _keys(value) <= 20 and not _has_nul(value)
    try:
        assert read_json(orjson.dumps(value), LIMITS) == value
    except Invalid:
        assert not fits
    else:
        assert fits


def test_depth_counts_objects_and_arrays() -> None:
    """64 levels are read, 65 are too deep; brackets within texts are none."""
    text = b'"' + b"[{" * 100 + b'"'
    read_json(b"[" * 64 + text + b"]" * 64, JsonLimits())
    with pytest.raises(Invalid) as caught:
        read_json(b"[" * 65 + text + b"]" * 65, JsonLimits())
    assert caught.value.problems[0].code == "TOO_DEEP"


def test_an_escaped_backslash_is_no_nul() -> None:
    r"""``\\u0000`` in JSON is six characters, ``\u0000`` is one."""
    assert read_json(rb'["\\u0000"]', LIMITS) == ["\\u0000"]
    with pytest.raises(Invalid) as caught:
        read_json(rb'[{"a/b": ["\u0000"]}]', LIMITS)
    assert caught.value.problems[0].pointer == "/0/a~1b/0"


@given(value=JSON)
def test_what_has_each_key_once_is_not_refused(value: Any) -> None:
    """Keys are looked at object by object."""
    check_keys(orjson.dumps([value, value]))


@pytest.mark.parametrize("name", [name for name in documents() if name.startswith("y_")])
def test_a_key_that_stands_twice_is_found(name: str) -> None:
    """Of all that is JSON only the documents that are made for it are refused."""
    raw = documents()[name]
    orjson.loads(raw)
    if "duplicated" in name:
        with pytest.raises(Invalid):
            check_keys(raw)
    else:
        check_keys(raw)


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (b'{"a": 1, "\\u0061": 1}', "/a"),
        (b'{"a": {"b": [{}, {"c/d": 1, "e": 2, "c/d": [{"f": 1, "f": 2}]}]}}', "/a/b/1/c~1d"),
        (b'[{"a": 1}, {"a": 1, "b": 1, "b": {"b": 1}}]', "/1/b"),
        (b'{"": 1, "": 1}', "/"),
    ],
)
def test_a_key_that_stands_twice_is_named(text: bytes, pointer: str) -> None:
    """By its place, however it is written."""
    read_json(text, JsonLimits())
    with pytest.raises(Invalid) as caught:
        check_keys(text)
    assert [(p.pointer, p.code) for p in caught.value.problems] == [(pointer, "UNREADABLE")]


def test_what_is_too_deep_hides_behind_no_other_value() -> None:
    """Of two values the last is read, and the first does not exhaust whoever looks for it."""
    text = b'{"a": ' + b"[" * 1_020 + b"]" * 1_020 + b', "a": 1}'
    assert read_json(text, JsonLimits()) == {"a": 1}
    raised = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)  # a process' own: other tests raise it
    try:
        with pytest.raises(Invalid, match="stands there twice"):
            check_keys(text)
    finally:
        sys.setrecursionlimit(raised)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: no", {"on": "no"}),
        ("a: 010", {"a": 10}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 2026-11-22", {"a": "2026-11-22"}),
        ("a: ~\nb:\nc: null", {"a": None, "b": None, "c": None}),
        ("a: [true, False, yes]", {"a": [True, False, "yes"]}),
        ("a: [-1, +2, 1.5, 1e3, .5, 1_000]", {"a": [-1, 2, 1.5, 1000.0, 0.5, "1_000"]}),
        ("a: [.inf, .nan, 0x1F]", {"a": [".inf", ".nan", "0x1F"]}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ('{"a": "1"}', {"a": "1"}),
    ],
)
def test_yaml_follows_the_core_schema(text: str, value: Any) -> None:
    """Version 1.2's words only; what YAML 1.1 guessed at stays a text."""
    assert orjson.loads(yaml_to_json(text.encode())) == value


def test_yaml_aliases_are_refused() -> None:
    """They multiply: nine lines of them can stand for a billion values."""
    for text in (b"a: &x [1]\nb: *x\n", b"a: *x\n"):
        with pytest.raises(Invalid) as caught:
            yaml_to_json(text)
        assert "Aliases" in caught.value.message


@pytest.mark.parametrize(
    "written",
    [
        *("!!bool x", "!!timestamp x", "!!float ''", "!!float _", "!!int ''", "!!null [x]"),
        "!!float 1" + ":1" * 200,
        "!!timestamp 2026-13-40",
    ],
)
def test_a_tag_that_a_value_does_not_fit_is_refused(written: str) -> None:
    """As any other text that is no YAML, whatever its reader makes of it."""
    with pytest.raises(Invalid) as caught:
        yaml_to_json(f"a: {written}".encode())
    assert caught.value.problems[0].code == "UNREADABLE"


@given(
    kind=st.sampled_from(TAGS),
    written=st.text("01x_:.-+eT ") | st.sampled_from(["[]", "{}", "[x]", "{a: b}", "[{a: b}]"]),
)
def test_no_tag_stops_the_reader_of_yaml(kind: str, written: str) -> None:
    """What it reads is JSON, and all else is refused."""
    try:
        orjson.loads(yaml_to_json(f"a: !!{kind} {written}".encode()))
    except Invalid as error:
        assert error.problems[0].code == "UNREADABLE"  # noqa: PT017 - it may also be read


def test_yaml_has_a_smaller_limit() -> None:
    """A byte more than 64 KiB is too large."""
    assert yaml_to_json(b"#" * 65_535 + b"\n") == b"null"
    with pytest.raises(Invalid) as caught:
        yaml_to_json(b"#" * 65_536 + b"\n")
    assert caught.value.problems[0].code == "TOO_LARGE"


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_keys, value.values()))
    return sum(map(_keys, value)) if isinstance(value, list) else 0


def _has_nul(value: Any) -> bool:
    return "\\u0000" in orjson.dumps(value).decode().replace("\\\\", "")
