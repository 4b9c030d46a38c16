"""Lint over the API, with what an environment has registered."""

from typing import Any

from tests.integration.api.asking import Asker
from tests.integration.api.conftest import Client
from tests.integration.api.face import open_face
from tests.integration.api.test_replay import arrived
from tests.support.works import transform, workflow

FLOW: dict[str, Any] = {
    "name": "order",
    "triggers": [{"event_name": "order:placed"}],
    "run_if": "payload.totl > 0",
    "steps": [{"id": "pay", "action": "charge"}],
}


async def told(client: Client, document: Any) -> list[tuple[str, str, str]]:
    """What was found, as severity, code and place."""
    status, found = await Asker(client).ask("POST", "/v1/workflows/lint", document)
    assert status == 200, found
    return [(one["severity"], one["code"], one["pointer"]) for one in found["findings"]]


async def test_problems_come_first_and_alone(client: Client) -> None:
    """As errors, or for a draft, which may be kept with them, as warnings."""
    where = ("UNKNOWN_ACTION", "/steps/0/action")
    assert await told(client, FLOW) == [("error", *where)]
    assert await told(client, {**FLOW, "draft": True}) == [("warning", *where)]
    status, _ = await Asker(client).ask("POST", "/v1/workflows/lint", {"steps": 1})
    assert status == 422


async def test_what_is_registered_counts(client: Client) -> None:
    """Schemas of events, and actions that may not be repeated."""
    asker = Asker(client)
    schema = {"type": "object", "properties": {"total": {"type": "number"}}}
    await asker.ask("PUT", "/v1/event-types/placed", {"type": "order:placed", "schema": schema})
    await asker.ask("PUT", "/v1/actions/charge", {"transport": "worker"})
    field = ("warning", "UNKNOWN_FIELD", "/run_if")
    assert await told(client, FLOW) == [field]
    assert await told(client, {**FLOW, "run_if": "payload.total > 0"}) == []
    spec = {"transport": "worker", "metadata": {"idempotent": False}}
    await asker.ask("PUT", "/v1/actions/charge", spec)
    assert await told(client, FLOW) == [
        ("warning", "NOT_IDEMPOTENT", "/steps/0/retry/max_attempts"),
        field,
    ]
    assert (await asker.get("/v1/workflows"))["items"] == []


async def test_past_events_count_when_they_are_asked_for(database: str) -> None:
    """The last of those that the workflow awaits, with the key of one that shows the finding."""
    async with open_face(database) as face:
        events = await arrived(face.works, 12)
        await arrived(face.works, 13, name="x", type="stop")
        flow = {**workflow(transform("say", "1")), "run_if": "payload.N > 3"}
        path = "workflows/lint"
        assert (await face.post(path, flow, status=200))["findings"] == []
        found = (await face.post(f"{path}?events=11", flow, status=200))["findings"]
        latest = str(events[-1].key)
        assert [(one["code"], one["event_key"]) for one in found] == [
            ("NEVER_HELD", latest),
            ("UNSEEN_PATH", latest),
        ]
        assert found[1]["detail"].startswith("None of the last 11 events has 'payload.N'.")
        assert "which 100 % of them have" in found[1]["detail"]
        wait = {"event_name": "stop", "match": "payload.N = $input.n"}
        steps = [
            {**transform("say", "1"), "run_if": "payload.N > 3"},
            {"id": "w", "kind": "wait", "wait": wait},
        ]
        found = (await face.post(f"{path}?events=12", workflow(*steps), status=200))["findings"]
        assert [(one["code"], one["pointer"]) for one in found] == [
            ("NEVER_HELD", "/steps/0/run_if"),
            ("UNSEEN_PATH", "/steps/0/run_if"),
            ("UNSEEN_PATH", "/steps/1/wait/match"),
        ]


async def test_saving_tells_what_is_odd_where_it_is_asked(database: str) -> None:
    """By past events as without; of a draft what keeps it from running. Nobody else is told."""
    async with open_face(database) as face:
        await arrived(face.works, 12)
        flow = {**workflow(transform("say", "1")), "run_if": "payload.N > 3"}
        saved = await face.post("workflows?lint=11", flow, status=201)
        assert [(one["code"], one["pointer"]) for one in saved["findings"]] == [
            ("NEVER_HELD", "/run_if"),
            ("UNSEEN_PATH", "/run_if"),
        ]
        asker, path = Asker(face.client), f"/v1/workflows/{saved['id']}"
        assert "findings" not in await asker.get(path)
        assert "findings" not in await face.post("workflows", flow, status=201)
        status, replaced = await asker.ask("PUT", f"{path}?lint=0", {**flow, "run_if": "1 = 1"})
        assert (status, [one["code"] for one in replaced["findings"]]) == (200, ["ALWAYS_TRUE"])
        draft = {**flow, "steps": [{"id": "pay", "action": "charge"}], "draft": True}
        kept = await face.post("workflows?lint=0", draft, status=201)
        assert [(one["severity"], one["code"]) for one in kept["findings"]] == [
            ("warning", "UNKNOWN_ACTION")
        ]
        wrong = {**flow, "nonsense": 1, "filters": {"payload.n": {"~what": 1}}}
        for each in ({**draft, "draft": False}, wrong):
            refused = await asker.ask("POST", "/v1/workflows?lint=0", each, X_Request_Id="r")
            assert refused == await asker.ask("POST", "/v1/workflows", each, X_Request_Id="r")
            assert refused[0] == 422
        assert len((await asker.get("/v1/workflows"))["items"]) == 3
