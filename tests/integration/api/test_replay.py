"""Archived events decided on anew, by workflows as they are now."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.api.events import replay_events, replayed
from shared.db.intake import Arrival, archive, ensure_days
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId, event_key, execution_id
from shared.domain.principals import Scope
from shared.domain.workflows import Lifecycle
from shared.wire.events import encode_event
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.face import Face, open_face
from tests.support.house import House
from tests.support.served import open_api
from tests.support.works import (
    all_ended,
    check_history,
    open_works,
    transform,
    workflow,
    workflow_id_of,
)

NOW = datetime.now(UTC)
SPAN = {
    "from": (NOW - timedelta(hours=1)).isoformat(),
    "to": (NOW + timedelta(hours=1)).isoformat(),
}
SMALL = {**workflow(transform("say", "payload.n")), "run_if": "payload.n < 3"}
COMMANDS = """
SELECT count(*) FROM bus_records AS r JOIN bus_topics AS t USING (topic_id)
WHERE t.name = 'turnout.commands'
"""


async def arrived(
    works: House, count: int, environment_id: EnvironmentId = DEFAULT_ENVIRONMENT, **more: Any
) -> list[Event]:
    """Events with numbers from 0, a second apart, in the archive; ``since_s`` after ``NOW``."""
    events = []
    for number in range(count):
        source, id_ = more.get("source", "/test"), f"{more.get('name', 'e')}{number}"
        event = Event(
            key=event_key(environment_id, source, id_),
            environment_id=environment_id,
            type="go",
            source=source,
            id=id_,
            received_at=NOW + timedelta(seconds=more.get("since_s", 0) + number),
            payload={"n": number},
        )
        events.append(replace(event, type=more.get("type", "go")))
    arrivals = [
        Arrival(
            key=event.key,
            environment_id=environment_id,
            type=event.type,
            received_at=event.received_at,
            record=encode_event(event),
            body_hash=b"",
            origin=f"turnout.events/0@{uuid4()}",
        )
        for event in events
    ]
    async with works.platform.pool.acquire() as conn, conn.transaction():
        await ensure_days(conn, NOW.date(), NOW.date() + timedelta(days=1))
        await archive(conn, arrivals)
    return events


def asked(ids: Sequence[UUID], **more: Any) -> dict[str, Any]:
    """A replay of the last hour to some workflows."""
    return {**SPAN, "workflow_ids": [str(id_) for id_ in ids], **more}


async def replayed_to(face: Face, *ids: UUID, **more: Any) -> Any:
    """The answer to a replay."""
    return await face.post("events/replay", asked(ids, **more), status=200)


async def test_a_replay_starts_what_matches(database: str) -> None:
    """Counted by reason, also where the workflow is not active, with the events' own executions."""
    async with open_face(database) as face:
        flow = await face.works.register(SMALL, is_active=False)
        other = await face.works.register({**SMALL, "triggers": [{"event_name": "stop"}]})
        events = await arrived(face.works, 5)
        told = await replayed_to(face, flow.id, other.id)
        assert (told["looked_at"], told["events"], told["next_cursor"]) == (5, 5, None)
        assert told["workflows"] == [
            {
                "workflow_id": str(flow.id),
                "workflow_name": flow.definition.name,
                "workflow_version": 1,
                "is_active": False,
                "matched": 3,
                "already_started": 0,
                "starts": 3,
                "reasons": {"MATCHED": 3, "RUN_IF_FALSE": 2},
            },
            {
                "workflow_id": str(other.id),
                "workflow_name": other.definition.name,
                "workflow_version": 1,
                "is_active": True,
                "matched": 0,
                "already_started": 0,
                "starts": 0,
                "reasons": {"NO_TRIGGER": 5},
            },
        ]
        ids = [str(execution_id(workflow_id_of(flow), event.key)) for event in events[:3]]
        assert [one["execution_id"] for one in told["sample"]] == ids
        await all_ended(face.works.pool, 3)
        shown = await face.get(f"executions/{ids[2]}")
        assert shown["attempts"][0]["output"] == 2
        assert shown["lineage"]["replay"] == {"replay_id": told["replay_id"], "again": False}


async def test_once_more_is_once_a_replay(database: str) -> None:
    """What was started before is passed over, or is started again once under a replay's id."""
    async with open_face(database) as face:
        flow = await face.works.register(SMALL)
        await arrived(face.works, 5)
        await replayed_to(face, flow.id)
        await all_ended(face.works.pool, 3)
        assert _counts(await replayed_to(face, flow.id)) == [(3, 3, 0)]
        again = await replayed_to(face, flow.id, again=True)
        assert _counts(again) == [(3, 0, 3)]
        await all_ended(face.works.pool, 6)
        more = {"again": True, "replay_id": again["replay_id"]}
        assert _counts(await replayed_to(face, flow.id, **more)) == [(3, 3, 0)]
        shown = await face.get(f"executions/{again['sample'][0]['execution_id']}")
        assert shown["lineage"]["replay"] == {"replay_id": again["replay_id"], "again": True}
        await check_history(face.works)


async def test_the_same_replay_at_once_starts_nothing_twice(database: str) -> None:
    """Before anything has started, and under the same key: each execution is there once."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(transform("say", "payload.n")))
        await arrived(face.works, 20)
        answers = await asyncio.gather(
            *(replayed_to(face, flow.id, again=True, replay_id=str(uuid4())) for _ in range(2)),
            *(replayed_to(face, flow.id) for _ in range(2)),
        )
        assert {each["events"] for each in answers} == {20}
        await all_ended(face.works.pool, 60)
        body = asked([flow.id], again=True)
        told = [await face.post("events/replay", body, status=200, key="once") for _ in range(2)]
        assert told[0]["replay_id"] == told[1]["replay_id"]
        await all_ended(face.works.pool, 80)
        await check_history(face.works)


async def test_a_preview_does_nothing(database: str) -> None:
    """It counts as the replay would, and neither sends nor notes anything."""
    async with open_face(database) as face:
        flow = await face.works.register(SMALL)
        [event, *_] = await arrived(face.works, 5)
        seen = await replayed_to(face, flow.id, preview=True)
        one = {"workflow_ids": [str(flow.id)], "preview": True}
        await face.post(f"events/{event.key}/replay", one, status=200)
        assert (seen["preview"], _counts(seen)) == (True, [(3, 0, 3)])
        assert await face.works.pool.fetchval(COMMANDS) == 0
        assert await face.works.pool.fetchval("SELECT count(*) FROM audit_log") == 0
        done = await replayed_to(face, flow.id)
        assert done["workflows"] == seen["workflows"]
        [noted] = (await face.get("audit"))["items"]
        assert (noted["action"], noted["target"]) == (
            "event.replay",
            f"replay:{done['replay_id']}",
        )
        assert (noted["after"]["events"], noted["after"]["starts"]) == (5, 3)


async def test_one_event_is_replayed(database: str) -> None:
    """By its key; 404 for one that is not there."""
    async with open_face(database) as face:
        flow = await face.works.register(SMALL)
        events = await arrived(face.works, 2)
        body = {"workflow_ids": [str(flow.id)]}
        done = await face.post(f"events/{events[1].key}/replay", body, status=200)
        assert _counts(done) == [(1, 0, 1)]
        await face.ends(execution_id(workflow_id_of(flow), events[1].key))
        await face.post(f"events/{uuid4()}/replay", body, status=404)
        assert await face.works.pool.fetchval("SELECT count(*) FROM executions") == 1


async def test_conditions_choose_events(database: str) -> None:
    """By time, type, source and what their payload holds."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(transform("say", "1")))
        await arrived(face.works, 3)
        await arrived(face.works, 2, source="/other")
        await arrived(face.works, 1, name="x", type="stop")
        for more, looked_at, count in (
            ({}, 6, 6),
            ({"type": "go"}, 5, 5),
            ({"source": "/other"}, 6, 2),
            ({"type": "go", "payload": {"n": 1}}, 5, 2),
            ({"payload": '{"n": 1}'}, 6, 2),
            ({"subject": "none"}, 6, 0),
            ({"from": (NOW + timedelta(seconds=1)).isoformat()}, 3, 3),
            ({"to": (NOW + timedelta(seconds=1)).isoformat()}, 3, 3),
        ):
            seen = await replayed_to(face, flow.id, preview=True, **more)
            assert (seen["looked_at"], seen["events"]) == (looked_at, count), more


@pytest.mark.parametrize("bound", ["limit", "STARTS_MAX", "START_BYTES_MAX", "WITHIN_S"])
async def test_a_replay_goes_on_where_it_stopped(
    database: str, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever bound ended a call, the cursors lead through every event once."""
    more: dict[str, Any] = {"limit": 3} if bound == "limit" else {}
    if bound == "WITHIN_S":
        monkeypatch.setattr(replay_events, bound, 0.0)
    elif bound != "limit":
        monkeypatch.setattr(replayed, bound, 3)
    async with open_face(database) as face:
        flow = await face.works.register(workflow(transform("say", "payload.n")))
        await arrived(face.works, 7)
        replay_id, cursor, calls, events = str(uuid4()), None, 0, 0
        while calls == 0 or cursor:
            body = {"again": True, "replay_id": replay_id, "cursor": cursor, **more}
            told = await replayed_to(face, flow.id, **body)
            cursor, calls, events = told["next_cursor"], calls + 1, events + told["events"]
        assert events == 7
        assert calls == {"limit": 3, "STARTS_MAX": 3}.get(bound, 7)
        await all_ended(face.works.pool, 7)
        await check_history(face.works)


async def test_what_cannot_be_replayed(database: str) -> None:
    """Bad words, and workflows that cannot be started, in words that tell which."""
    async with open_face(database) as face:
        flow = await face.works.register(SMALL)
        draft = await face.works.register(SMALL, lifecycle=Lifecycle.DRAFT)
        archived = await face.works.register(SMALL, lifecycle=Lifecycle.ARCHIVED)
        for more, pointer in (
            ({"from": SPAN["to"], "to": SPAN["from"]}, "/to"),
            ({"from": None}, "/from"),
            ({"from": 7}, "/from"),
            ({"to": "9999-12-31T23:59:59-10:00"}, "/to"),
            ({"workflow_ids": []}, "/workflow_ids"),
            ({"workflow_ids": [str(uuid4()) for _ in range(51)]}, "/workflow_ids"),
            ({"limit": 1_001}, "/limit"),
            ({"cursor": "x"}, "/cursor"),
            ({"cursor": 7}, "/cursor"),
            ({"payload": {"a": "x" * 1_024}}, "/payload"),
            ({"more": 1}, "/more"),
        ):
            refused = await face.post("events/replay", asked([flow.id], **more), status=422)
            assert [e["pointer"] for e in refused["errors"]] == [pointer]
        await face.post("events/replay", asked([uuid4()]), status=404)
        for one in (draft, archived):
            refused = await face.post("events/replay", asked([flow.id, one.id]), status=409)
            assert str(one.id) in refused["detail"]
        await arrived(face.works, 2)
        cursor = (await replayed_to(face, flow.id, limit=1, preview=True))["next_cursor"]
        refused = await face.post(
            "events/replay", asked([flow.id], again=True, cursor=cursor), status=422
        )
        assert refused["errors"][0]["pointer"] == "/replay_id"
        assert await face.works.pool.fetchval(COMMANDS) == 0


async def test_environments_keep_their_events_and_workflows(database: str) -> None:
    """Neither another's workflow nor another's event is replayed; payloads need their scope."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        made = [await operator.new_environment(name) for name in ("theirs", "mine")]
        mine = await operator.key([Scope.OPERATE], made[1])
        flows = [await works.register(SMALL, environment_id=UUID(one)) for one in made]
        [event, *_] = await arrived(works, 3, EnvironmentId(UUID(made[0])))
        for path, body in (
            ("/v1/events/replay", asked([flows[0].id])),
            (f"/v1/events/{event.key}/replay", {"workflow_ids": [str(flows[1].id)]}),
        ):
            assert (await mine.ask("POST", path, body))[0] == 404
        status, told = await mine.ask("POST", "/v1/events/replay", asked([flows[1].id]))
        assert (status, told["looked_at"]) == (200, 0)
        held = asked([flows[1].id], payload={"n": 1})
        assert (await mine.ask("POST", "/v1/events/replay", held))[0] == 403
        assert await works.pool.fetchval(COMMANDS) == 0


def _counts(told: Any) -> list[tuple[int, int, int]]:
    return [(w["matched"], w["already_started"], w["starts"]) for w in told["workflows"]]
