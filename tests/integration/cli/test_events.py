"""``turnout event`` and ``turnout execution`` against a running ``turnout dev``."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.cli.command import eventually, turnout
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def registered(client: Turnout, folder: Path, step: dict[str, Any]) -> tuple[str, str]:
    """A workflow of one step that is live: its id and the event that starts it."""
    file, event = folder / "workflow.json", f"test:{uuid4().hex}"
    id_ = str(uuid4())
    document = {"id": id_, "name": "w", "triggers": [{"event_name": event}], "steps": [step]}
    file.write_text(json.dumps(document))
    assert client("workflow", "apply", str(file)).code == 0
    return id_, event


def started(client: Turnout, event: str, payload: Any) -> str:
    """The execution that a new event started, as soon as there is one."""
    found: list[Any] = []

    def is_there() -> bool:
        # The matchers know a new workflow within a second; until then events start nothing.
        sent = client("event", "send", event, "--payload", json.dumps(payload), "--json").json
        found[:] = client("execution", "list", "--event", sent["key"], "--json").json
        return bool(found)

    eventually(is_there)
    return str(found[0]["id"])


def test_an_event_runs_a_workflow(client: Turnout, tmp_path: Path) -> None:
    """An event starts an execution that can be watched to its end and shown."""
    step = {
        "id": "say",
        "action": "transform",
        "input": {"lang": "jsonata", "src": "{'text': 'hello ' & payload.name}"},
    }
    _, event = registered(client, tmp_path, step)
    execution = started(client, event, {"name": "ada"})
    watched = client("execution", "watch", execution, "--timeout", "20")
    assert watched.code == 0, watched.err
    assert '"text":"hello ada"' in watched.out
    assert "COMPLETED" in watched.out.splitlines()[-1]
    shown = client("execution", "get", execution, "--json").json
    assert [a["output"] for a in shown["attempts"]] == [{"text": "hello ada"}]
    assert "hello ada" in client("execution", "get", execution).out


def test_a_failed_execution_ends_watch_with_1(client: Turnout, tmp_path: Path) -> None:
    """Watching an execution that fails says so by its exit code and last line."""
    step = {
        "id": "call",
        "action": "http_request",
        "input": {"src": {"method": "GET", "url": "http://169.254.169.254/"}},
    }
    _, event = registered(client, tmp_path, step)
    watched = client("execution", "watch", started(client, event, {}), "--json")
    assert watched.code == 1
    assert watched.json["status"] == "FAILED"


def test_a_running_execution_is_cancelled(client: Turnout, tmp_path: Path) -> None:
    """An execution between two attempts is cancelled, once; afterwards that is refused with 4."""
    step = {
        "id": "call",
        "action": "http_request",
        "input": {"src": {"method": "GET", "url": "http://127.0.0.1:1025/"}},
        "retry": {"max_attempts": 20, "initial_interval_s": 3600, "max_interval_s": 3600},
    }
    _, event = registered(client, tmp_path, step)
    execution = started(client, event, {})
    late = client("execution", "watch", execution, "--timeout", "0.5")
    assert late.code == 5
    assert "has not ended" in late.err
    assert client("execution", "cancel", execution, "--reason", "enough").code == 0
    watched = client("execution", "watch", execution, "--timeout", "20", "--json")
    assert (watched.code, watched.json["status"]) == (1, "CANCELLED")
    again = client("execution", "cancel", execution)
    assert again.code == 4
    assert "CANCELLED" in again.err


def test_an_event_is_explained(client: Turnout, tmp_path: Path) -> None:
    """``event get`` says by name why a workflow was not started."""
    id_, _ = registered(client, tmp_path, {"id": "a", "action": "transform"})
    sent = client("event", "send", "other:event", "--id", "e1", "--source", "/me", "--json").json

    def is_explained() -> bool:
        done = client("event", "get", sent["key"], "--workflow", id_, "--json")
        return done.code == 0 and done.json["decisions"][0]["reason"] == "NO_TRIGGER"

    eventually(is_explained)
    assert "NO_TRIGGER" in client("event", "get", "e1", "--source", "/me", "--workflow", id_).out


def test_ids_of_publishers_may_hold_anything(client: Turnout) -> None:
    """An event is found by its publisher's id whatever characters that has."""
    id_ = f"a/b ?#%2F {uuid4()}"
    sent = client("event", "send", "odd:id", "--id", id_, "--json").json
    eventually(lambda: client("event", "get", id_).code == 0)
    assert client("event", "get", id_, "--json").json["key"] == sent["key"]


def test_payloads_come_from_files_and_pipes(client: Turnout, tmp_path: Path) -> None:
    """A payload is JSON from the command line, a file or standard input; else exit code 2."""
    file = tmp_path / "payload.json"
    file.write_text('{"from": "file"}')
    kind = f"test:{uuid4().hex}"
    assert client("event", "send", kind, "--payload", f"@{file}").code == 0
    assert client("event", "send", kind, "--payload", "-", given='{"from": "pipe"}').code == 0
    for wrong in ("{", f"@{tmp_path}/none.json", '"\\u0000"'):
        done = client("event", "send", kind, "--payload", wrong)
        assert (done.code, done.out) == (2, "")
        assert "--payload" in done.err
    tailed = client("event", "tail", "--type", kind, "--last", "2", "--count", "2", "--json")
    assert {json.loads(line)["payload"]["from"] for line in tailed.out.splitlines()} == {
        "file",
        "pipe",
    }


def test_many_events_are_sent_from_a_file(client: Turnout, tmp_path: Path) -> None:
    """An array, or one a line; what is wrong is named by its place in the file."""
    kind, file = f"test:{uuid4().hex}", tmp_path / "events"
    events = [{"event": kind, "id": f"n{n}", "payload": {"n": n}} for n in range(1_500)]
    file.write_text("\n".join(json.dumps(event) for event in events))
    sent = client("event", "send", "--file", str(file), "--json")
    assert sent.json == {"sent": 1_500}
    assert "1,000 events sent" in sent.err
    piped = client("event", "send", "--file", "-", given=json.dumps(events, indent=1))
    assert "1500" in piped.out
    eventually(lambda: len(_found(client, "--type", kind, "--limit", "2000")) == 1_500)
    assert [e["id"] for e in _found(client, "--type", kind, "--payload", "n=7")] == ["n7"]
    events[1_100]["event"] = ""
    file.write_text(json.dumps(events))
    done = client("event", "send", "--file", str(file))
    assert (done.code, done.out) == (4, "")
    assert "/1100/event" in done.err
    assert "1,000 events before this were sent" in done.err
    file.write_text(json.dumps(events[1_100:]))
    assert "Nothing was sent" in client("event", "send", "--file", str(file)).err
    for wrong in (("--file", str(file), kind), (), ("--file", str(tmp_path / "none"))):
        assert client("event", "send", *wrong).code == 2
    file.write_text("{}\n{")
    assert "Line 2" in client("event", "send", "--file", str(file)).err


def test_executions_are_searched(client: Turnout, tmp_path: Path) -> None:
    """By what started them, what they were given, and what they came to."""
    src = "{'order': {'id': payload.order.id, 'is_paid': true}}"
    step = {"id": "say", "action": "transform", "input": {"lang": "jsonata", "src": src}}
    id_, event = registered(client, tmp_path, step)
    execution = started(client, event, {"order": {"id": 42, "name": "x.y"}})
    assert client("execution", "watch", execution, "--timeout", "60").code == 0
    # An event that was sent before may have started another by now.
    own = ("--event", client("execution", "get", execution, "--json").json["event_key"])
    for given, found in (
        (("--input", "order.id=42", "--output", "order.is_paid=true"), [execution]),
        (("--input", "order.id=42", "--input", "order.name=x.y"), [execution]),
        (("--event-type", event, "--status", "completed", "--status", "FAILED"), [execution]),
        (("--output", 'order.id="42"', "--workflow", id_), []),
        (("--finished-to", "2020-01-01T00:00:00Z"), []),
        (("--parent", execution), []),
    ):
        listed = client("execution", "list", "--workflow", id_, *own, *given, "--json").json
        assert [one["id"] for one in listed] == found, given
    for wrong in ("order", "=1", "a.=1", ".a=1"):
        assert client("execution", "list", "--input", wrong).code == 2
    assert client("execution", "list", "--input", "a=1", "--input", "a.b=2").code == 2


def test_tail_is_harmless_to_terminals(client: Turnout) -> None:
    """What a publisher put into an id cannot command the terminal."""
    kind = f"test:{uuid4().hex}"
    assert client("event", "send", kind, "--id", "\x1b[2Jgone").code == 0
    eventually(lambda: len(_recent(client, kind)) == 1)
    tailed = client("event", "tail", "--type", kind, "--last", "1", "--count", "1")
    assert "\x1b" not in tailed.out
    assert "\\x1b[2Jgone" in tailed.out


def test_nobody_answers() -> None:
    """Without an API every client command ends with 5 and says how to start one."""
    done = turnout("workflow", "list", "--url", "http://127.0.0.1:1")
    assert (done.code, done.out) == (5, "")
    assert "turnout dev" in done.err


@pytest.mark.parametrize("url", ["nonsense", "ftp://host", "http://"])
def test_a_wrong_address_is_refused(url: str) -> None:
    """What is no address of an API is refused with 4."""
    done = turnout("workflow", "list", "--url", url)
    assert done.code == 4
    assert "is no address" in done.err


def _recent(client: Turnout, kind: str) -> list[str]:
    found = client("event", "tail", "--type", kind, "--last", "1", "--count", "1", "--json")
    return found.out.splitlines()


def _found(client: Turnout, *options: str) -> list[Any]:
    found: list[Any] = client("event", "list", *options, "--json").json
    return found
