"""``turnout live`` against a running ``turnout dev``."""

import json
from pathlib import Path
from urllib.request import urlopen

import pytest

from services.cli.exits import Exit
from tests.integration.cli.conftest import Turnout
from tests.integration.cli.test_events import registered

pytestmark = pytest.mark.xdist_group("cli")

STEP = {"id": "say", "action": "transform", "input": {"src": "done"}}


def test_records_are_shown_as_they_come(client: Turnout, dev_url: str, tmp_path: Path) -> None:
    """One a line, of a workflow and kind, for programs or for people; from an id on."""
    workflow, _ = registered(client, tmp_path, STEP)
    with urlopen(f"{dev_url}/v1/live", timeout=10) as stream:
        lines = [stream.readline().decode().strip() for _ in range(3)]
    after = lines[-1].removeprefix("id: ")
    assert client("workflow", "run", workflow).code == 0
    asked = ("live", "--after", after, "--workflow", workflow)
    done = client(*asked, "--count", "4", "--json")
    assert done.code == 0, done.err
    shown = [json.loads(line) for line in done.out.splitlines()]
    assert {(one["kind"], one.get("phase") or one["step_id"]) for one in shown} == {
        *(("execution", phase) for phase in ("created", "started", "completed")),
        ("step", "say"),
    }
    step = client(*asked, "--kind", "steps", "--count", "1")
    assert step.out.split()[2:] == ["say", "1", "COMPLETED", "–"]  # noqa: RUF001 - as a table has it
    rest = client(
        "live", "--after", shown[0]["id"], "--workflow", workflow, "--count", "3", "--json"
    )
    assert [json.loads(line) for line in rest.out.splitlines()] == shown[1:]


def test_what_is_no_id_is_refused(client: Turnout) -> None:
    """With the API's own sentence."""
    done = client("live", "--after", "nonsense")
    assert done.code == Exit.REJECTED
    assert "no id of an event" in done.err
