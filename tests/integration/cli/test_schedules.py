"""``turnout schedule`` against a running ``turnout dev``."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from services.cli.exits import Exit
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def test_a_step_s_schedule_is_listed_and_deleted(client: Turnout, tmp_path: Path) -> None:
    """A workflow that was run once has set it up; the workflow's own can only be listed."""
    flow, file = str(uuid4()), tmp_path / "nightly.json"
    at = f"{datetime.now(UTC) + timedelta(hours=12):%H:%M}"  # not due meanwhile
    daily = {"kind": "daily", "value": at}
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
    assert (own["step_id"], step["step_id"], step["value"]) == (None, "work", at)
    assert step["id"] in client("schedule", "list", "--execution", step["execution_id"]).out
    assert client("schedule", "delete", own["id"]).code == Exit.REJECTED
    assert client("schedule", "delete", step["id"], "--json").json["result"] == "deleted"
    assert client("schedule", "delete", step["id"]).code == Exit.NOT_FOUND
    assert client("schedule", "list", "--workflow", flow, "--json").json == [own]
    assert client("workflow", "delete", flow).code == Exit.OK


def test_a_schedule_is_looked_at_paused_and_made_up_for(client: Turnout, tmp_path: Path) -> None:
    """All that the API does with one; a backfill without --yes starts nothing."""
    flow, file = str(uuid4()), tmp_path / "hourly.json"
    hourly = f"{(datetime.now(UTC) + timedelta(minutes=30)).minute} * * * *"  # not due meanwhile
    definition = {
        "id": flow,
        "name": "hourly",
        "triggers": [{"kind": "schedule", "schedule": {"kind": "cron", "value": hourly}}],
        "steps": [{"id": "work", "action": "transform"}],
    }
    file.write_text(json.dumps(definition))
    client("workflow", "apply", str(file))
    (listed,) = client("schedule", "list", "--workflow", flow, "--json").json
    id_, next_at = listed["id"], listed["next_at"]
    assert next_at in client("schedule", "get", id_).out
    assert client("schedule", "get", id_, "--json").json == listed
    times = client("schedule", "next", id_, "--count", "3", "--json").json
    assert [len(times), times[0]["at"]] == [3, next_at]
    assert next_at in client("schedule", "next", id_).out
    assert "turnout schedule resume" in client("schedule", "pause", id_, "--note", "n").err
    assert client("schedule", "get", id_, "--json").json["pause"]["note"] == "n"
    assert "paused" in client("schedule", "list", "--workflow", flow).out
    now = datetime.now(UTC)
    span = ("--from", (now - timedelta(hours=2)).isoformat(), "--to", now.isoformat())
    assert "2 would start; add --yes." in client("schedule", "backfill", id_, *span).err
    assert "2 start now." in client("schedule", "backfill", id_, *span, "--yes").err
    for run in client("schedule", "backfill", id_, *span, "--json").json["missed"]:
        client("execution", "watch", run["execution_id"], "--timeout", "20")
    again = client("schedule", "backfill", id_, *span, "--json").json
    assert (again["missed"], len(again["fired"])) == ([], 2)
    assert "goes on at" in client("schedule", "resume", id_).err
    assert client("schedule", "get", id_, "--json").json["pause"] is None
    assert "paused" not in client("schedule", "list", "--workflow", flow).out
    assert client("schedule", "next", str(uuid4())).code == Exit.NOT_FOUND
    assert client("workflow", "delete", flow).code == Exit.OK
