"""Schedules looked ahead at, paused, resumed, and made up for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.db.retention import note_pruning
from shared.domain.workflows import Workflow
from tests.integration.api.face import Face, open_face
from tests.integration.test_schedules import fire
from tests.support.virtual_clock import VirtualClock
from tests.support.works import NOTE, start, transform, until

EVENING = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = {"kind": "cron", "value": "@hourly"}
DEFINITION = {
    "name": "w",
    "triggers": [{"id": "tick", "kind": "schedule", "schedule": HOURLY}],
    "steps": [NOTE],
}
STARTED = "SELECT count(*) FROM executions"


def stamp(at: datetime) -> str:
    """As the API writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.000000Z"


def at(hour: int) -> str:
    """An hour of that day, or of the next."""
    return stamp(EVENING.replace(hour=0, minute=0) + hour * HOUR)


# What is no span, or no schedule, and where that shows.
SPANS: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "/from"),
    ({"from": "yesterday"}, "/from"),
    ({"from": "2026-11-22T10:00:00"}, "/from"),
    ({"from": "0001-01-01T00:00:00+23:00"}, "/from"),
    ({"from": at(21), "to": at(20)}, "/to"),
    ({"from": at(20), "to": at(21)}, "/to"),
    ({"from": "1970-01-01T00:00:00Z"}, "/to"),
    ({"from": at(20), "preview": 1}, "/preview"),
)
SCHEDULES: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "/kind"),
    ({"kind": "cron", "value": "0 25 * * *"}, "/value"),
    ({"kind": "daily", "value": "06:30", "timezone": "Mars/Phobos"}, "/timezone"),
    ({"kind": "once", "value": "9999-12-31T23:59:59Z", "jitter_s": 86_400}, "/value"),
    ({"kind": "once", "value": "2999-12-31T23:59:59-01:00"}, "/value"),
    ({**HOURLY, "jitter_s": -1}, "/jitter_s"),
    ({**HOURLY, "catch_up": "some"}, "/catch_up"),
    ({**HOURLY, "catch_up_max": 101}, "/catch_up_max"),
    ({**HOURLY, "overlap": "both"}, "/overlap"),
    ({**HOURLY, "starts_at": at(21), "ends_at": at(20)}, "/ends_at"),
    ({**HOURLY, "starts_at": "9999-12-31T23:59:59-10:00"}, "/starts_at"),
    ({**HOURLY, "extra": 1}, "/extra"),
)


async def register(face: Face, clock: VirtualClock, **changes: Any) -> Workflow:
    """The workflow, saved now by the clock."""
    now = clock.now()
    return await face.works.register(DEFINITION, created_at=now, updated_at=now, **changes)


async def only(face: Face) -> Any:
    """The one schedule there is, which is the same wherever it is asked for."""
    (listed,) = (await face.get("schedules"))["items"]
    assert listed == await face.get(f"schedules/{listed['id']}")
    return listed


async def test_a_pause_keeps_a_schedule_from_starting_anything(database: str) -> None:
    """It says since when, by whom and why; resumed it goes on, without what fell due meanwhile."""
    clock = VirtualClock(EVENING)
    async with open_face(database, clock=clock) as face:
        flow = await register(face, clock)
        path = f"schedules/{(await only(face))['id']}"
        paused = await face.post(f"{path}/pause", {"note": "the move"}, status=200)
        assert paused["pause"] == {"at": stamp(EVENING), "by": "anonymous", "note": "the move"}
        assert await only(face) == paused
        assert (await face.get(f"workflows/{flow.id}"))["next_run_at"] is None
        again = await face.post(f"{path}/pause", status=200)
        assert again["pause"] == {**paused["pause"], "note": None}
        clock.jump(EVENING + 3 * HOUR)
        assert await fire(face.works) == 0
        resumed = await face.post(f"{path}/resume", status=200)
        assert (resumed["pause"], resumed["next_at"]) == (None, at(24))
        assert await face.post(f"{path}/resume", status=200) == resumed == await only(face)
        assert (await face.get(f"workflows/{flow.id}"))["next_run_at"] == at(24)
        assert await fire(face.works) == 0
        clock.jump(EVENING + 4 * HOUR)
        assert await fire(face.works) == 1
        await until(face.works.pool, STARTED, 1)
        last = (await only(face))["last"]
        assert (last["due_at"], last["started_at"]) == (at(24), stamp(clock.now()))
        assert (await face.ends(last["execution_id"]))["trigger"]["schedule_at"] == at(24)
        noted = [one["action"] for one in (await face.get("audit"))["items"]]
        assert [one for one in noted if one.startswith("schedule")] == [
            *("schedule.resume", "schedule.resume", "schedule.pause", "schedule.pause")
        ]


async def test_a_pause_outlives_new_versions_and_a_rest(database: str) -> None:
    """Neither another version nor a workflow that was off for a while ends it; archiving does."""
    clock = VirtualClock(EVENING)
    async with open_face(database, clock=clock) as face:
        flow = await register(face, clock)
        schedule = await only(face)
        paused = await face.post(f"schedules/{schedule['id']}/pause", {"note": "n"}, status=200)
        await register(face, clock, id=flow.id, version=2)
        assert await only(face) == {**paused, "workflow_version": 2}
        await register(face, clock, id=flow.id, version=3, is_active=False)
        assert await only(face) == {**paused, "workflow_version": 3, "is_resting": True}
        clock.jump(EVENING + 2 * HOUR)
        await register(face, clock, id=flow.id, version=4)
        assert (await only(face))["pause"] == paused["pause"]
        assert await fire(face.works) == 0
        await face.post(f"schedules/{schedule['id']}/resume", status=200)
        await register(face, clock, id=flow.id, version=5, is_active=False)
        assert (await face.get("schedules"))["items"] == []


async def test_what_fell_due_while_its_workflow_was_off_is_not_made_up_for(database: str) -> None:
    """Not either where a pause kept the schedule meanwhile, and was ended before."""
    clock = VirtualClock(EVENING)
    async with open_face(database, clock=clock) as face:
        flow = await register(face, clock)
        schedule = await only(face)
        path = f"schedules/{schedule['id']}"
        await face.post(f"{path}/pause", status=200)
        await register(face, clock, id=flow.id, version=2, is_active=False)
        assert (await face.post(f"{path}/resume", status=200))["is_resting"] is True
        assert (await face.get("schedules"))["items"] == []
        assert (await face.call("GET", path))[0] == (await face.call("DELETE", path))[0] == 404
        clock.jump(EVENING + 48 * HOUR)
        await register(face, clock, id=flow.id, version=3)
        assert await fire(face.works) == 0
        expected = {"id": schedule["id"], "next_at": at(69), "run_at": at(69)}
        assert (await only(face)).items() >= expected.items()


async def test_a_pause_that_outlives_the_last_time_ends_the_schedule(database: str) -> None:
    """Resumed it is never due again, and is gone."""
    clock = VirtualClock(EVENING)
    once = {"kind": "once", "value": "2026-11-22T21:00:00Z"}
    steps = [{**transform("work", "1"), "schedule": once}]
    async with open_face(database, clock=clock) as face:
        flow = await face.works.register({"name": "w", "steps": steps})
        await face.ends((await start(face.works, flow))[0])
        path = f"schedules/{(await only(face))['id']}"
        await face.post(f"{path}/pause", status=200)
        clock.jump(EVENING + HOUR)
        assert await fire(face.works) == 0
        assert (await face.post(f"{path}/resume", status=200))["next_at"] is None
        assert (await face.call("GET", path))[0] == 404


async def test_missed_times_are_started_and_fired_ones_are_not(database: str) -> None:
    """A preview tells which is which; asked again nothing is missed any more."""
    clock = VirtualClock(EVENING)
    async with open_face(database, clock=clock) as face:
        await register(face, clock)
        path = f"schedules/{(await only(face))['id']}"
        clock.jump(EVENING + 4 * HOUR)
        assert await fire(face.works) == 1
        await until(face.works.pool, STARTED, 1)
        span = {"from": at(22), "to": at(24)}
        foreseen = await face.post(f"{path}/backfill", {**span, "preview": True}, status=200)
        assert foreseen["is_preview"] is True
        assert [run["at"] for run in foreseen["missed"]] == [at(22), at(23)]
        assert [run["at"] for run in foreseen["fired"]] == [at(24)]
        assert await face.works.pool.fetchval(STARTED) == 1
        done = await face.post(f"{path}/backfill", span)
        assert done == {**foreseen, "is_preview": False}
        for run in done["missed"]:
            shown = await face.ends(run["execution_id"])
            assert shown["trigger"]["schedule_at"] == run["at"]
        over = await face.post(f"{path}/backfill", {"from": at(22)})
        assert (over["missed"], len(over["fired"]), over["to_at"]) == ([], 3, stamp(clock.now()))
        assert await face.works.pool.fetchval(STARTED) == 3
        noted = (await face.get(f"audit?target={path.replace('s/', ':')}"))["items"]
        assert sorted(one["after"]["starts"] for one in noted) == [0, 2]


async def test_what_may_have_been_deleted_is_not_taken_for_missed(database: str) -> None:
    """Where executions are deleted a span begins when they are all still there."""
    clock = VirtualClock(EVENING)
    async with open_face(database, clock=clock) as face:
        await register(face, clock)
        path = f"schedules/{(await only(face))['id']}/backfill"
        clock.jump(EVENING + 4 * HOUR)
        async with face.works.pool.acquire() as conn:
            await note_pruning(conn, EVENING + 1.5 * HOUR)
        for asked in ({"from": at(21)}, {"from": at(21), "preview": True}):
            refused = await face.post(path, asked, status=422)
            assert [problem["pointer"] for problem in refused["errors"]] == ["/from"]
        told = await face.post(path, {"from": at(22)})
        assert [run["at"] for run in told["missed"]] == [at(22), at(23), at(24)]


async def test_a_step_s_missed_times_are_done_as_usual(database: str) -> None:
    """Each in an execution of its own, with the event and the outcomes of the first."""
    clock = VirtualClock(EVENING)
    steps = [
        transform("n", "payload.n"),
        {**transform("work", "steps.n.output"), "schedule": HOURLY},
    ]
    async with open_face(database, clock=clock) as face:
        flow = await face.works.register({"name": "w", "steps": steps})
        await face.ends((await start(face.works, flow, payload={"n": 7}))[0])
        path = f"schedules/{(await only(face))['id']}"
        await face.post(f"{path}/pause", status=200)
        clock.jump(EVENING + 2 * HOUR)
        told = await face.post(f"{path}/backfill", {"from": at(21)})
        assert [run["at"] for run in told["missed"]] == [at(21), at(22)]
        for run in told["missed"]:
            await face.ends(run["execution_id"])
            done = await face.get(f"executions/{run['execution_id']}/result")
            assert done == {"result": 7}
        await face.works.register(
            {"name": "w", "steps": steps}, id=flow.id, version=2, is_active=False
        )
        refused = await face.post(f"{path}/backfill", {"from": at(21)}, status=409)
        assert "not active" in refused["detail"]


async def test_a_span_that_is_none_is_refused(database: str) -> None:
    """Turned around, in the future, of more times than fit, or no times at all: with its place."""
    clock = VirtualClock(EVENING)
    async with open_face(database, clock=clock) as face:
        await register(face, clock)
        path = f"schedules/{(await only(face))['id']}/backfill"
        for body, pointer in SPANS:
            refused = await face.post(path, body, status=422)
            assert [problem["pointer"] for problem in refused["errors"]] == [pointer], body
        for no_time in ("2026-11-16", "2026-11-16T06:00:00", "yesterday", [7]):
            refused = await face.post(path, {"from": no_time}, status=422)
            assert "such as 2026-11-22T10:00:00Z" in refused["errors"][0]["detail"], no_time
        assert await face.works.pool.fetchval(STARTED) == 0


async def test_the_next_times_are_told(database: str) -> None:
    """Of a schedule with jitter also when each starts, which comes true; of another in advance."""
    clock = VirtualClock(EVENING)
    jittery = {**HOURLY, "jitter_s": 1_800, "ends_at": "2026-11-23T00:00:00Z"}
    flow = {**DEFINITION, "triggers": [{"kind": "schedule", "schedule": jittery}]}
    async with open_face(database, clock=clock) as face:
        await face.works.register(flow, updated_at=EVENING)
        schedule = await only(face)
        path = f"schedules/{schedule['id']}/next"
        found = (await face.get(path))["items"]
        assert [due["at"] for due in found] == [at(21), at(22), at(23), at(24)]
        assert all(due["at"] <= due["run_at"] for due in found)
        assert len({due["run_at"][14:] for due in found}) == 4
        assert (schedule["next_at"], schedule["run_at"]) == tuple(found[0].values())
        assert (await face.get(f"{path}?count=2"))["items"] == found[:2]
        # Between a time and its start it is still to come; at its start it goes.
        clock.jump(EVENING + HOUR / 2)
        assert await fire(face.works) == 0
        assert (await face.get(path))["items"] == found
        clock.jump(datetime.fromisoformat(found[0]["run_at"]))
        assert await fire(face.works) == 1
        assert (await face.get(path))["items"] == found[1:]
        preview = await face.post("schedules/preview?count=2", HOURLY, status=200)
        assert preview["items"] == [{"at": at(hour), "run_at": at(hour)} for hour in (22, 23)]
        unknown = await face.post("schedules/preview?count=1", jittery, status=200)
        assert unknown["items"] == [{"at": at(22), "run_at": None}]
        never = await face.post("schedules/preview", {"kind": "manual"}, status=200)
        assert never == {"items": []}


async def test_a_schedule_that_is_none_has_no_times(database: str) -> None:
    """What is wrong is told with its place."""
    async with open_face(database) as face:
        for body, pointer in SCHEDULES:
            refused = await face.post("schedules/preview", body, status=422)
            assert [problem["pointer"] for problem in refused["errors"]] == [pointer], body


async def test_a_schedule_that_there_is_not(database: str) -> None:
    """404 wherever it is asked for."""
    async with open_face(database) as face:
        for path in (f"schedules/{UUID(int=1)}", "schedules/none"):
            assert (await face.call("GET", path))[0] == 404
            assert (await face.call("GET", f"{path}/next"))[0] == 404
            assert (await face.call("POST", f"{path}/pause"))[0] == 404
            assert (await face.call("POST", f"{path}/resume"))[0] == 404
            body = {"from": "2026-11-22T10:00:00Z"}
            assert (await face.call("POST", f"{path}/backfill", body))[0] == 404
