"""YAML as people keep it: it means what was written, and keeps what they said about it."""

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.api.http.yaml_documents import yaml_to_json
from services.cli.workflow.canonical import canonical
from services.cli.workflow.files import read_definition, read_definitions, write_id
from services.cli.workflow.layout import merged_text, yaml_text
from shared.domain.errors import Invalid, Rejected

FILE = """\
# Orders, as sales wants them.
---
id: 4a4de828-f4c9-4bea-8ef4-2d705aec43bc
# what it is called
name: order   # short
triggers:
  - event_name: order:placed

# when
run_if: 'payload.total > 0'

steps:
  # first of all
  - id: reserve
    kind: action
    action: transform  # computes
    input: {lang: jsonata, src: 'payload'}
  # then
  - id: ship
    action: http_request
    retry: {max_attempts: 5}   # patient
# the end
policy: {expires_after_s: 60}
"""


def meant(text: str) -> Any:
    """What a YAML text means to the API."""
    return orjson.loads(yaml_to_json(text.encode()))


def changed(change: Any) -> str:
    """The file with another meaning, which it must then have."""
    old = canonical(meant(FILE))
    new = copy.deepcopy(old)
    change(new)
    new = canonical(new)
    text = merged_text(FILE, old, new)
    assert canonical(meant(text)) == new
    return text


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t#:-'\"{}[]"))
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(tree=st.dictionaries(TEXTS, TREES, max_size=5))
def test_what_is_written_is_read_as_the_same(tree: dict[str, Any]) -> None:
    """Any document: what looks like a number, a date or a word of YAML 1.1 among its texts too."""
    assert meant(yaml_text(tree) or "{}") == tree


@pytest.mark.parametrize(
    "text", ["on", "no", "010", "0x1F", "1_000", "1e3", ".5", "~", "null", "2026-11-22", "=", "<<"]
)
def test_texts_that_look_like_something_else(text: str) -> None:
    """They stay texts."""
    assert meant(yaml_text({"a": [text], text: {"b": text}})) == {"a": [text], text: {"b": text}}


def test_nothing_changes_where_nothing_differs() -> None:
    """However it is written: with defaults, or without."""
    assert changed(lambda _: None) == FILE


def test_one_change_touches_one_line() -> None:
    """Comments, blank lines, quotes and styles stay as they are."""

    def change(new: Any) -> None:
        new["steps"][1]["retry"]["max_attempts"] = 7

    assert changed(change) == FILE.replace("max_attempts: 5", "max_attempts: 7")


def test_steps_keep_their_comments_wherever_they_go() -> None:
    """A step is put between two others, or removed: the others' comments stay."""

    def put_between(new: Any) -> None:
        new["steps"].insert(1, {"id": "check", "action": "transform"})

    text = changed(put_between)
    added = "  - id: check\n    action: transform\n"
    assert text == FILE.replace("  # then\n", f"{added}  # then\n")

    def remove(new: Any) -> None:
        del new["steps"][1]

    assert "# computes" in changed(remove)
    assert "ship" not in changed(remove)


def test_fields_come_and_go() -> None:
    """A new one stands where it would be written."""

    def change(new: Any) -> None:
        del new["run_if"]
        new["description"] = "Two\nlines"

    lines = changed(change).splitlines()
    at = lines.index("description: |-")
    assert lines[at - 1].startswith("name: order")
    assert not any(line.startswith("run_if") for line in lines)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.yaml", "# mine\nname: w # so\n", "# mine\nid: 7\nname: w # so\n"),
        ("a.yaml", "---\n\nname: w\r\n", "---\n\nid: 7\nname: w\r\n"),
        ("a.yaml", "# {\n{name: w}\n", '# {\n{"id": "7", name: w}\n'),
        ("a.json", '{\n  "name": "w"\n}', '{\n  "id": "7",\n  "name": "w"\n}'),
        ("a.json", '{"name":"w"}', '{"id": "7", "name":"w"}'),
    ],
)
def test_an_id_is_all_that_is_written(tmp_path: Path, name: str, text: str, expected: str) -> None:
    """As the first field; nothing else of the file changes."""
    file = tmp_path / name
    file.write_bytes(text.encode())
    id_ = "4a4de828-f4c9-4bea-8ef4-2d705aec43bc"
    write_id(file, id_)
    assert file.read_bytes().decode() == expected.replace("7", id_)
    assert read_definition(file)["id"] == id_
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("text", ["name: a\nname: b\n", "x: [{a: 1, a: 2}]", "a: &b 1\nc: *b\n"])
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    """A field that stands there twice, and aliases."""
    with pytest.raises(Invalid):
        yaml_to_json(text.encode())


def test_two_files_of_one_workflow_are_refused(tmp_path: Path) -> None:
    """Which one counts nobody can tell; and a folder without files is a slip."""
    with pytest.raises(Rejected, match="no file"):
        read_definitions([tmp_path])
    for name in ("a.yaml", "b.yml"):
        (tmp_path / name).write_text("id: x\nname: w\n")
    (tmp_path / "notes.txt").write_text("{")
    with pytest.raises(Rejected, match=r"b\.yml has the id of .*a\.yaml"):
        read_definitions([tmp_path])


def test_the_canonical_form_means_the_same() -> None:
    """Without defaults, times, versions and hashes of addresses; what is free stays as it is."""
    document = {
        "id": "x",
        "version": 3,
        "is_active": True,
        "draft": False,
        "name": "w",
        "triggers": [{"id": "h", "kind": "webhook", "webhook": {"token_hash": "a" * 64}}],
        "steps": [
            {"action": "transform", "id": "a", "timeout_s": 5.0, "input": {"src": {"n": 1.0}}}
        ],
        "run_if": None,
        "updated_at": "2026-11-22T10:00:00Z",
    }
    assert orjson.dumps(canonical(document)) == orjson.dumps(
        {
            "id": "x",
            "name": "w",
            "triggers": [{"id": "h", "kind": "webhook"}],
            "steps": [
                {"id": "a", "action": "transform", "input": {"src": {"n": 1.0}}, "timeout_s": 5}
            ],
        }
    )
    assert canonical({"name": "w", "is_active": False, "draft": True}) == {
        "name": "w",
        "is_active": False,
        "draft": True,
    }
