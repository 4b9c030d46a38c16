"""Starting, stopping, repeating and answering executions, against a running ``turnout dev``."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.cli.command import eventually
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")

SAY: dict[str, Any] = {
    "id": "say",
    "action": "transform",
    "input": {"lang": "jsonata", "src": "[payload.name, parameters.n]"},
}
ASK: dict[str, Any] = {
    "id": "ask",
    "kind": "approval",
    "approval": {"approver": {"type": "user", "id": "ada"}, "message": "Go on?"},
}
FORM: dict[str, Any] = {
    "id": "form",
    "kind": "form",
    "form": {"schema": {"type": "object"}, "buttons": ["pay", "deny"]},
}


def applied(client: Turnout, folder: Path, *steps: dict[str, Any]) -> str:
    """The id of a workflow of these steps that nothing but a person starts."""
    id_ = str(uuid4())
    file = folder / f"{id_}.json"
    file.write_text(json.dumps({"id": id_, "name": "w", "steps": steps}))
    done = client("workflow", "apply", str(file))
    assert done.code == 0, done.err
    return id_


def begun(client: Turnout, workflow_id: str, *more: str) -> str:
    """An execution started by hand."""
    done = client("workflow", "run", workflow_id, *more, "--json")
    assert done.code == 0, done.err
    return str(done.json["execution_id"])


def waits(client: Turnout, execution: str) -> list[Any]:
    """The waits of an execution, as soon as there is one."""
    found: list[Any] = []

    def is_there() -> bool:
        found[:] = client("wait", "list", "--execution", execution, "--json").json
        return bool(found)

    eventually(is_there)
    return found


def test_a_workflow_is_run_by_hand_and_its_result_printed(client: Turnout, tmp_path: Path) -> None:
    """Twice under one key is once; the result is awaited; what is no JSON ends with 2."""
    id_ = applied(client, tmp_path, SAY)
    payload = ("--payload", '{"name": "ada"}', "--parameters", '{"n": 7}', "--key", "once")
    given = (*payload, "--expires-after", "3600")
    first = begun(client, id_, *given)
    assert begun(client, id_, *given) == first
    assert client("workflow", "run", id_, *given, "--locale", "en").code == 4
    printed = client("execution", "result", first, "--wait", "25")
    assert (printed.code, printed.json) == (0, ["ada", 7])
    assert client("execution", "result", first, "--json").json == {"result": ["ada", 7]}
    assert "turnout execution watch" in client("workflow", "run", id_).out
    assert client("workflow", "run", id_, "--payload", "{").code == 2
    assert client("workflow", "run", id_, "--expires-at", "soon").code == 4
    assert client("workflow", "run", str(uuid4())).code == 3


def test_a_run_says_what_is_asked_of_it(client: Turnout, tmp_path: Path) -> None:
    """Inputs of steps, and words that are kept with the execution."""
    id_ = applied(client, tmp_path, SAY)
    words = ("--locale", "pt-BR", "--record-id", "r7", "--metadata", '{"a": 1}', "--force")
    first = begun(client, id_, "--overrides", '{"say": "instead"}', *words)
    assert client("execution", "result", first, "--wait", "25").json == "instead"
    shown = client("execution", "get", first, "--json").json
    said = {"locale": "pt-BR", "record_id": "r7", "metadata": {"a": 1}, "force": True}
    assert said.items() <= shown.items()
    assert client("workflow", "run", id_, "--overrides", '{"nope": 1}').code == 4


def test_items_of_a_loop_are_told_apart(client: Turnout, tmp_path: Path) -> None:
    """The attempts of an iterator's items are shown under the item's number."""
    body = {"action": "transform", "input": {"lang": "jsonata", "src": "item * 2"}}
    loop = {"id": "loop", "kind": "iterator", "iterator": {"items": {"src": [1, 2]}, "body": body}}
    execution = begun(client, applied(client, tmp_path, loop))
    assert client("execution", "result", execution, "--wait", "20").json == [2, 4]
    shown = client("execution", "get", execution).out
    assert "loop[0]" in shown
    assert "loop[1]" in shown


def test_an_approval_is_listed_and_given(client: Turnout, tmp_path: Path) -> None:
    """Only by whom it is for; exit codes say whether there is a result and whose word counted."""
    id_ = applied(client, tmp_path, ASK, SAY)
    execution = begun(client, id_, "--payload", '{"name": "x"}')
    [wait] = waits(client, execution)
    assert (wait["step_id"], wait["subject"]) == ("ask", "user:ada")
    listed = client("wait", "list", "--kind", "approval", "--subject", "user:ada")
    assert execution in listed.out
    assert "Go on?" in listed.out
    assert client("execution", "result", execution).code == 3
    stranger = client("wait", "approve", execution, "ask", "--by", "bob")
    assert (stranger.code, stranger.out) == (4, "")
    assert "It is for 'ada'" in stranger.err
    assert client("wait", "approve", execution, "none", "--by", "ada").code == 3
    given = ("ask", "--by", "ada", "--id", "d1", "--comment", "fine", "--json")
    told = client("wait", "approve", execution, *given)
    assert (told.code, told.json["won"]) == (0, True)
    assert told.json["answer"]["output"]["comment"] == "fine"
    assert client("wait", "approve", execution, *given).code == 0
    late = client("wait", "reject", execution, "ask", "--by", "ada")
    assert late.code == 4
    assert "waits no more" in late.err
    assert client("execution", "watch", execution, "--timeout", "20").code == 0


def test_a_rejection_fails_what_is_then_retried(client: Turnout, tmp_path: Path) -> None:
    """A no ends the execution; a retry asks again, and takes over what came before."""
    execution = begun(client, applied(client, tmp_path, SAY, ASK))
    waits(client, execution)
    told = client("wait", "reject", execution, "ask", "--by", "ada", "--comment", "no")
    assert (told.code, told.out) == (0, "")
    assert "It counts" in told.err
    assert client("execution", "watch", execution, "--timeout", "20").code == 1
    assert client("execution", "result", execution).code == 4
    again = client("execution", "retry", execution, "--json").json
    assert again["repeats"] == {"execution_id": execution, "step_id": None}
    waits(client, again["execution_id"])
    shown = client("execution", "get", again["execution_id"], "--json").json
    assert [(a["step_id"], a["attempt"]) for a in shown["attempts"]] == [("say", 0), ("ask", 1)]


def test_a_form_is_filled_in(client: Turnout, tmp_path: Path) -> None:
    """Its data is held against its schema and buttons, and is what the step puts out."""
    execution = begun(client, applied(client, tmp_path, FORM))
    waits(client, execution)
    by = ("form", "--by", "ada")
    refused = client("wait", "submit", execution, *by, "--data", "7", "--button", "steal")
    assert refused.code == 4
    assert "/data" in refused.err
    assert "/button" in refused.err
    assert client("wait", "submit", execution, *by, "--data", "{").code == 2
    (tmp_path / "data.json").write_text('{"sum": 7}')
    data = ("--data", f"@{tmp_path}/data.json", "--button", "pay")
    assert client("wait", "submit", execution, *by, *data).code == 0
    result = client("execution", "result", execution, "--wait", "20").json
    assert (result["data"], result["button"], result["by"]) == ({"sum": 7}, "pay", "ada")


def test_an_execution_is_suspended_resumed_and_repeated(client: Turnout, tmp_path: Path) -> None:
    """Suspended it stays where it is; resumed it ends; rerun and resumed from a step it is new."""
    execution = begun(client, applied(client, tmp_path, ASK, SAY))
    waits(client, execution)
    assert client("execution", "suspend", execution).code == 0

    def is_suspended() -> bool:
        return bool(client("execution", "get", execution, "--json").json["status"] == "SUSPENDED")

    eventually(is_suspended)
    assert client("wait", "approve", execution, "ask", "--by", "ada").code == 0
    assert is_suspended()
    assert client("execution", "resume-from", execution, "say").code == 4
    assert client("execution", "resume", execution, "--json").json["id"] == execution
    assert client("execution", "watch", execution, "--timeout", "20").code == 0
    assert client("execution", "suspend", execution).code == 4
    again = client("execution", "rerun", execution, "--key", "k", "--json").json["execution_id"]
    assert waits(client, again)
    from_say = client("execution", "resume-from", execution, "say", "--json").json
    assert from_say["repeats"]["step_id"] == "say"
    ended = client("execution", "watch", from_say["execution_id"], "--timeout", "20", "--json")
    assert [(a["step_id"], a["attempt"]) for a in ended.json["attempts"]] == [
        ("ask", 0),
        ("say", 1),
    ]
    assert client("execution", "resume-from", execution, "none").code == 4
