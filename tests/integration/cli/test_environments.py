"""``--environment``, on commands that speak to a running ``turnout dev``."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from services.cli.exits import Exit
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def test_a_command_works_in_the_environment_that_it_names(client: Turnout, tmp_path: Path) -> None:
    """There a workflow is found, listed and switched; anywhere else there is none of its id."""
    file, there = tmp_path / "flow.json", ("--environment", str(uuid4()))
    file.write_text(json.dumps({"id": str(uuid4()), "name": "w"}))
    [flow] = client("workflow", "apply", str(file), *there, "--json").json
    assert flow["environment_id"] == there[1]
    assert client("workflow", "get", flow["id"], *there, "--json").json["id"] == flow["id"]
    assert client("workflow", "deactivate", flow["id"], *there).code == Exit.OK
    assert [w["id"] for w in client("workflow", "list", *there, "--json").json] == [flow["id"]]
    for elsewhere in ((), ("--environment", str(uuid4()))):
        assert client("workflow", "get", flow["id"], *elsewhere).code == Exit.NOT_FOUND
        assert flow["id"] not in client("workflow", "list", *elsewhere, "--json").out


def test_a_file_that_names_its_environment_is_applied_there(
    client: Turnout, tmp_path: Path
) -> None:
    """Applied again it is unchanged, in Turnout's words and in Truto's."""
    documents: list[dict[str, object]] = [{"name": "w"}, {"config": {}}]
    for document in documents:
        file, environment = tmp_path / "flow.json", str(uuid4())
        file.write_text(json.dumps({**document, "id": str(uuid4()), "environment_id": environment}))
        applied = [client("workflow", "apply", str(file), "--json").json[0] for _ in range(2)]
        assert [one["environment_id"] for one in applied] == [environment] * 2
        assert [one["applied"] for one in applied] == ["created", "unchanged"]


def test_whoever_applies_to_another_environment_is_told_how_to_see_it(
    client: Turnout, tmp_path: Path
) -> None:
    """Only then: in the environment in which the command works nothing needs to be said."""
    file, environment = tmp_path / "flow.json", str(uuid4())
    file.write_text(json.dumps({"id": str(uuid4()), "name": "w", "environment_id": environment}))
    hint = f"--environment {environment}"
    told = client("workflow", "apply", str(file))
    assert hint in told.out + told.err
    there = client("workflow", "apply", str(file), "--environment", environment)
    assert hint not in there.out + there.err
