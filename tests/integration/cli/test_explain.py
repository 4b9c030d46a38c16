"""``turnout explain`` against a running ``turnout dev``."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.cli.exits import Exit
from tests.integration.cli.command import eventually
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def registered(client: Turnout, folder: Path, event: str, **more: Any) -> str:
    """The id of a live workflow that an event may start."""
    id_, file = str(uuid4()), folder / "workflow.json"
    step = {"id": "note", "action": "transform", "input": {"src": "done"}}
    document = {"id": id_, "name": "w", "triggers": [{"event_name": event}], "steps": [step]}
    file.write_text(json.dumps({**document, **more}))
    assert client("workflow", "apply", str(file)).code == 0
    return id_


def test_an_event_is_explained(client: Turnout, tmp_path: Path) -> None:
    """Near misses stand first with their operands; one workflow may be asked about alone."""
    event = f"test:{uuid4().hex}"
    far = registered(client, tmp_path, event, filters={"payload.n": 2}, run_if="payload.m")
    near = registered(client, tmp_path, event, filters={"payload.n": 1}, run_if="payload.plan")
    sent = client("event", "send", event, "--payload", '{"n": 1, "plam": 2}', "--json").json
    eventually(lambda: client("explain", sent["key"]).code == 0)
    shown = client("explain", sent["key"]).out
    assert "payload.plan is absent (did you mean payload.plam?)" in shown
    assert "payload.n is 1, asked ~eq 2" in shown
    assert shown.index("all held but one") < shown.index(near) < shown.index("the others")
    assert shown.index("the others") < shown.index(far)
    found = client("explain", sent["key"], far, "--json").json
    assert [(one["workflow_id"], one["failed"], one["clauses"]) for one in found] == [(far, 2, 2)]
    assert client("explain", sent["key"], "--reason", "matched", "--json").json == []
    [nearly] = client("explain", sent["key"], "--near-misses", "--json").json
    assert nearly["workflow_id"] == near
    misses = client("explain", "--workflow", near, "--last", "5")
    assert "Of 1 event 0 match, and 1 does but for one condition." in misses.err
    assert sent["key"] in misses.out
    assert "RUN_IF_UNDEFINED" in misses.out


def test_decisions_are_counted(client: Turnout, tmp_path: Path) -> None:
    """A workflow's decisions are there in numbers, from the first day on."""
    id_ = registered(client, tmp_path, f"test:{uuid4().hex}")
    told = client("explain", "--workflow", id_, "--json").json
    assert (told["workflow_id"], told["events"], told["ruled_out"]) == (id_, 0, 0)
    assert "ruled out untried" in client("explain", "--workflow", id_).out


def test_what_is_no_event_is_said_to_be_none(client: Turnout) -> None:
    """With what to name instead."""
    refused = client("explain", "nonsense")
    assert refused.code == Exit.NOT_FOUND
    assert "There is no event 'nonsense'" in refused.err
    assert "turnout event list" in refused.err


def test_what_was_no_workflow_then_is_said_to_be_none(client: Turnout, tmp_path: Path) -> None:
    """An unknown one is refused; one that was made after the event is told of, by its name."""
    event = f"test:{uuid4().hex}"
    sent = client("event", "send", event, "--json").json
    eventually(lambda: client("explain", sent["key"]).code == 0)
    refused = client("explain", sent["key"], str(uuid4()))
    assert (refused.code, "There is no workflow" in refused.err) == (Exit.NOT_FOUND, True)
    later = registered(client, tmp_path, event)
    told = client("explain", sent["key"], later)
    assert (told.code, "NOT_MADE_YET" in told.out) == (0, True)
    assert "after the event arrived" in told.out
    assert client("explain", sent["key"], later, "--json").json[0]["workflow_name"] == "w"
    assert "NOT_MADE_YET" in client("event", "get", sent["key"], "--workflow", later).out


def test_options_that_would_change_nothing_are_refused(client: Turnout) -> None:
    """With which to leave out."""
    about = ("--workflow", str(uuid4()))
    for option, value, form in (
        ("--last", "3", ("e",)),
        ("--from", "2026-11-22T00:00:00Z", ("e",)),
        ("--to", "2026-11-22T00:00:00Z", ("e",)),
        ("--source", "/s", about),
        ("--reason", "MATCHED", about),
        ("--limit", "50", about),
        ("--from", "2026-11-22T00:00:00Z", (*about, "--last", "3")),
    ):
        refused = client("explain", *form, option, value)
        assert (refused.code, f"{option} means nothing with" in refused.err) == (2, True), option
    refused = client("explain", *about, "--near-misses")
    assert (refused.code, "--near-misses means nothing with" in refused.err) == (2, True)


def test_it_is_about_one_of_both(client: Turnout) -> None:
    """An event or a workflow is named, not both and not neither."""
    for given in ((), ("e", "--workflow", str(uuid4()))):
        refused = client("explain", *given)
        assert refused.code == 2
        assert "Name an event" in refused.err
