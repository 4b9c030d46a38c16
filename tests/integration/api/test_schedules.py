"""Schedules as callers see them: listed, ended, and what they have started."""

from typing import Any
from uuid import uuid4

from tests.integration.api.face import Face, open_face
from tests.integration.test_schedules import fire
from tests.support.conserved import looked_at
from tests.support.house import settings_of
from tests.support.works import caught_up, start, transform, until, workflow

HOURLY = {"kind": "interval", "value": "3600"}
DAILY = {"kind": "daily", "value": "06:30", "timezone": "Europe/Berlin"}
STEPS = (
    transform("before", "payload.n"),
    {**transform("work", "steps.before.output + 1"), "schedule": HOURLY},
    transform("after", "1"),
)
FLOW = {
    **workflow(*STEPS),
    "triggers": [{"id": "mornings", "kind": "schedule", "schedule": DAILY}],
}


async def listed(face: Face, query: str = "") -> list[Any]:
    """The schedules, walked one by one."""
    found, cursor = [], ""
    while True:
        page = await face.get(f"schedules?limit=1{query}{cursor}")
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def set_up(face: Face) -> tuple[str, str]:
    """An execution that has set a schedule up, and its workflow."""
    flow = await face.works.register(FLOW)
    id_ = str((await start(face.works, flow, payload={"n": 7}))[0])
    await face.ends(id_)
    return id_, str(flow.id)


async def test_schedules_of_workflows_and_of_steps_are_listed(database: str) -> None:
    """Each with whose it is, in the order in which they are due; filters hold."""
    async with open_face(database) as face:
        id_, flow = await set_up(face)
        await set_up(face)
        found = await listed(face)
        assert len(found) == 4
        assert [one["next_at"] for one in found] == sorted(one["next_at"] for one in found)
        assert {one["workflow_id"] for one in await listed(face, f"&workflow_id={flow}")} == {flow}
        (step,) = await listed(face, f"&execution_id={id_}")
        varied = ("id", "next_at", "run_at", "environment_id")
        shown = {k: v for k, v in step.items() if k not in varied}
        assert shown == {
            **HOURLY,
            "timezone": "UTC",
            "workflow_id": flow,
            "workflow_version": 1,
            "trigger_id": None,
            "execution_id": id_,
            "step_id": "work",
            "is_resting": False,
            **dict.fromkeys(("starts_at", "ends_at", "pause", "last", "queued_at", "skipped")),
            "jitter_s": 0.0,
            "catch_up": "last",
            "catch_up_max": 10,
            "overlap": "allow",
        }
        attempts = (await face.get(f"executions/{id_}"))["attempts"]
        assert attempts[1]["output"] == {"schedule_id": step["id"], "next_at": step["next_at"]}


async def test_a_step_s_schedule_is_ended_and_a_workflow_s_is_not(database: str) -> None:
    """204, then 404; 409 names the workflow whose trigger it is."""
    async with open_face(database) as face:
        id_, flow = await set_up(face)
        (step,) = await listed(face, f"&execution_id={id_}")
        assert await face.call("DELETE", f"schedules/{step['id']}") == (204, None)
        for gone in (step["id"], uuid4(), "none"):
            assert (await face.call("DELETE", f"schedules/{gone}"))[0] == 404
        (left,) = await listed(face)
        assert (left["trigger_id"], left["execution_id"]) == ("mornings", None)
        status, refused = await face.call("DELETE", f"schedules/{left['id']}")
        assert (status, flow in refused["detail"]) == (409, True)
        assert await listed(face) == [left]


async def test_what_a_schedule_started_is_repeated_as_it_was(database: str) -> None:
    """It shows when it was due; done again it does that step only, and never another."""
    async with open_face(database) as face:
        id_, _ = await set_up(face)
        await face.works.pool.execute(
            "UPDATE schedules SET next_at = date_trunc('hour', now()) WHERE step_id IS NOT NULL"
        )
        assert await fire(face.works) == 1
        question = "SELECT count(*) FROM executions WHERE lineage IS NOT NULL"
        await until(face.works.pool, question, 1)
        ticked = await face.works.pool.fetchval(
            "SELECT id FROM executions WHERE lineage IS NOT NULL"
        )
        shown = await face.ends(ticked)
        assert shown["trigger"]["kind"] == "schedule"
        assert shown["trigger"]["schedule_at"].endswith(":00:00.000000Z")
        assert shown["resumed_from"] == {"execution_id": id_, "step_id": "work"}
        refused = await face.post(f"executions/{ticked}/resume-from/after", status=409)
        assert "did step 'work' only" in refused["detail"]
        for way in ("rerun", "resume-from/work"):
            made = (await face.post(f"executions/{ticked}/{way}"))["execution_id"]
            again = await face.ends(made)
            ends = [(a["step_id"], a["attempt"], a["output"]) for a in again["attempts"]]
            assert sorted(ends) == [("after", 0, None), ("before", 0, 7), ("work", 1, 8)]
        assert len(await listed(face, f"&execution_id={id_}")) == 1
        assert await face.get(f"executions/{ticked}/result") == {"result": 8}


async def test_conservation_knows_where_such_executions_come_from(database: str) -> None:
    """By the schedule and the time; one for a time that was none is found."""
    async with open_face(database) as face:
        id_, _ = await set_up(face)
        works = face.works
        await works.pool.execute("UPDATE schedules SET next_at = now() WHERE step_id IS NOT NULL")
        assert await fire(works) == 1
        await until(works.pool, "SELECT count(*) FROM executions WHERE finished_at IS NOT NULL", 2)
        await caught_up(works)

        async def found() -> set[tuple[str, str]]:
            report = await looked_at(works.pool, works.platform.bus, settings_of(database))
            return {(one.code, one.id) for one in report.findings.values()}

        by_hand = {("event_missing", id_)}  # a test's event that came past the archive
        assert await found() == by_hand
        ticked = await works.pool.fetchval(
            "UPDATE executions SET lineage = replace(lineage::text, '\"20', '\"21')::json"
            " WHERE lineage IS NOT NULL RETURNING id"
        )
        assert await found() == by_hand | {("wrong_id", str(ticked))}
