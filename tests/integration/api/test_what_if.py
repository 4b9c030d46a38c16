"""What past events would do under another definition."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.api.workflows import ask_what_if
from shared.db import events as archive
from tests.integration.api.asking import Asker
from tests.integration.api.face import Face, open_face
from tests.integration.api.test_replay import COMMANDS, NOW, arrived
from tests.support.works import transform, workflow

FLOW = {**workflow(transform("say", "payload.n")), "run_if": "payload.n < 3"}
WRITTEN = (
    "SELECT (SELECT count(*) FROM workflow_versions) + (SELECT count(*) FROM audit_log)"
    " + (SELECT count(*) FROM executions)"
)


UNTIL = (NOW + timedelta(hours=1)).isoformat()


async def asked(face: Face, workflow_id: Any, document: Any, **more: Any) -> Any:
    """The answer about every event that has arrived."""
    body = {"document": document, "to": UNTIL, **more}
    return await face.post(f"workflows/{workflow_id}/what-if", body, status=200)


async def test_what_would_be_decided_otherwise(database: str) -> None:
    """Events that match now, or no longer, or fail, with their reasons; and nothing is done."""
    async with open_face(database) as face:
        flow = await face.works.register(FLOW)
        events = await arrived(face.works, 6)
        before = await face.works.pool.fetchval(WRITTEN)
        other = {**FLOW, "run_if": "payload.n > 1 and (payload.n = 5 ? $error('odd') : true)"}
        told = await asked(face, flow.id, other)
        assert (told["looked_at"], told["matched"]) == (6, {"before": 3, "after": 3})
        keys = {
            kind: [one["event_key"] for one in told[kind]["sample"]]
            for kind in ("newly_matched", "no_longer_matched", "newly_failing")
        }
        assert keys == {
            "newly_matched": [str(events[4].key), str(events[3].key)],
            "no_longer_matched": [str(events[1].key), str(events[0].key)],
            "newly_failing": [str(events[5].key)],
        }
        assert told["no_longer_matched"]["reasons"] == {"RUN_IF_FALSE": 2}
        why = told["no_longer_matched"]["sample"][0]["after"]
        assert (why["reason"], "payload.n is 1" in why["detail"]) == ("RUN_IF_FALSE", True)
        assert told["newly_failing"]["reasons"] == {"RUN_IF_ERROR": 1}
        assert told["plans_compared"] == 1
        assert (told["plans"], told["is_same"], told["next_cursor"]) == ([], False, None)
        same = await asked(face, flow.id, FLOW)
        assert same["is_same"]
        assert same["matched"] == {"before": 3, "after": 3}
        assert await face.works.pool.fetchval(WRITTEN) == before
        assert await face.works.pool.fetchval(COMMANDS) == 0


async def test_steps_that_would_go_another_way(database: str) -> None:
    """Of executions that start either way: what runs, what does not, and what gets other input."""
    async with open_face(database) as face:
        flow = await face.works.register(FLOW)
        await arrived(face.works, 4)
        steps = [transform("say", "payload.n + 1"), {**transform("more", "1"), "run_if": "1 = 2"}]
        other = {**workflow(*steps), "run_if": "payload.n < 3"}
        told = await asked(face, flow.id, other)
        [plan] = told["plans"]
        assert plan["steps"] == [
            {"id": "say", "before": "yes", "after": "yes", "has_other_input": True},
            {"id": "more", "before": None, "after": "no", "has_other_input": False},
        ]
        assert (len(plan["event_keys"]), told["plans_compared"]) == (3, 3)
        assert told["newly_matched"]["count"] == told["no_longer_matched"]["count"] == 0
        assert not told["is_same"]


async def test_which_events_are_looked_at(database: str) -> None:
    """The latest, of a span of time, of what either awaits; on from a cursor, none twice."""
    async with open_face(database) as face:
        flow = await face.works.register(FLOW)
        await arrived(face.works, 3)
        await arrived(face.works, 2, name="x", type="stop")
        one = {**FLOW, "run_if": "payload.n = 1"}
        first = await asked(face, flow.id, one, limit=2)
        assert (first["looked_at"], first["next_cursor"] is None) == (2, False)
        rest = await asked(face, flow.id, one, limit=2, cursor=first["next_cursor"])
        assert (rest["looked_at"], rest["next_cursor"]) == (1, None)
        assert [each["no_longer_matched"]["count"] for each in (first, rest)] == [1, 1]
        since = (NOW + timedelta(seconds=1)).isoformat()
        told = await asked(face, flow.id, FLOW, **{"from": since})
        assert (told["looked_at"], told["span_s"]) == (2, 3_599)
        assert told["per_hour"]["after"] == 2 * 3_600 / 3_599
        both = {**FLOW, "triggers": [{"event_name": "go"}, {"event_name": "stop"}]}
        told = await asked(face, flow.id, both)
        assert (told["looked_at"], told["newly_matched"]["count"]) == (5, 2)


@pytest.mark.parametrize("within_s", [8.0, 0.0])
@pytest.mark.parametrize("names", [["order:*"], ["order:*", "gone"]])
async def test_what_a_star_names_is_found_behind_everything_else(
    database: str, monkeypatch: pytest.MonkeyPatch, names: list[str], within_s: float
) -> None:
    """However many events came after it, and though calls end before they find any of it."""
    monkeypatch.setattr(archive, "NAMED_LOOKED_AT_MAX", 5)
    monkeypatch.setattr(ask_what_if, "WITHIN_S", within_s)
    written = {**FLOW, "triggers": [{"event_name": name} for name in names]}
    async with open_face(database) as face:
        flow = await face.works.register(written)
        await arrived(face.works, 11, name="o", type="order:old", since_s=-50)
        await arrived(face.works, 1, name="g", type="gone")
        await arrived(face.works, 3, type="order:a", since_s=1)
        await arrived(face.works, 11, name="x", type="x", since_s=10)
        more: dict[str, Any] = {"from": NOW.isoformat()}
        answers = [await asked(face, flow.id, {**written, "run_if": "payload.n = 1"}, **more)]
        while (cursor := answers[-1]["next_cursor"]) is not None:
            more["cursor"] = cursor
            answers.append(
                await asked(face, flow.id, {**written, "run_if": "payload.n = 1"}, **more)
            )
        found = [told["looked_at"] for told in answers]
        assert found == ([0, 0, *[1] * (2 + len(names))] if within_s == 0 else [2 + len(names)])
        assert sum(told["span_s"] for told in answers) == 3_600
        assert sum(told["no_longer_matched"]["count"] for told in answers) == 1 + len(names)


async def test_a_workflow_that_is_off_starts_nothing(database: str) -> None:
    """Nor does a document that leaves it off; one that switches it on does."""
    async with open_face(database) as face:
        flow = await face.works.register(FLOW, is_active=False)
        await arrived(face.works, 3)
        told = await asked(face, flow.id, {**FLOW, "is_active": False})
        assert (told["is_same"], told["reasons"]["after"]) == (True, {"INACTIVE": 3})
        told = await asked(face, flow.id, {**FLOW, "is_active": True})
        assert told["newly_matched"]["count"] == 3


async def test_a_span_must_end_after_it_begins(database: str) -> None:
    """As that of a replay; without an end it ends now."""
    async with open_face(database) as face:
        flow = await face.works.register(FLOW)
        path, asker = f"/v1/workflows/{flow.id}/what-if", Asker(face.client)
        now, later = NOW.isoformat(), (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        for span, pointer in (({"from": now, "to": now}, "/to"), ({"from": later}, "/from")):
            status, told = await asker.ask("POST", path, {"document": FLOW, **span})
            assert (status, told["errors"][0]["code"]) == (422, "BAD_SPAN")
            assert told["errors"][0]["pointer"] == pointer


async def test_a_document_that_would_be_refused(database: str) -> None:
    """Its problems are told at their places in the request; an unknown workflow is 404."""
    async with open_face(database) as face:
        flow = await face.works.register(FLOW)
        asker = Asker(face.client)
        body = {"document": {**FLOW, "run_if": "1 +"}}
        status, told = await asker.ask("POST", f"/v1/workflows/{flow.id}/what-if", body)
        assert (status, told["errors"][0]["pointer"]) == (422, "/document/run_if")
        path = "/v1/workflows/0b0e2a3c-6a53-4b36-9f1c-1f0d3d6a9f10/what-if"
        assert (await asker.ask("POST", path, {"document": FLOW}))[0] == 404
