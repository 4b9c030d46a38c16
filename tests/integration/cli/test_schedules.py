"""``turnout schedule`` against a running ``turnout dev``."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from services.cli.exits import Exit
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def test_a_step_s_schedule_is_listed_and_deleted(client: Turnout, tmp_path: Path) -> None:
    """A workflow that was run once has set it up; the workflow's own can only be listed."""
    flow, file = str(uuid4()), tmp_path / "nightly.json"
    daily = {"kind": "daily", "value": "06:30"}
    definition = {
        "id": flow,
        "name": "nightly",
        "triggers": [{"kind": "schedule", "schedule": daily}],
        "steps": [{"id": "work", "action": "transform", "schedule": daily}],
    }
    file.write_text(json.dumps(definition))
    client("workflow", "apply", str(file))
    execution = client("workflow", "run", flow, "--json").json["execution_id"]
    assert client("execution", "watch", execution, "--timeout", "20").code == Exit.OK
    found = client("schedule", "list", "--workflow", flow, "--json").json
    own, step = sorted(found, key=lambda one: one["step_id"] or "")
    assert (own["step_id"], step["step_id"], step["value"]) == (None, "work", "06:30")
    assert step["id"] in client("schedule", "list", "--execution", step["execution_id"]).out
    assert client("schedule", "delete", own["id"]).code == Exit.REJECTED
    assert client("schedule", "delete", step["id"], "--json").json["result"] == "deleted"
    assert client("schedule", "delete", step["id"]).code == Exit.NOT_FOUND
    assert client("schedule", "list", "--workflow", flow, "--json").json == [own]
    assert client("workflow", "delete", flow).code == Exit.OK
