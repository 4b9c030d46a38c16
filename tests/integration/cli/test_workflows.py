"""``turnout workflow`` against a running ``turnout dev``."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def definition(**more: object) -> dict[str, object]:
    """A native definition with an id of its own."""
    return {
        "id": str(uuid4()),
        "name": "greet",
        "triggers": [{"event_name": f"greeting:{uuid4().hex}"}],
        "steps": [{"id": "say", "action": "transform", "input": {"src": {"text": "hello"}}}],
        **more,
    }


def truto(**config: object) -> dict[str, object]:
    """A body of Truto's POST /workflow with an id of its own."""
    return {"id": str(uuid4()), "trigger_name": f"test:{uuid4().hex}", "config": config}


@pytest.mark.parametrize("changed", [{"name": "greet twice"}, {"run_if": "1 = 2"}])
def test_apply_creates_then_leaves_then_updates(
    client: Turnout, tmp_path: Path, changed: dict[str, object]
) -> None:
    """A file applied again changes nothing; a changed file makes a new version."""
    file, written = tmp_path / "greet.json", definition()
    seen = []
    for document in (written, written, {**written, **changed}):
        file.write_text(json.dumps(document))
        [applied] = client("workflow", "apply", str(file), "--json").json
        seen.append((applied["applied"], applied["version"]))
    assert seen == [("created", 1), ("unchanged", 1), ("updated", 2)]


def test_apply_takes_truto_bodies(client: Turnout, tmp_path: Path) -> None:
    """A body with ``config`` is Truto's: created, left alone, updated."""
    file, written = tmp_path / "sync.json", truto(run_if="true")
    seen = []
    for document in (written, written, {**written, "config": {"run_if": "false"}}):
        file.write_text(json.dumps(document))
        [applied] = client("workflow", "apply", str(file), "--json").json
        seen.append((applied["applied"], applied["dialect"], applied["run_if"]))
    assert seen == [
        ("created", "truto", "true"),
        ("unchanged", "truto", "true"),
        ("updated", "truto", "false"),
    ]


def test_apply_reads_yaml_as_version_1_2(client: Turnout, tmp_path: Path) -> None:
    """In YAML, ``on`` is a text and no truth value."""
    file = tmp_path / "greet.yaml"
    written = definition()
    file.write_text(f"id: {written['id']}\nname: on\ntriggers:\n  - event_name: no:match\n")
    [applied] = client("workflow", "apply", str(file), "--json").json
    assert applied["name"] == "on"


def test_a_refused_file_shows_every_place(client: Turnout, tmp_path: Path) -> None:
    """A definition with two faults is refused with 4, and both places are shown."""
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(definition(run_if="1 +", steps=[{"id": "a", "action": "fly"}])))
    done = client("workflow", "apply", str(file))
    assert done.code == 4
    assert done.out == ""
    assert "bad.json is refused" in done.err
    assert "/run_if" in done.err
    assert "/steps/0/action" in done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "This is not JSON"), ("[1]", "holds no object"), (None, "cannot be read")],
)
def test_a_file_that_is_no_definition(
    client: Turnout, tmp_path: Path, text: str | None, said: str
) -> None:
    """What cannot be read as an object is refused with 4, by the file's name."""
    file = tmp_path / "odd.json"
    if text is not None:
        file.write_text(text)
    done = client("workflow", "apply", str(file))
    assert done.code == 4
    assert "odd.json" in done.err
    assert said in done.err


def test_list_get_delete(client: Turnout, tmp_path: Path) -> None:
    """What was applied is listed and shown; deleted, it is not found: exit code 3."""
    file, written = tmp_path / "greet.json", definition()
    file.write_text(json.dumps(written))
    assert client("workflow", "apply", str(file)).code == 0
    id_ = str(written["id"])
    assert id_ in [w["id"] for w in client("workflow", "list", "--limit", "10000", "--json").json]
    assert id_ in client("workflow", "list", "--limit", "10000").out
    assert client("workflow", "get", id_, "--json").json["name"] == "greet"
    assert "greet" in client("workflow", "get", id_).out
    assert client("workflow", "delete", id_, "--json").json == {"id": id_, "result": "deleted"}
    gone = client("workflow", "get", id_)
    assert (gone.code, gone.out) == (3, "")
    assert id_ in gone.err


def test_a_draft_is_validated_mended_and_switched_on_and_off(
    client: Turnout, tmp_path: Path
) -> None:
    """Validating keeps nothing; a draft is refused with its reasons until it can run."""
    file, written = tmp_path / "draft.json", definition(draft=True)
    broken = {**written, "steps": [{"id": "say", "action": "nothing we know"}]}
    file.write_text(json.dumps(broken))
    checked = client("workflow", "validate", str(file), "--json")
    assert checked.code == 4
    assert [p["code"] for p in checked.json["problems"]] == ["UNKNOWN_ACTION"]
    assert client("workflow", "get", str(written["id"])).code == 3
    assert client("workflow", "apply", str(file)).code == 0
    assert client("workflow", "activate", str(written["id"])).code == 4
    file.write_text(json.dumps(written))
    assert client("workflow", "validate", str(file)).code == 0
    assert client("workflow", "apply", str(file)).code == 0
    active = client("workflow", "activate", str(written["id"]), "--json").json
    assert (active["is_active"], active["lifecycle"]) == (True, "ready")
    passive = client("workflow", "deactivate", str(written["id"]), "--json").json
    assert passive["is_active"] is False


def test_a_workflow_is_archived_and_taken_back(client: Turnout, tmp_path: Path) -> None:
    """It leaves the list, unless the archive is asked for, and comes back inactive."""
    file, written = tmp_path / "greet.json", definition()
    file.write_text(json.dumps(written))
    id_ = str(written["id"])
    assert client("workflow", "apply", str(file)).code == 0
    assert client("workflow", "archive", id_, "--json").json["lifecycle"] == "archived"

    def listed(*more: str) -> list[str]:
        found = client("workflow", "list", "--limit", "10000", "--json", *more).json
        return [w["id"] for w in found]

    assert id_ not in listed()
    assert id_ in listed("--lifecycle", "archived")
    assert client("workflow", "archive", id_).code == 0
    back = client("workflow", "unarchive", id_)
    assert "ready, and not active" in back.err
    assert id_ in listed()


def test_a_webhooks_address_is_shown_when_it_is_made(client: Turnout, tmp_path: Path) -> None:
    """By the first apply, and again only for a new one; a list names the kinds of triggers."""
    triggers = [{"id": "hook", "kind": "webhook"}, {"kind": "api_sync"}]
    file, written = tmp_path / "hook.json", definition(triggers=triggers)
    file.write_text(json.dumps(written))
    first = client("workflow", "apply", str(file))
    assert "/v1/hooks/" in first.err
    again = client("workflow", "apply", str(file))
    assert ("unchanged" in again.out, "/v1/hooks/" in again.err) == (True, False)
    id_ = str(written["id"])
    rotated = client("workflow", "rotate", id_, "hook")
    assert "/v1/hooks/" in rotated.out
    assert "webhook, api_sync" in client("workflow", "list", "--limit", "10000").out
    started = client("workflow", "run", id_, "--json").json
    assert "result" not in started
    assert client("execution", "result", started["execution_id"], "--wait", "20").code == 0
