"""Replaying events, and doing one thing to many executions, against a running ``turnout dev``."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.cli.command import eventually
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")

ASK: dict[str, Any] = {"id": "ask", "kind": "approval"}
SPAN = (
    *("--from", (datetime.now(UTC) - timedelta(hours=1)).isoformat()),
    *("--to", (datetime.now(UTC) + timedelta(hours=1)).isoformat()),
)


def applied(client: Turnout, folder: Path, event: str) -> str:
    """The id of a workflow that waits for a person, and that no event starts by itself."""
    id_ = str(uuid4())
    document = {"id": id_, "name": "w", "triggers": [{"event_name": event}], "steps": [ASK]}
    file = folder / f"{id_}.json"
    file.write_text(json.dumps(document))
    assert client("workflow", "apply", str(file)).code == 0
    assert client("workflow", "deactivate", id_).code == 0
    return id_


def waiting(client: Turnout, workflow: str, count: int) -> list[str]:
    """The executions of a workflow, as soon as so many of them wait."""
    found: list[Any] = []

    def are_there() -> bool:
        given = ("--workflow", workflow, "--status", "waiting", "--json")
        found[:] = client("execution", "list", *given).json
        return len(found) == count

    eventually(are_there)
    return [one["id"] for one in found]


def test_events_are_replayed_and_what_they_started_is_cancelled(
    client: Turnout, tmp_path: Path
) -> None:
    """Nothing without --yes; each once, and again under --again; all are cancelled at once."""
    event = f"test:{uuid4().hex}"
    flow = applied(client, tmp_path, event)
    sent = [client("event", "send", event, "--json").json for _ in range(3)]
    replay = ("event", "replay", "--workflow", flow, "--type", event, *SPAN)

    def have_arrived() -> bool:
        return bool(client(*replay, "--json").json["events"] == 3)

    eventually(have_arrived)
    seen = client(*replay)
    assert (seen.code, "Nothing was started" in seen.err) == (0, True)
    assert "MATCHED 3" in seen.out
    assert client("execution", "list", "--workflow", flow, "--json").json == []
    done = client(*replay, "--yes", "--json")
    assert [one["starts"] for one in done.json["workflows"]] == [3]
    assert done.json["replay_id"] in done.err
    waiting(client, flow, 3)
    assert client(*replay, "--yes", "--json").json["workflows"][0]["already_started"] == 3
    again = (*("event", "replay", "--workflow", flow), "--event", sent[0]["key"], "--again")
    assert client(*again, "--yes").code == 0
    ids = waiting(client, flow, 4)
    many = ("execution", "bulk", "cancel", "--workflow", flow, "--status", "waiting")
    counted = client(*many)
    assert "--yes to cancel 4 executions" in counted.err
    assert waiting(client, flow, 4) == ids
    told = client(*many, "--reason", "enough", "--yes", "--json").json
    assert (told["matched"], told["done"], told["left"]) == (4, 4, [])
    waiting(client, flow, 0)
    told = client("execution", "bulk", "cancel", "--id", ids[0], "--yes")
    assert "NOT_POSSIBLE" in told.out
    assert client("execution", "bulk", "rerun", "--id", ids[0], "--yes").code == 0
    waiting(client, flow, 1)
    shown = client("stats", "--workflow", flow, "--json").json
    assert shown["started"] == {"CANCELLED": 4, "WAITING": 1}
    assert event in client("stats").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("event", "replay", "--workflow", str(uuid4())),
        ("event", "replay", *SPAN),
        ("event", "replay", "--workflow", str(uuid4()), "--event", str(uuid4()), "--type", "x"),
        ("execution", "bulk", "cancel"),
        ("execution", "bulk", "cancel", "--all", "--status", "failed"),
        ("execution", "bulk", "explode", "--all"),
    ],
)
def test_what_is_not_said_is_asked_for(client: Turnout, arguments: tuple[str, ...]) -> None:
    """Which workflows, events and executions are meant is always said."""
    assert client(*arguments).code == 2


def test_answers_that_refuse_end_with_their_codes(client: Turnout) -> None:
    """No workflow: 3; what is no time: 4."""
    given = ("event", "replay", "--workflow", str(uuid4()))
    assert client(*given, *SPAN).code == 3
    assert client(*given, "--from", "soon", "--to", "later").code == 4
    assert client("stats", "--from", "soon").code == 4
