"""Files as editors on all systems leave them, and files that are none."""

import codecs
import json
from pathlib import Path

import pytest

from services.cli.event.batches import batches
from services.cli.given_json import given_json
from services.cli.workflow.files import read_definitions
from shared.domain.errors import Rejected
from tests.integration.cli.command import turnout
from tests.integration.cli.conftest import Turnout
from tests.integration.cli.test_workflow_files import FILE, applied, new_name

pytestmark = pytest.mark.xdist_group("cli")

NOWHERE = ("--url", "http://127.0.0.1:1")


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_mark_at_the_beginning_is_passed_over(client: Turnout, tmp_path: Path, kind: str) -> None:
    """And stays when an id is written after it, and when the file is changed by an export."""
    name, file = new_name(), tmp_path / f"flow.{kind}"
    text = FILE.format(name=name) if kind == "yaml" else json.dumps({"name": name})
    file.write_bytes(codecs.BOM_UTF8 + text.encode())
    assert applied(client, str(file)) == [("created", 1)]
    raw = file.read_bytes()
    assert raw.startswith(codecs.BOM_UTF8)
    assert raw.count(codecs.BOM_UTF8) == 1
    if kind == "yaml":
        assert raw.removeprefix(codecs.BOM_UTF8).startswith(b"# Ours; ask sales")
    assert applied(client, str(file)) == [("unchanged", 1)]
    file.write_bytes(raw.replace(name.encode(), b"other", 1))
    [one] = [one for one in client("workflow", "list", "--limit", "10000", "--json").json
             if one["name"] == name]  # fmt: skip
    told = client("workflow", "export", one["id"], "--dir", str(tmp_path), "--json").json
    assert [(one["file"], one["what"]) for one in told] == [(str(file), "updated")]
    assert applied(client, str(file)) == [("unchanged", 1)]
    if kind == "yaml":
        assert file.read_bytes() == raw


@pytest.mark.parametrize("kind", ["yaml", "json"])
@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        *((wide, "is in UTF-16") for wide in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")),
        ("latin-1", "is not in UTF-8 (byte 13"),
    ],
)
def test_another_encoding_is_told(tmp_path: Path, kind: str, encoding: str, said: str) -> None:
    """With the file's name and what to do."""
    file = tmp_path / f"flow.{kind}"
    file.write_bytes('{"name": "café"}'.encode(encoding))
    with pytest.raises(Rejected) as told:
        read_definitions([tmp_path])
    assert told.value.message.startswith(f"{file} {said}")
    assert "save it as UTF-8" in told.value.message


@pytest.mark.parametrize("text", ['[{"event": "a"}]', '{"event": "a"}'])
def test_a_mark_before_events_and_payloads(tmp_path: Path, text: str) -> None:
    """Is passed over as well."""
    file = tmp_path / "given"
    file.write_bytes(codecs.BOM_UTF8 + text.encode())
    assert given_json(f"@{file}", "--payload") == json.loads(text)
    with file.open("rb") as opened:
        assert list(batches(opened)) == [(0, [{"event": "a"}])]


@pytest.mark.parametrize("written", ["[1]", "{a: 1}", "5", "null", '""', "true"])
@pytest.mark.parametrize("name", ["id", "uid"])
def test_an_id_that_is_no_text(tmp_path: Path, written: str, name: str) -> None:
    """Is told with the file's name."""
    more = "triggerEvent: x\n" if name == "uid" else ""
    (tmp_path / "flow.yaml").write_text(f"name: a\n{name}: {written}\n{more}")
    with pytest.raises(Rejected, match=f"flow.yaml: '{name}' is the id of a workflow, a text"):
        read_definitions([tmp_path])


@pytest.mark.parametrize("command", ["apply", "diff", "lint"])
def test_a_file_that_cannot_be_read_ends_a_command(tmp_path: Path, command: str) -> None:
    """With 4 and a sentence, before anything is asked."""
    for raw in (b"id: [1]\n", "name: a\n".encode("utf-16")):
        (tmp_path / "flow.yaml").write_bytes(raw)
        done = turnout("workflow", command, str(tmp_path), *NOWHERE)
        assert (done.code, done.out, "Traceback" in done.err) == (4, "", False), done.err


def test_an_id_that_two_files_have_in_other_letters(tmp_path: Path) -> None:
    """Is one id."""
    for name, id_ in (("a", "0b0e2a3c-6a53-4b36-9f1c-1f0d3d6a9f10"), ("b", None)):
        id_ = id_ or "0B0E2A3C-6A53-4B36-9F1C-1F0D3D6A9F10"  # noqa: PLW2901
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\nid: {id_}\n")
    done = turnout("workflow", "apply", str(tmp_path), *NOWHERE)
    assert (done.code, "has the id of" in done.err) == (4, True)


@pytest.mark.parametrize(
    "given", [["event", "get", "\udcff"], ["event", "list", "--type", "\udcff"]]
)
def test_an_argument_that_is_no_text(given: list[str]) -> None:
    """Is told as that, and not as an API that is silent."""
    done = turnout(*given, *NOWHERE)
    assert (done.code, "Traceback" in done.err, "is no" in done.err) == (4, False, True)


def test_a_token_with_the_end_of_its_line() -> None:
    """Is told, and not shown."""
    done = turnout("workflow", "list", *NOWHERE, "--token", "hush-hush\r")
    assert (done.code, "hush" in done.err) == (4, False)
    assert "The token has characters that do not print" in done.err


def test_a_terminal_that_has_not_all_signs(client: Turnout, tmp_path: Path) -> None:
    """Tables are shown all the same; a definition is written in UTF-8."""
    file = tmp_path / "flow.yaml"
    file.write_text(f"name: {new_name()}é\n", "utf-8")
    [made] = client("workflow", "apply", str(file), "--json").json
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    shown = client("workflow", "get", made["id"], env=ascii_only)
    assert (shown.code, "?" in shown.out) == (0, True), shown.err
    assert "é" in client("workflow", "export", made["id"], env=ascii_only).out


def test_a_name_that_no_file_can_have() -> None:
    """Is told, and no traceback, wherever a file may be named."""
    name = "x" * 5_000
    for command in (
        ("workflow", "apply", name),
        ("workflow", "validate", name),
        ("workflow", "export", "--all", "--dir", name),
        ("workflow", "dry-run", name, "--event", name),
        ("event", "send", "--file", name),
        ("event", "send", "x", "--payload", f"@{name}"),
        ("test", name),
    ):
        done = turnout(*command, *(() if command[0] == "test" else NOWHERE))
        assert done.code in (2, 4, 5), done.err
        assert "Traceback" not in done.err
