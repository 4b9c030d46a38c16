"""Commands whose request may have been done though a 503 answers it: nothing is done twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.test_patience import DOWN, ID, LATER, Busy, serving

STARTED: tuple[int, Any] = (202, {"execution_id": ID})
TAKEN: tuple[int, Any] = (202, {"id": "e", "key": ID, "source": "s", "event": "go"})
RULED: tuple[int, Any] = (200, {"decision_id": "d", "won": True})
ISSUED: tuple[int, Any] = (201, {"id": ID, "secret": "tok_x"})
GONE: tuple[int, Any] = (404, {"detail": "There is none."})
STEP = {"id": "s", "kind": "respond"}
FLOW = {"name": "w", "triggers": [{"event_name": "go"}], "steps": [STEP]}
NONE: tuple[int, Any] = (200, {"items": [], "next_cursor": None})
LINTED: tuple[int, Any] = (200, {"findings": []})
MADE: tuple[int, Any] = (201, {"id": ID, "name": "w", "lifecycle": "ready"})


@pytest.mark.parametrize(
    "command",
    [
        ("workflow", "run", ID),
        ("execution", "rerun", ID),
        ("execution", "retry", ID),
        ("execution", "resume-from", ID, "lint"),
    ],
)
async def test_a_repeated_start_has_one_key(command: tuple[str, ...]) -> None:
    """One of its own, or the one that is given; another command has another."""
    async with serving(Busy(DOWN, LATER, STARTED)) as busy:
        done = await busy.run(*command, "--json")
        assert (done.code, len(busy.asked)) == (0, 3)
        again = await busy.run(*command)
        own, *same = [heard.key for heard in busy.asked]
        assert (again.code, same[:2]) == (0, [own, own])
        assert own is not None
        assert same[2] not in (None, own)
        await busy.run(*command, "--key", "mine")
        assert busy.asked[-1].key == "mine"


async def test_a_repeated_event_has_one_id() -> None:
    """One of its own, and no key, as it may name an environment; its own id it keeps."""
    async with serving(Busy(DOWN, TAKEN)) as busy:
        done = await busy.run("event", "send", "go")
        assert done.code == 0
        first, again = busy.asked
        assert (first.body, first.key) == (again.body, None)
        assert len(first.body["id"]) == 36
        await busy.run("event", "send", "go", "--id", "mine")
        assert busy.asked[-1].body["id"] == "mine"


async def test_what_may_have_been_done_at_last_is_told() -> None:
    """With what it can be asked for again by: the id of the event, the key of a start."""
    async with serving(Busy(DOWN)) as busy:
        sent = await busy.run("event", "send", "go", "--patience", "1")
        run = await busy.run("workflow", "run", ID, "--patience", "0")
        own = await busy.run("workflow", "run", ID, "--patience", "0", "--key", "mine")
        told = await busy.run("workflow", "list", "--patience", "0")
    assert [each.code for each in (sent, run, own, told)] == [5] * 4
    assert f"sent again with the id '{busy.asked[0].body['id']}' it counts once" in sent.err
    assert f"the Idempotency-Key '{busy.asked[2].key}'" in run.err
    assert own.err == told.err == "Error: Postgres does not answer.\n"
    async with serving(Busy(LATER)) as busy:
        done = await busy.run("workflow", "run", ID, "--patience", "0")
    assert (done.code, done.err) == (5, "Error: You ask too often.\n")


async def test_a_key_is_made_once() -> None:
    """Its repetition has the key of the first attempt, which would tell what that has made."""
    async with serving(Busy(DOWN, ISSUED)) as busy:
        done = await busy.run("key", "create", "k", "--role", "admin", "--json")
    first, again = busy.asked
    assert (done.code, first) == (0, again)
    assert first.key is not None


async def test_an_answer_of_a_person_is_repeated_as_the_same() -> None:
    """Under one decision id, or it would come after itself, and be told as lost."""
    async with serving(Busy(DOWN, RULED)) as busy:
        done = await busy.run("wait", "approve", ID, "s", "--by", "me")
    first, again = [heard.body["decision_id"] for heard in busy.asked]
    assert (done.code, first) == (0, again)
    assert first is not None


async def test_what_can_have_no_key_is_not_repeated_after_a_503(tmp_path: Path) -> None:
    """A document that names its environment: it may be done, and where to look is said."""
    file = tmp_path / "w.json"
    file.write_text(json.dumps({**FLOW, "environment_id": ID}))
    asked = ("workflow", "apply", str(file))
    async with serving(Busy(NONE, LATER, DOWN)) as busy:
        done = await busy.run(*asked)
    assert (done.code, [heard.method for heard in busy.asked]) == (5, ["GET", "POST", "POST"])
    assert "may have been done all the same: look at what there is" in done.err
    assert all(heard.key is None for heard in busy.asked)
    async with serving(
        Busy(NONE, (503, {"detail": "-", "errors": [{"code": "TOO_MUCH_TO_COMPUTE"}]}))
    ) as busy:
        busy.answers += [MADE, DOWN, LINTED]  # a refusal; and what only looks is asked again
        done = await busy.run(*asked)
    assert (done.code, len(busy.asked)) == (0, 5)


async def test_a_file_without_an_id_makes_one_workflow(tmp_path: Path) -> None:
    """Its repetition has the key of the first attempt."""
    file = tmp_path / "w.json"
    file.write_text(json.dumps(FLOW))
    async with serving(Busy(NONE, DOWN, MADE, LINTED)) as busy:
        done = await busy.run("workflow", "apply", str(file))
    _, first, again, _ = busy.asked
    assert (done.code, first) == (0, again)
    assert first.key is not None


async def test_what_was_deleted_though_a_503_says_so_is_deleted() -> None:
    """After a refusal, and at once, it is told as not there."""
    asked = ("workflow", "delete", ID)
    for answers, code in (((DOWN, GONE), 0), ((LATER, GONE), 3), ((GONE,), 3)):
        async with serving(Busy(*answers)) as busy:
            done = await busy.run(*asked)
        assert (done.code, len(busy.asked)) == (code, len(answers)), done.err
