"""Workflows as files: exported, compared and applied, against a running ``turnout dev``."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")

FILE = """\
# Ours; ask sales before changing it.
name: {name}
triggers:
  - event_name: {name}:go   # from the shop
run_if: payload.n > 1
steps:
  # say it
  - id: say
    action: transform
    input: {{lang: jsonata, src: payload.n}}
"""


def written(folder: Path, name: str) -> Path:
    """A file of a workflow without an id, with comments."""
    file = folder / f"{name}.yaml"
    file.write_text(FILE.format(name=name))
    return file


def applied(client: Turnout, *arguments: str) -> list[tuple[str, int]]:
    """What applying did to each file, and the version there is."""
    done = client("workflow", "apply", *arguments, "--json")
    assert done.code == 0, done.err
    return [(one["applied"], one["version"]) for one in done.json]


def new_name() -> str:
    """A name that no other test uses."""
    return f"flow-{uuid4().hex[:12]}"


def test_applying_again_changes_nothing(client: Turnout, tmp_path: Path) -> None:
    """The id is written into the file, whose comments stay; a change makes one new version."""
    file = written(tmp_path, new_name())
    before = file.read_text()
    assert applied(client, str(tmp_path)) == [("created", 1)]
    comment, line, *rest = file.read_text().splitlines()
    assert line.startswith("id: ")
    assert [comment, *rest] == before.splitlines()
    once = file.read_text()
    assert applied(client, str(tmp_path)) == [("unchanged", 1)]
    assert file.read_text() == once
    file.write_text(once.replace("payload.n > 1", "payload.n > 2"))
    assert applied(client, str(file)) == [("updated", 2)]
    assert applied(client, str(file)) == [("unchanged", 2)]


def test_a_file_without_an_id_is_of_the_workflow_of_its_name(
    client: Turnout, tmp_path: Path
) -> None:
    """Which it then names; where two have the name, nobody can tell which."""
    name = new_name()
    assert applied(client, str(written(tmp_path, name))) == [("created", 1)]
    id_ = written(tmp_path, name)
    assert applied(client, str(id_)) == [("unchanged", 1)]
    assert "\nid: " in id_.read_text()
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"id": str(uuid4()), "name": name}))
    assert applied(client, str(other)) == [("created", 1)]
    refused = client("workflow", "apply", str(written(tmp_path, name)))
    assert (refused.code, "2 workflows are called" in refused.err) == (4, True)


def test_diff_tells_what_apply_would_do(client: Turnout, tmp_path: Path) -> None:
    """With 1 while anything differs, and 0 once it is applied."""
    file = written(tmp_path, new_name())
    new = client("workflow", "diff", str(tmp_path))
    assert (new.code, "would be created" in new.err) == (1, True)
    client("workflow", "apply", str(file))
    assert client("workflow", "diff", str(tmp_path)).code == 0
    file.write_text(file.read_text().replace("payload.n > 1", "payload.n > 2"))
    told = client("workflow", "diff", str(tmp_path), "--json")
    [one] = told.json
    assert (told.code, one["would"]) == (1, "updated")
    assert [(d["pointer"], d["after"]) for d in one["differences"]] == [
        ("/run_if", "payload.n > 2")
    ]
    assert "payload.n > 2" in client("workflow", "diff", str(file)).out
    client("workflow", "apply", str(file))
    assert client("workflow", "diff", str(file)).code == 0


def test_a_dry_run_of_apply_does_nothing(client: Turnout, tmp_path: Path) -> None:
    """It says what would be done, and refuses what would be refused."""
    name = new_name()
    file = written(tmp_path, name)
    done = client("workflow", "apply", str(file), "--dry-run", "--json")
    assert [(one["applied"], one["name"]) for one in done.json] == [("created", name)]
    assert "\nid:" not in file.read_text()
    assert name not in client("workflow", "list", "--limit", "10000").out
    file.write_text(file.read_text().replace("action: transform", "action: fly"))
    refused = client("workflow", "apply", str(file), "--dry-run")
    assert refused.code == 4
    assert "/steps/0/action" in refused.err


def test_a_dry_run_tells_of_every_refused_file(client: Turnout, tmp_path: Path) -> None:
    """One holds up no other; nothing is said to be archived, as applying would end before that."""
    environment = client("environment", "create", new_name(), "--json").json["id"]
    for name in ("a", "b", "c"):
        file = written(tmp_path, f"{name}-flow")
        if name != "b":
            file.write_text(file.read_text().replace("action: transform", f"action: fly-{name}"))
    (tmp_path / "d.yaml").write_text("nam: d\n")
    asked = ("workflow", "apply", str(tmp_path), "--dry-run", "--environment", environment)
    told = client(*asked, "--prune", "--json")
    assert told.code == 4
    assert [(Path(one["file"]).stem, one["applied"]) for one in told.json] == [
        ("a-flow", "refused"),
        ("b-flow", "created"),
        ("c-flow", "refused"),
        ("d", "refused"),
    ]
    assert all(word in told.err for word in ("fly-a", "fly-c", "EXTRA_FORBIDDEN"))


def test_pruning_archives_what_no_file_is_of(client: Turnout, tmp_path: Path) -> None:
    """In the environment of the command alone; first it can be asked what that would be."""
    environment = client("environment", "create", new_name(), "--json").json["id"]
    there = ("--environment", environment)
    written(tmp_path, "kept")
    gone = written(tmp_path, "gone")
    client("workflow", "apply", str(tmp_path), *there)
    gone.unlink()
    asked = client("workflow", "apply", str(tmp_path), "--prune", "--dry-run", "--json", *there)
    done = client("workflow", "apply", str(tmp_path), "--prune", "--json", *there)
    for told in (asked, done):
        assert [(one["name"], one["applied"]) for one in told.json] == [
            ("kept", "unchanged"),
            ("gone", "archived"),
        ]
    listed = client("workflow", "list", "--json", *there).json
    assert [one["name"] for one in listed] == ["kept"]
    archived = client("workflow", "list", "--lifecycle", "archived", "--json", *there).json
    assert [one["name"] for one in archived] == ["gone"]


def test_export_and_apply_meet(client: Turnout, tmp_path: Path) -> None:
    """What is exported differs in nothing; a file that is there keeps its comments."""
    environment = client("environment", "create", new_name(), "--json").json["id"]
    there = ("--environment", environment)
    file = written(tmp_path, "mine")
    client("workflow", "apply", str(file), *there)
    truto = tmp_path / "theirs.json"
    truto.write_text(json.dumps({"label": "theirs", "config": {"run_if": "true"}}))
    client("workflow", "apply", str(truto), *there)
    hook = {"name": "hook", "is_active": False, "triggers": [{"id": "h", "kind": "webhook"}]}
    (tmp_path / "hook.json").write_text(json.dumps(hook))
    client("workflow", "apply", str(tmp_path / "hook.json"), *there)
    before = file.read_text()

    out = tmp_path / "out"
    told = client("workflow", "export", "--all", "--dir", str(out), "--json", *there).json
    assert sorted(Path(one["file"]).name for one in told) == [
        "hook.yaml",
        "mine.yaml",
        "theirs.yaml",
    ]
    assert client("workflow", "diff", str(out), *there).code == 0
    assert applied(client, str(out), *there) == [("unchanged", 1)] * 3
    assert "token_hash" not in (out / "hook.yaml").read_text()
    again = client("workflow", "export", "--all", "--dir", str(out), "--json", *there).json
    assert {one["what"] for one in again} == {"unchanged"}

    [id_] = [one["id"] for one in told if one["file"].endswith("mine.yaml")]
    changed = tmp_path / "changed.json"
    document: dict[str, Any] = client("workflow", "get", id_, "--json", *there).json
    document["steps"][0]["timeout_s"] = 9
    changed.write_text(json.dumps(document))
    assert applied(client, str(changed), *there) == [("updated", 2)]
    changed.unlink()
    (tmp_path / "hook.json").unlink()
    truto.unlink()
    [one] = client("workflow", "export", id_, "--dir", str(tmp_path), "--json", *there).json
    assert (one["file"], one["what"]) == (str(file), "updated")
    assert file.read_text() == f"{before}    timeout_s: 9\n"
    printed = client("workflow", "export", id_, *there).out
    assert printed.startswith(f"id: {id_}\nname: mine\n")


def test_lint_ends_as_it_finds(client: Turnout, tmp_path: Path) -> None:
    """0 where nothing matters, with --strict 1 for a warning, 4 for what cannot run."""
    file = written(tmp_path, new_name())
    assert client("workflow", "lint", str(tmp_path), "--strict").code == 0
    file.write_text(file.read_text().replace("payload.n > 1", "1 > 2"))
    odd = client("workflow", "lint", str(file), "--json")
    assert (odd.code, [one["code"] for one in odd.json]) == (0, ["ALWAYS_FALSE"])
    assert client("workflow", "lint", str(file), "--strict").code == 1
    file.write_text(file.read_text().replace("1 > 2", "1 >"))
    wrong = client("workflow", "lint", str(file))
    assert (wrong.code, "/run_if" in wrong.out) == (4, True)


def test_an_event_is_tried_on_a_file_and_on_what_is_registered(
    client: Turnout, tmp_path: Path
) -> None:
    """With 1 where it would not start the workflow."""
    name = new_name()
    file, event = written(tmp_path, name), tmp_path / "event.json"
    event.write_text(json.dumps({"event": f"{name}:go", "payload": {"n": 2}}))
    tried = ("--event", str(event))
    found = client("workflow", "dry-run", str(file), *tried, "--json")
    assert (found.code, found.json["steps"][0]["input"]["value"]) == (0, 2)
    [made] = client("workflow", "apply", str(file), "--json").json
    assert "say" in client("workflow", "dry-run", made["id"], *tried).out
    event.write_text(json.dumps({"event": f"{name}:go", "payload": {"n": 0}}))
    not_started = client("workflow", "dry-run", made["id"], *tried)
    assert (not_started.code, "RUN_IF_FALSE" in not_started.err) == (1, True)
    assert client("execution", "list", "--workflow", made["id"], "--json").json == []


def test_versions_and_webhooks_are_listed(client: Turnout, tmp_path: Path) -> None:
    """What each version changed; webhooks without their addresses."""
    file = tmp_path / "hook.yaml"
    file.write_text(f"name: {new_name()}\ntriggers: [{{id: h, kind: webhook}}]\n")
    [made] = client("workflow", "apply", str(file), "--json").json
    rotated = client("webhook", "rotate", made["id"], "h").out
    listed = client("webhook", "list", "--limit", "10000", "--json")
    assert made["id"] in [one["workflow_id"] for one in listed.json]
    assert rotated.split("/v1/hooks/")[1].split()[0] not in listed.out
    told = client("workflow", "versions", made["id"], "--json").json
    assert [one["version"] for one in told] == [2, 1]
    assert "triggers changed: h" in client("workflow", "versions", made["id"]).out
