"""What a caller asks of an execution: kept, shown, seen by steps, and taken over by repeats."""

from typing import Any

import pytest

from services.api.events import receive_webhook
from services.api.executions import start_execution
from services.api.executions.execution_fields import KINDS
from services.executor import consequences
from shared.db.start_keys import forget_keys
from shared.domain.workflows import Dialect, TriggerKind
from shared.wire import due_starts
from tests.integration.api.face import Face, open_face
from tests.support.gated import open_receiver
from tests.support.works import NOTE, start, transform, until, workflow

ASKED: dict[str, Any] = {
    "parameters": {"n": 7},
    "overrides": {"note": {"instead": [1]}},
    "locale": "pt-BR",
    "record_id": "rec_1",
    "execution_type": "interactive",
    "origin": "crm",
    "ui_options": {"theme": "dark"},
    "metadata": {"ticket": 3},
    "idempotency_key": "once",
}
SEEN = (
    "[execution.parameters.n, execution.locale, execution.record_id, execution.execution_type,"
    " execution.origin, execution.metadata.ticket, $exists(execution.ui_options)]"
)


async def ended(face: Face, started: dict[str, Any]) -> dict[str, Any]:
    """An execution at its end."""
    shown: dict[str, Any] = await face.ends(started["execution_id"])
    return shown


def outputs(shown: dict[str, Any]) -> dict[str, Any]:
    """What each step gave."""
    return {a["step_id"]: a["output"] for a in shown["attempts"] if a["status"] == "COMPLETED"}


async def test_what_is_asked_is_kept_and_seen(database: str) -> None:
    """All of it on the execution; what may be large is left out of a list."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(transform("see", SEEN), NOTE))
        shown = await ended(face, await face.post(f"workflows/{flow.id}/executions", ASKED))
        assert {k: shown[k] for k in ASKED} == ASKED
        seen = [7, "pt-BR", "rec_1", "interactive", "crm", 3, False]
        assert outputs(shown) == {"see": seen, "note": {"instead": [1]}}
        (listed,) = (await face.get("executions"))["items"]
        assert (listed["locale"], listed["workflow_name"]) == ("pt-BR", "w")
        assert not {"parameters", "overrides", "ui_options", "metadata"} & listed.keys()


async def test_an_execution_of_which_nothing_was_asked(database: str) -> None:
    """It is told by its event, and expressions see no more of it than its id."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(transform("see", "$keys(execution)")))
        (id_,) = await start(face.works, flow)
        shown = await face.ends(str(id_))
        assert outputs(shown) == {"see": "id"}
        assert shown["trigger"] == {
            "kind": "event",
            "event_id": shown["event_key"],
            "event_type": "go",
            "schedule_at": None,
        }
        assert (shown["revision"], shown["workflow_name"]) == (flow.revision, "w")
        assert shown["duration_ms"] >= 0
        assert (shown["execution_type"], shown["locale"], shown["overrides"]) == (
            "background",
            None,
            {},
        )
        assert [shown[k] for k in ("parent_id", "rerun_of", "resumed_from")] == [None] * 3
        await ended(face, await face.post(f"workflows/{flow.id}/executions", {"payload": {}}))
        question = "SELECT count(*) FROM executions WHERE lineage IS NULL"
        assert await face.works.pool.fetchval(question) == 2


async def test_repeats_take_over_what_was_asked(database: str) -> None:
    """A rerun, a retry and a resumption see it too; the key stays with the first."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.status = 400
        flow = await face.works.register(
            workflow(transform("see", SEEN), receiver.step(retry={"max_attempts": 1}))
        )
        asked = {**ASKED, "overrides": {}}
        first = await ended(face, await face.post(f"workflows/{flow.id}/executions", asked))
        assert first["status"] == "FAILED"
        for way, resumed in (
            ("rerun", None),
            ("retry", {"execution_id": first["id"], "step_id": None}),
            ("resume-from/call", {"execution_id": first["id"], "step_id": "call"}),
        ):
            again = await ended(face, await face.post(f"executions/{first['id']}/{way}"))
            assert outputs(again)["see"] == outputs(first)["see"]
            assert (again["rerun_of"], again["resumed_from"]) == (first["id"], resumed)
            assert {k: again[k] for k in asked} == {**asked, "idempotency_key": None}


async def test_an_override_stands_for_the_step_and_not_for_its_items(database: str) -> None:
    """An iterator's own input is replaced, each item's is not; a bad one is refused like any."""
    async with open_face(database) as face:
        body = {"action": "transform", "input": {"lang": "jsonata", "src": "item"}}
        loop = {"items": {"src": [1, 2]}, "body": body}
        each = {"id": "each", "kind": "iterator", "input": {"src": 0}, "iterator": loop}
        nap = {"id": "nap", "kind": "sleep", "sleep": {}, "input": {"src": {"duration_s": 999}}}
        flow = await face.works.register(workflow(each, nap))
        asked = {"overrides": {"each": 5, "nap": {"duration_s": 0}}}
        shown = await ended(face, await face.post(f"workflows/{flow.id}/executions", asked))
        assert shown["status"] == "COMPLETED"
        assert next(a["input"] for a in shown["attempts"] if a["item"] is None) == 5
        assert outputs(shown)["each"] == [1, 2]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"overrides": {"note": 1, "nope": 2, "a/b": 3}}, ["/overrides/nope", "/overrides/a~1b"]),
        ({"locale": "no such tag", "record_id": ""}, ["/locale", "/record_id"]),
        ({"execution_type": "later"}, ["/execution_type"]),
        ({"overrides": [], "force": "yes"}, ["/overrides", "/force"]),
    ],
)
async def test_what_cannot_be_asked(database: str, body: Any, pointers: list[str]) -> None:
    """Each fault in its place, and nothing is started."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(NOTE))
        refused = await face.post(f"workflows/{flow.id}/executions", body, status=422)
        assert sorted(e["pointer"] for e in refused["errors"]) == sorted(pointers)


async def test_a_key_names_one_request(database: str) -> None:
    """In the header or the body, the same again is the same execution; anything else is refused.

    So it is also before the first execution is there.
    """
    async with open_face(database) as face:
        flow = await face.works.register(workflow(NOTE))
        path = f"workflows/{flow.id}/executions"
        await face.works.crash()
        body = {"payload": {"a": 1}}
        first = await face.post(path, body, key="k")
        assert await face.post(path, body, key="k") == first
        said = await face.post(path, {"payload": {"a": 2}}, key="k", status=422)
        assert "other words" in said["detail"]
        named = {**body, "idempotency_key": "k"}
        (fault,) = (await face.post(path, named, key="j", status=422))["errors"]
        assert (fault["pointer"], fault["code"]) == ("/idempotency_key", "OTHER_KEY")
        other = await face.works.register(workflow(NOTE))
        elsewhere = await face.post(f"workflows/{other.id}/executions", named)
        assert elsewhere["execution_id"] != first["execution_id"]
        await until(face.works.pool, "SELECT count(*) FROM start_keys", 2)
        async with face.works.pool.acquire() as conn:
            await forget_keys(conn, face.works.platform.clock.now())
        await until(face.works.pool, "SELECT count(*) FROM start_keys", 0)


async def test_force_runs_out_of_turn(database: str) -> None:
    """It waits for nobody, takes nobody's turn, and a rerun of it waits again."""
    policy = {"policy": {"concurrency_key": {"src": "all"}}}
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.gate.clear()
        flow = await face.works.register({**workflow(receiver.step()), **policy})
        path = f"workflows/{flow.id}/executions"
        await face.post(path)
        await until(face.works.pool, "SELECT count(*) FROM turns WHERE granted_at IS NOT NULL", 1)
        waits = (await face.post(path))["execution_id"]
        await until(face.works.pool, "SELECT count(*) FROM waits WHERE kind = 'turn'", 1)
        shown = await face.get(f"executions/{waits}")
        assert shown["status"] == "WAITING"
        (current,) = shown["progress"]["current"]
        assert (current["step_id"], current["waits_for"], current["subject"]) == (
            "$turn",
            "turn",
            '"all"',
        )
        assert shown["progress"]["total"] == 2
        forced = (await face.post(path, {"force": True}))["execution_id"]
        await until(
            face.works.pool, f"SELECT steps_settled FROM executions WHERE id = '{forced}'", 1
        )
        await face.post(f"executions/{forced}/rerun")
        await until(face.works.pool, "SELECT count(*) FROM waits WHERE kind = 'turn'", 2)
        receiver.gate.set()
        assert (await face.ends(forced))["force"] is True
        assert (await face.ends(waits))["status"] == "COMPLETED"


async def test_transactionlink_sees_what_was_asked(database: str) -> None:
    """Its words for locale and record are the asked ones, else the payload's."""
    async with open_face(database) as face:
        see = transform("see", "[locale, recordId, parameters.n]")
        flow = await face.works.register(workflow(see), dialect=Dialect.TRANSACTIONLINK)
        path = f"workflows/{flow.id}/executions"
        asked = {"parameters": {"n": 1}, "locale": "uk", "record_id": "r"}
        assert outputs(await ended(face, await face.post(path, asked))) == {"see": ["uk", "r", 1]}
        payload = {"payload": {"locale": "fr", "recordId": "p", "parameters": {"n": 2}}}
        assert outputs(await ended(face, await face.post(path, payload))) == {"see": ["fr", "p", 2]}


def test_every_event_of_our_own_tells_its_kind_of_trigger() -> None:
    """The types of events that Turnout starts executions with are all known to the resource."""
    assert KINDS == {
        start_execution.STARTED_BY_HAND: TriggerKind.MANUAL,
        consequences.CALLED: TriggerKind.WORKFLOW,
        due_starts.DUE: TriggerKind.SCHEDULE,
        receive_webhook.RECEIVED: TriggerKind.WEBHOOK,
    }
