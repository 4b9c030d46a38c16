"""Workflows of other systems as files in these systems' words, against ``turnout dev``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.cli.conftest import Turnout
from tests.integration.cli.test_workflow_files import new_name

pytestmark = pytest.mark.xdist_group("cli")

Document = dict[str, Any]

TRUTO: Final[Document] = {
    "label": "truto",
    "trigger_name": "account:active",
    "config": {"steps": [{"type": "run", "action": "transform", "config": "{}", "note": 1}]},
}
ALTOSTRAT: Final[Document] = {
    "name": "altostrat",
    "authorization_id": "auth_1",
    "schedule_type": "cron",
    "schedule_value": "0 4 * * *",
    "nodes": [
        {"id": "n1", "type": "webhook_trigger", "position": {"x": 1.5, "y": 2}},
        {"id": "n2", "type": "text_transform", "data": {"template": "{{ n1.body }}", "uiId": "u"}},
    ],
    "edges": [{"id": "e", "source": "n1", "target": "n2"}],
}
SIXTYFOUR: Final[Document] = {
    "workflow_name": "sixtyfour",
    "workflow_description": "leads",
    "workflow_definition": {
        "blocks": [
            {
                "sequence_number": 1,
                "block_type": "source",
                "block_name": "webhook",
                "specs": {},
                "block_id": "a",
            },
        ],
        "edges": [],
    },
}
THENA: Final[Document] = {
    "name": "thena",
    "triggerEvent": "ticket:made",
    "filters": {"{{context.name}}": {"~starts": "t"}},
    "workflowDefinition": [
        {
            "stepIdentifier": 1,
            "activity": {"uniqueIdentifier": "transform"},
            "input": {"a": "{{context.event.message.payload.a}}"},
            "retryPolicy": {"maximumAttempts": 5},
            "approver": {"uid": "T1"},
        },
    ],
    "teamId": "team",
}
DRAFT: Final[Document] = {
    **ALTOSTRAT,
    "name": "draft",
    "nodes": [
        {"id": "n1", "type": "manual_trigger"},
        {"id": "n2", "type": "not_there", "data": {}},
    ],
}
SAID: Final[Document] = {**THENA, "name": "said", "subType": "WORKFLOW", "type": "AUTOMATED"}
PAUSED: Final[Document] = {**THENA, "name": "paused", "isActive": False}
ALL: Final = (TRUTO, ALTOSTRAT, SIXTYFOUR, THENA, DRAFT, PAUSED, SAID)


def name_of(document: Document) -> str:
    """What a workflow is called in any of these words."""
    return str(document.get("workflow_name") or document.get("label") or document["name"])


def written(folder: Path, *documents: Document) -> None:
    """A file of each."""
    for document in documents:
        (folder / f"{name_of(document)}.json").write_text(json.dumps(document))


def applied(client: Turnout, *arguments: str) -> Mapping[str, tuple[str, int]]:
    """What applying did, and the version there is, by the file's name."""
    done = client("workflow", "apply", *arguments, "--json")
    assert done.code == 0, done.err
    return {Path(one["file"]).stem: (one["applied"], one["version"]) for one in done.json}


@pytest.fixture
def there(client: Turnout, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """An environment of the test's own, which knows the event of Thena's."""
    id_ = client("environment", "create", new_name(), "--json").json["id"]
    file = tmp_path_factory.mktemp("event") / "made.json"
    file.write_text('{"source": "tests"}')
    done = client("event-type", "put", "ticket:made", str(file), "--environment", id_)
    assert done.code == 0, done.err
    return "--environment", str(id_)


def test_each_systems_files_stay_in_its_words(
    client: Turnout, there: tuple[str, str], tmp_path: Path
) -> None:
    """Applied, exported, compared and applied: nothing differs, nor does a file that is there."""
    written(tmp_path, *ALL)
    names = {name_of(document) for document in ALL}
    assert applied(client, str(tmp_path), *there) == dict.fromkeys(names, ("created", 1))
    assert applied(client, str(tmp_path), *there) == dict.fromkeys(names, ("unchanged", 1))
    out = tmp_path / "out"
    export = ("workflow", "export", "--all", "--json", *there)
    told = client(*export, "--dir", str(out)).json
    assert {Path(one["file"]).stem for one in told} == names
    compared = client("workflow", "diff", str(out), *there)
    assert compared.code == 0, compared.out
    assert applied(client, str(out), *there) == dict.fromkeys(names, ("unchanged", 1))
    for folder in (out, tmp_path):
        again = client(*export, "--dir", str(folder)).json
        assert {one["what"] for one in again} == {"unchanged"}, again


def test_an_export_has_what_its_author_wrote(
    client: Turnout, there: tuple[str, str], tmp_path: Path
) -> None:
    """Beside it only the id, in the field and the form of the system."""
    written(tmp_path, *ALL)
    assert client("workflow", "apply", str(tmp_path), *there).code == 0
    out = tmp_path / "out"
    client("workflow", "export", "--all", "--dir", str(out), *there)
    for file in out.iterdir():
        found = client("workflow", "validate", str(file), *there, "--json").json
        assert found["valid"] is (file.stem != "draft"), found
    [problem] = client("workflow", "validate", str(out / "draft.yaml"), *there, "--json").json[
        "problems"
    ]
    assert problem["pointer"] == "/nodes/1/data/componentId"
    assert "uid: " in (out / "thena.yaml").read_text()
    assert "id: fl_" in (out / "altostrat.yaml").read_text()
    assert "isActive: false" in (out / "paused.yaml").read_text()
    assert "webhook_url" not in (out / "altostrat.yaml").read_text()
    linted = client("workflow", "lint", str(out / "thena.yaml"), *there)
    assert linted.code == 0, linted.out


def test_a_dry_run_foresees_drafts(client: Turnout, there: tuple[str, str], tmp_path: Path) -> None:
    """What applying keeps as a draft is told to be one; for a live workflow it is refused."""
    written(tmp_path, ALTOSTRAT, DRAFT)
    dry = ("workflow", "apply", str(tmp_path), "--dry-run", "--json", *there)
    foreseen = client(*dry)
    assert foreseen.code == 0, foreseen.err
    assert [(one["applied"], one.get("lifecycle")) for one in foreseen.json] == [
        ("created", None),
        ("created", "draft"),
    ]
    assert "/nodes/1/data/componentId" in foreseen.err
    done = client("workflow", "apply", str(tmp_path), "--json", *there)
    assert [one["lifecycle"] for one in done.json] == ["ready", "draft"]
    assert "/nodes/1/data/componentId" in done.err
    written(tmp_path, {**ALTOSTRAT, "nodes": DRAFT["nodes"]})
    assert client(*dry).code == 4
    assert client("workflow", "apply", str(tmp_path), *there).code == 4


def test_what_a_file_has_no_more_is_gone(
    client: Turnout, there: tuple[str, str], tmp_path: Path
) -> None:
    """Systems keep fields that a change leaves out; a file says all there is."""
    more = {"description": "d", "is_active": False}
    written(tmp_path, {**ALTOSTRAT, **more}, PAUSED)
    assert client("workflow", "apply", str(tmp_path), *there).code == 0
    for name, left_out in (
        ("altostrat", ("description", "is_active", "schedule_type", "schedule_value")),
        ("paused", ("filters", "isActive", "teamId")),
    ):
        file = tmp_path / f"{name}.json"
        document = json.loads(file.read_text())
        kept = {k: v for k, v in document.items() if k not in left_out}
        file.write_text(json.dumps(kept))
    both = {"altostrat", "paused"}
    assert applied(client, str(tmp_path), *there) == dict.fromkeys(both, ("updated", 2))
    assert applied(client, str(tmp_path), *there) == dict.fromkeys(both, ("unchanged", 2))
    found = client("workflow", "list", "--json", *there).json
    assert all(one["is_active"] for one in found)


def test_a_file_with_an_id_of_elsewhere_is_one_workflow(
    client: Turnout, there: tuple[str, str], tmp_path: Path
) -> None:
    """Though Altostrat and Thena make ids themselves: it is found by the one in the file."""
    files = {"id": f"fl_{'0' * 25}7", **ALTOSTRAT}, {"uid": f"{'0' * 25}8", **THENA}
    written(tmp_path, *files)
    both = {"altostrat", "thena"}
    for done in ("created", "unchanged"):
        assert applied(client, str(tmp_path), *there) == dict.fromkeys(both, (done, 1))
    assert len(client("workflow", "list", "--json", *there).json) == len(both)


def test_an_id_that_is_none_is_refused(
    client: Turnout, there: tuple[str, str], tmp_path: Path
) -> None:
    """By what it is called nobody would find it: it would be another one each time."""
    written(tmp_path, {"id": "fl_01h3j4k5l6m7n8p9q0r1s2t3v4", **ALTOSTRAT})
    refused = client("workflow", "apply", str(tmp_path), *there)
    assert refused.code != 0
    assert "is no id of a workflow" in refused.err
    assert client("workflow", "list", "--json", *there).json == []


def test_a_name_of_sixtyfours_own_is_found(
    client: Turnout, there: tuple[str, str], tmp_path: Path
) -> None:
    """Its clients may give ids that are no UUIDs; the server knows whose they are."""
    written(tmp_path, {"id": "my leads/1", **SIXTYFOUR})
    assert applied(client, str(tmp_path), *there) == {"sixtyfour": ("created", 1)}
    assert applied(client, str(tmp_path), *there) == {"sixtyfour": ("unchanged", 1)}
    nothing: Document = {"blocks": [], "edges": []}
    written(tmp_path, {"id": "my leads/1", **SIXTYFOUR, "workflow_definition": nothing})
    assert applied(client, str(tmp_path), *there) == {"sixtyfour": ("updated", 2)}
    assert applied(client, str(tmp_path), *there) == {"sixtyfour": ("unchanged", 2)}
