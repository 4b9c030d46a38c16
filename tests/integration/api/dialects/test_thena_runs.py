"""Thena's workflows as they run: the example, executions in its words, a task an attempt."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from shared.domain.ids import ExecutionId
from shared.domain.short_ids import from_short_id, short_id
from tests.integration.api.face import Face, open_face
from tests.support.house import open_house
from tests.support.served import Client, open_api

WORKFLOWS = "/thena/api/v1/workflows"
ACTIVITY = "tickets:update-ticket-platform"
UNDO = "tickets:revert-ticket-platform"


def step(number: int, **said: Any) -> dict[str, Any]:
    """A step that a worker does."""
    return {"stepIdentifier": number, "activity": {"uniqueIdentifier": ACTIVITY}, **said}


def flow(*steps: Mapping[str, Any], **said: Any) -> dict[str, Any]:
    """A workflow that nothing but a person starts."""
    return {"name": "Triage", "workflowDefinition": list(steps), **said}


async def thena(client: Client, method: str, path: str = "", body: Any = None) -> Any:
    """What Thena's route answers, which does not refuse."""
    async with client.request(method, f"{WORKFLOWS}{path}", json=body) as answer:
        document = await answer.json()
        assert answer.status < 400, document
    return document


async def started(face: Face, *steps: Mapping[str, Any]) -> tuple[str, ExecutionId]:
    """A workflow's uid, and an execution of it."""
    for name in (ACTIVITY, UNDO):
        status, _ = await face.call("PUT", f"actions/{name}", {"transport": "worker"})
        assert status in (200, 201)
    made = await thena(face.client, "POST", "", flow(*steps))
    id_ = from_short_id(made["uid"])
    begun = await face.post(f"workflows/{id_}/executions", {"payload": {"n": 1}})
    return made["uid"], ExecutionId(UUID(begun["execution_id"]))


async def polled(face: Face, action: str = ACTIVITY) -> str:
    """The id of the next task, ready to stand in a path."""
    wanted = {"actions": [action], "wait_s": 20}
    (task,) = (await face.post("tasks/poll", wanted, status=200))["items"]
    return quote(task["task_id"], safe="")


async def seen(face: Face, uid: str, **said: Any) -> list[str]:
    """The states of a workflow's executions."""
    query = "".join(f"&{name}={value}" for name, value in said.items())
    found = await thena(face.client, "GET", f"/executions?workflowId={uid}{query}")
    return [execution["status"] for execution in found]


async def tasks_of(face: Face, execution_id: UUID) -> list[dict[str, Any]]:
    """The tasks of an execution."""
    tasks: list[dict[str, Any]] = await thena(
        face.client, "GET", f"/{short_id(execution_id)}/tasks"
    )
    return tasks


async def test_the_example_runs(database: str, held_port: int) -> None:
    """Its annotation, filters, approval, retry, dependencies and compensation, over HTTP."""
    more = {
        "resolvers": {"ticket": {"url": f"http://127.0.0.1:{held_port}/"}},
        "egress": {"allow_loopback": True},
    }
    async with open_house(database, **more) as house, open_api(house) as client:
        url = str(client.make_url("")).rstrip("/")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "examples/thena/run.py"),
            env={
                **os.environ,
                "PYTHONPATH": ".",
                "TURNOUT_URL": url,
                "RESOLVER_PORT": str(held_port),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        assert b"active: True" in said
        assert b"isCompensation" in said
        assert b"channel_not_found" in said


async def test_a_step_that_asks_is_one_task_from_the_question_to_its_end(database: str) -> None:
    """It awaits input while the execution is suspended, then it is done; the wait is no work."""
    async with open_face(database) as face:
        approver = {"type": "USER", "uid": "ann", "timeout": 60}
        uid, execution_id = await started(
            face, step(7, requireApproval=True, approver=approver, input={"a": 1})
        )
        (wait,) = await face.waits(execution_id)
        assert wait["data"]["approver"] == {"type": "user", "id": "ann"}
        (task,) = await tasks_of(face, execution_id)
        assert (task["stepIdentifier"], task["status"]) == (7, "AWAITING_USER_INPUT")
        assert (task["input"], task["result"], task["executionTime"]) == ({"a": 1}, None, 0)
        assert await seen(face, uid) == ["SUSPENDED"]
        assert await seen(face, uid, status="EXECUTING_ACTIVITIES") == []
        path = f"executions/{execution_id}/steps/7/decision"
        await face.post(path, {"decision": "approve", "by": "ann"}, status=200)
        task_id = await polled(face)
        (task,) = await tasks_of(face, execution_id)
        assert task["status"] == "STARTED"
        assert await seen(face, uid, status="EXECUTING_ACTIVITIES") == ["EXECUTING_ACTIVITIES"]
        await face.post(f"tasks/{task_id}/complete", {"output": {"b": 2}})
        await face.ends(execution_id)
        (done,) = await tasks_of(face, execution_id)
        assert (done["id"], done["startedAt"]) == (task["id"], task["startedAt"])
        assert (done["status"], done["result"]) == ("FINISHED", {"b": 2})
        assert done["activity"] == {"name": ACTIVITY, "uniqueIdentifier": ACTIVITY}
        assert await seen(face, uid, status="FINISHED") == ["FINISHED"]


async def undone(face: Face) -> tuple[str, ExecutionId]:
    """An execution whose third step has failed twice, so that the two before it were undone."""
    undo = {"compensationActivity": {"activity": {"uniqueIdentifier": UNDO}, "input": {"u": 1}}}
    twice = {"maximumAttempts": 2, "initialInterval": 0.01}
    uid, execution_id = await started(
        face,
        step(1, **undo),
        step(2, dependencies=["1"], **undo),
        step(3, dependencies=["2"], onFailure="COMPENSATE", retryPolicy=twice),
    )
    for _ in range(2):
        await face.post(f"tasks/{await polled(face)}/complete", {"output": {}})
    for _ in range(2):
        await face.post(f"tasks/{await polled(face)}/fail", {"message": "no"})
    for _ in range(2):
        await face.post(f"tasks/{await polled(face, UNDO)}/complete", {"output": {}})
    await face.ends(execution_id)
    return uid, execution_id


async def test_each_attempt_and_each_undoing_is_a_task(database: str) -> None:
    """What is undone comes last, the last step first; the execution has failed, and says why."""
    async with open_face(database) as face:
        uid, execution_id = await undone(face)
        tasks = await tasks_of(face, execution_id)
        told = [
            (t["stepIdentifier"], t["status"], t["isRetry"], t["isCompensation"]) for t in tasks
        ]
        assert told == [
            (1, "FINISHED", False, False),
            (2, "FINISHED", False, False),
            (3, "FAILED", False, False),
            (3, "FAILED", True, False),
            (2, "FINISHED", False, True),
            (1, "FINISHED", False, True),
        ]
        assert tasks[3]["result"]["error"]["message"] == "no"
        assert (tasks[4]["activity"]["uniqueIdentifier"], tasks[4]["input"]) == (UNDO, {"u": 1})
        assert len({task["id"] for task in tasks}) == len(tasks)
        rest = f"/{execution_id}/tasks?after={tasks[1]['id']}&limit=2"
        assert await thena(face.client, "GET", rest) == tasks[2:4]
        (execution,) = await thena(face.client, "GET", f"/executions?workflowId={uid}")
        assert (execution["status"], execution["error"]["message"]) == ("FAILED", "no")
        assert execution["context"]["event"]["message"]["payload"] == {"n": 1}
        path = f"/executions/{execution['id']}"
        assert await thena(face.client, "GET", path) == execution


async def test_what_is_due_or_cancelled_says_so(database: str) -> None:
    """While a retry is due the execution is RETRYING; cancelled, it FAILED, with the reason."""
    policy = {"maximumAttempts": 5, "initialInterval": 3_600, "backoffCoefficient": 1}
    async with open_face(database) as face:
        uid, execution_id = await started(face, step(1, retryPolicy=policy))
        await face.post(f"tasks/{await polled(face)}/fail", {"message": "busy"})
        await face.becomes(execution_id, "RETRYING")
        tasks = await tasks_of(face, execution_id)
        assert [(t["status"], t["isRetry"], t["startedAt"] is None) for t in tasks] == [
            ("FAILED", False, False),
            ("SCHEDULED", True, True),
        ]
        assert await seen(face, uid) == ["RETRYING"]
        await face.post(f"executions/{execution_id}/cancel", {"reason": "enough"})
        await face.ends(execution_id)
        (execution,) = await thena(face.client, "GET", f"/executions?workflowId={uid}")
        assert (execution["status"], execution["error"]["message"]) == ("FAILED", "enough")
        assert {t["status"] for t in await tasks_of(face, execution_id)} == {"FAILED"}


async def test_a_sleep_is_at_work_and_may_be_told_by_a_template(database: str) -> None:
    """Nobody is asked: the execution executes, and its sleeping task has started."""
    async with open_face(database) as face:
        sleep = {"uniqueIdentifier": "workflows:sleep-platform"}
        seconds = "{{context.event.message.payload.n}}"
        uid, execution_id = await started(
            face,
            {"stepIdentifier": 1, "activity": sleep, "input": {"seconds": seconds}},
            {"stepIdentifier": 2, "activity": sleep, "input": {"days": 2}, "dependencies": ["1"]},
        )
        await face.becomes(execution_id, "WAITING")
        async with asyncio.timeout(60):
            while len(tasks := await tasks_of(face, execution_id)) < 2:
                await asyncio.sleep(0.05)
        assert [task["status"] for task in tasks] == ["FINISHED", "STARTED"]
        assert await seen(face, uid) == ["EXECUTING_ACTIVITIES"]
        assert await seen(face, uid, status="SUSPENDED") == []


async def test_executions_keep_their_version_and_are_found_by_it(database: str) -> None:
    """An update makes a new version; of a deleted workflow the executions are still there."""
    async with open_face(database) as face:
        uid, execution_id = await started(face, step(1))
        await face.becomes(execution_id, "WAITING")  # the earlier one, before there is another
        changed = await thena(face.client, "PATCH", f"/{uid}", {"name": "Other"})
        assert changed["version"] == 2
        again = await face.post(f"workflows/{from_short_id(uid)}/executions", {})
        for _ in range(2):
            await face.post(f"tasks/{await polled(face)}/complete", {})
        for one in (execution_id, again["execution_id"]):
            await face.ends(one)
        await thena(face.client, "DELETE", f"/{uid}")
        for version, expected in ((1, execution_id), (2, UUID(again["execution_id"]))):
            (found,) = await thena(
                face.client, "GET", f"/executions?workflowId={uid}&version={version}&limit=1"
            )
            assert (found["version"], found["id"]) == (version, short_id(expected))
        latest, first = await thena(face.client, "GET", f"/executions?workflowId={uid}")
        assert (latest["version"], first["version"]) == (2, 1)
        path = f"/executions?workflowId={uid}&before={latest['id']}"
        assert await thena(face.client, "GET", path) == [first]
        bounded = f"/executions?workflowId={uid}&to={quote(latest['startedAt'])}"
        assert await thena(face.client, "GET", bounded) == [first]
        assert await thena(face.client, "GET", f"/executions?workflowId={uid}&status=PENDING") == []
