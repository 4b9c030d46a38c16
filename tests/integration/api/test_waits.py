"""Steps that wait for people: found, answered once, by whom they are for."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from shared.domain.ids import ExecutionId
from tests.integration.api.face import Face, open_face
from tests.support.gated import open_receiver
from tests.support.works import NOTE, check_history, start, until, workflow

ASK: dict[str, Any] = {"id": "ask", "kind": "approval", "approval": {"message": "Go on?"}}
FORM: dict[str, Any] = {
    "id": "form",
    "kind": "form",
    "form": {
        "schema": {
            "type": "object",
            "required": ["sum"],
            "properties": {"sum": {"type": "number"}},
        },
        "buttons": ["pay", "deny"],
        "assignee": {"type": "team", "id": "finance"},
    },
}


def asking(**approval: Any) -> dict[str, Any]:
    """The approval step with more to say."""
    return {**ASK, "approval": {**ASK["approval"], **approval}}


async def waiting(face: Face, *steps: dict[str, Any]) -> ExecutionId:
    """An execution of these steps that waits."""
    [id_] = await start(face.works, await face.works.register(workflow(*steps)))
    await face.waits(id_)
    return id_


def decision(execution_id: ExecutionId, step_id: str = "ask") -> str:
    """Where a decision is posted."""
    return f"executions/{execution_id}/steps/{step_id}/decision"


def submission(execution_id: ExecutionId) -> str:
    """Where a form is posted."""
    return f"executions/{execution_id}/steps/form/submission"


@pytest.mark.parametrize("words", [("approve", "approve"), ("approve", "reject"), ("reject",) * 5])
async def test_one_decision_wins(database: str, words: tuple[str, ...]) -> None:
    """Of decisions made at once one wins, all are told which, and the log has that one only."""
    async with open_face(database) as face:
        id_ = await waiting(face, ASK, NOTE)
        asked = [
            {"decision": word, "by": f"person {n}", "comment": f"comment {n}"}
            for n, word in enumerate(words)
        ]
        answers = await asyncio.gather(*(face.call("POST", decision(id_), one) for one in asked))
        told = [document for status, document in answers if status == 200]
        assert {status for status, _ in answers} <= {200, 409}
        [won] = [document for document in told if document["won"]]
        assert all(document["answer"] == won["answer"] for document in told)
        shown = await face.ends(id_)
        [_, kept] = [a for a in shown["attempts"] if a["step_id"] == "ask"]
        assert kept["output"] == won["answer"]["output"]
        assert kept["output"]["decision_id"] == won["decision_id"]
        is_yes = kept["output"]["decision"] == "approve"
        assert (kept["status"], shown["status"]) == (
            ("COMPLETED", "COMPLETED") if is_yes else ("FAILED", "FAILED")
        )
        await check_history(face.works)


async def test_a_decision_sent_again_is_told_the_same(database: str) -> None:
    """By its id the winner is recognised; another, or the same id with another word, is late."""
    async with open_face(database) as face:
        id_ = await waiting(face, ASK, NOTE)
        yes = {"decision": "approve", "by": "ada", "decision_id": "d1"}
        first = await face.post(decision(id_), yes, status=200)
        assert first["won"] is True
        await face.ends(id_)
        assert await face.post(decision(id_), yes, status=200) == first
        for late in ({**yes, "decision_id": "d2"}, {**yes, "decision": "reject"}):
            refused = await face.post(decision(id_), late, status=409)
            assert "'ada' answered" in refused["detail"]


async def test_a_yes_to_an_action_lets_it_run_and_a_no_does_not(database: str) -> None:
    """An action that needs a yes calls nobody before it, and nobody after a no."""
    async with open_receiver() as receiver, open_face(database) as face:
        step = receiver.step(approval={"approver": {"type": "user", "id": "ada"}})
        path = decision(yes := await waiting(face, step), "call")
        no = await waiting(face, step)
        assert receiver.keys == []
        await face.post(path, {"decision": "approve", "by": "bob"}, status=403)
        agreed = {"decision": "approve", "by": "ada", "decision_id": "d1"}
        given = await face.post(path, agreed, status=200)
        assert (given["won"], given["answer"]["status"]) == (True, "APPROVED")
        body = {"decision": "reject", "by": "ada", "comment": "too dear"}
        told = await face.post(decision(no, "call"), body, status=200)
        assert (told["won"], told["answer"]["status"]) == (True, "FAILED")
        assert told["answer"]["output"]["comment"] == "too dear"
        assert [(await face.ends(id_))["status"] for id_ in (yes, no)] == ["COMPLETED", "FAILED"]
        assert receiver.keys == [f"{yes}:call"]
        assert await face.post(path, agreed, status=200) == given


async def test_a_decision_that_comes_too_late(database: str) -> None:
    """After the time was up, or after a cancellation, a decision is refused and changes nothing."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(asking(timeout_s=0.2), NOTE))
        [silent] = await start(face.works, flow)  # which may be over before anybody looks
        cancelled = await waiting(face, ASK, NOTE)
        await face.post(f"executions/{cancelled}/cancel")
        for id_, status, said in (
            (silent, "FAILED", "Nobody decided in time"),
            (cancelled, "CANCELLED", "the execution is CANCELLED"),
        ):
            before = await face.ends(id_)
            assert before["status"] == status
            refused = await face.post(
                decision(id_), {"decision": "approve", "by": "ada"}, status=409
            )
            assert said in refused["detail"]
            assert await face.get(f"executions/{id_}") == before


async def test_a_decision_races_a_cancellation(database: str) -> None:
    """Whichever comes first: the decision is told whether it counted, the log agrees."""
    async with open_face(database) as face:
        for _ in range(5):
            id_ = await waiting(face, ASK, {**ASK, "id": "again"})
            answers = await asyncio.gather(
                face.call("POST", decision(id_), {"decision": "approve", "by": "ada"}),
                face.call("POST", f"executions/{id_}/cancel"),
            )
            status, told = answers[0]
            shown = await face.ends(id_)
            settled = [a for a in shown["attempts"] if a["status"] == "COMPLETED"]
            assert shown["status"] == "CANCELLED"
            assert (status, told.get("won")) in ((200, bool(settled)), (409, None))
        await check_history(face.works)


async def test_a_decision_while_suspended_counts(database: str) -> None:
    """A person is heard while the execution is suspended; what follows starts once resumed."""
    async with open_face(database) as face:
        id_ = await waiting(face, ASK, NOTE)
        await face.post(f"executions/{id_}/suspend")
        await face.becomes(id_, "SUSPENDED")
        told = await face.post(decision(id_), {"decision": "approve", "by": "ada"}, status=200)
        assert told["won"] is True
        assert (await face.get(f"executions/{id_}"))["status"] == "SUSPENDED"
        await face.post(f"executions/{id_}/resume")
        assert (await face.ends(id_))["status"] == "COMPLETED"


async def test_what_cannot_be_decided(database: str) -> None:
    """No execution, no such step, one that waits for something else, and broken bodies."""
    async with open_face(database) as face:
        sleep = {"id": "sleep", "kind": "sleep", "sleep": {"duration_s": 3600.0}}
        id_ = await waiting(face, ASK, sleep, NOTE)
        yes = {"decision": "approve", "by": "ada"}
        for path in (decision(ExecutionId(uuid4())), decision(id_, "none"), decision(id_, "%00")):
            await face.post(path, yes, status=404)
        await face.post(decision(id_, "note"), yes, status=404)
        for body in ({"by": "a"}, {"decision": "maybe", "by": "a"}, {"decision": "approve"}):
            await face.post(decision(id_), body, status=422)
        for more in ({"by": ""}, {"by": 7}, {"decision_id": "timeout"}, {"why": 1}):
            await face.post(decision(id_), {**yes, **more}, status=422)
        await face.post(
            f"executions/{id_}/steps/ask/submission", {"data": 1, "by": "a"}, status=409
        )
        await face.post(decision(id_), yes, status=200)
        asleep = "SELECT count(*) FROM execution_log WHERE step_id = 'sleep'"
        await until(face.works.pool, asleep, 1)
        await face.post(decision(id_, "sleep"), yes, status=409)


async def test_a_form_is_held_against_its_schema_and_buttons(database: str) -> None:
    """Every fault is listed; what fits completes the step, by the button that was pressed."""
    async with open_face(database) as face:
        edges = {"edges": [{"from": "form", "to": "note", "handle": "pay"}]}
        flow = await face.works.register({**workflow(FORM, NOTE), **edges})
        [id_] = await start(face.works, flow)
        [wait] = await face.waits(id_)
        assert (wait["kind"], wait["subject"]) == ("form", "team:finance")
        for body, pointers in (
            ({"data": {"sum": "7"}, "button": "steal"}, ["/button", "/data"]),
            ({"data": {"sum": 7}}, ["/button"]),
            ({"data": {}, "button": "pay"}, ["/data"]),
        ):
            refused = await face.post(submission(id_), {**body, "by": "ada"}, status=422)
            assert sorted(e["pointer"] for e in refused["errors"]) == pointers
        given = {"data": {"sum": 7}, "button": "pay", "by": "ada"}
        told = await asyncio.gather(*(face.call("POST", submission(id_), given) for _ in range(3)))
        assert [document["won"] for status, document in told if document.get("won")] == [True]
        shown = await face.ends(id_)
        [_, kept] = [a for a in shown["attempts"] if a["step_id"] == "form"]
        assert (kept["handle"], kept["output"]["data"]) == ("pay", {"sum": 7})
        assert shown["status"] == "COMPLETED"


async def test_waits_are_found_and_walked(database: str) -> None:
    """Every filter picks what it says, pages join without gap or repeat, and ended waits go."""
    async with open_face(database) as face:
        ask = asking(approver={"type": "user", "id": "ada"})
        apart = [{"from": step, "to": "note"} for step in ("ask", "form")]
        flow = await face.works.register({**workflow(ask, FORM, NOTE), "edges": apart})
        ids = await start(face.works, flow, 3)
        for id_ in ids:
            await face.waits(id_, 2)
        seen: list[tuple[str, str]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await face.get(f"waits?limit=1{cursor and f'&cursor={cursor}'}")
            seen += [(wait["execution_id"], wait["step_id"]) for wait in page["items"]]
            cursor = page["next_cursor"]
        assert sorted(seen) == sorted((str(id_), step) for id_ in ids for step in ("ask", "form"))
        for query, count in (
            *(("kind=approval", 3), ("kind=FORM", 3), ("kind=event", 0)),
            *(("subject=user:ada", 3), ("subject=user:bob", 0), (f"execution_id={ids[0]}", 2)),
            (f"environment_id={uuid4()}", 0),
        ):
            assert len((await face.get(f"waits?{query}"))["items"]) == count, query
        for query in ("kind=other", "cursor=x", "limit=0", "who=ada"):
            assert (await face.call("GET", f"waits?{query}"))[0] == 400, query
        await face.post(f"executions/{ids[0]}/cancel")
        await face.ends(ids[0])
        assert len((await face.get("waits"))["items"]) == 4


async def test_a_decision_is_not_lost_with_the_executor(database: str) -> None:
    """One that is not taken in within some seconds is answered 202, and counts later."""
    async with open_face(database) as face:
        id_ = await waiting(face, ASK, NOTE)
        await face.works.crash()
        told = await face.post(decision(id_), {"decision": "approve", "by": "ada"}, status=202)
        assert told["won"] is None
    async with open_face(database) as face:
        shown = await face.ends(id_)
        assert shown["attempts"][1]["output"]["decision_id"] == told["decision_id"]
