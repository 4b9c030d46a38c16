"""The routes of decisions: one event's, a workflow's near misses, and counts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.api.events import explain_event as explaining
from services.api.events import list_decisions as listing
from services.api.events import near_misses as missing
from services.api.http.payloads import HIDDEN
from services.api.resources import ApiResources
from shared.db.decision_counts import Arrived, Decided, add_decisions, add_events
from shared.db.intake import Arrival, archive, ensure_days
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, WorkflowId, event_key
from shared.domain.principals import Scope
from shared.wire.events import encode_event
from tests.integration.api.asking import Asker
from tests.integration.api.conftest import Client, Serve

NOW = datetime.now(UTC)
TODAY = NOW.date()


async def register(client: Client, *names: str, **more: Any) -> str:
    """A live workflow that these events may start: its id."""
    body = {"name": "w", "triggers": [{"event_name": name} for name in names], **more}
    async with client.post("/v1/workflows", json=body) as answer:
        created = await answer.json()
    assert answer.status == 201, created
    return str(created["id"])


async def arrive(resources: ApiResources, type_: str, *payloads: Any) -> list[Event]:
    """Events in the archive, one after the other."""
    at = datetime.now(UTC)
    events = [
        Event(
            key=event_key(DEFAULT_ENVIRONMENT, "/shop", f"{type_}-{number}-{at}"),
            environment_id=DEFAULT_ENVIRONMENT,
            type=type_,
            source="/shop",
            id=f"{type_}-{number}-{at}",
            received_at=at + timedelta(microseconds=number),
            payload=payload,
        )
        for number, payload in enumerate(payloads)
    ]
    async with resources.engine() as conn, conn.transaction():
        await ensure_days(conn, at.date(), at.date() + timedelta(days=1))
        await archive(conn, [_arrival(event) for event in events])
    return events


def _arrival(event: Event) -> Arrival:
    return Arrival(
        key=event.key,
        environment_id=event.environment_id,
        type=event.type,
        received_at=event.received_at,
        record=encode_event(event),
        body_hash=b"",
        origin=f"turnout.events/0@{uuid4()}",
    )


async def got(client: Client, path: str, **query: Any) -> Any:
    """The document of a 200."""
    async with client.get(path, params={k: str(v) for k, v in query.items()}) as answer:
        document = await answer.json(content_type=None)
    assert answer.status == 200, document
    return document


async def test_every_condition_that_failed_is_told(client: Client, resources: ApiResources) -> None:
    """With its place and its operands, near misses first; a workflow is decided on when asked."""
    far = await register(
        client, "go", filters={"payload.n": 2, "payload.m": 1}, run_if="payload.n > 1"
    )
    near = await register(
        client, "go", filters={"payload.n": 1}, run_if="payload.n = 1 and payload.plan = 'pro'"
    )
    matching = await register(client, "g*")
    elsewhere = await register(client, "other")
    [event] = await arrive(resources, "go", {"n": 1, "plam": "pro"})
    path = f"/v1/events/{event.key}/decisions"
    page = await got(client, path)
    assert (page["event_key"], page["event"], page["next_cursor"]) == (str(event.key), "go", None)
    assert [one["workflow_id"] for one in page["items"]] == [near, far, matching]
    first, second, third = page["items"]
    assert (first["reason"], first["failed"], first["clauses"]) == ("RUN_IF_FALSE", 1, 3)
    assert (second["reason"], second["failed"], second["clauses"]) == ("FILTER_FALSE", 3, 3)
    assert (third["is_match"], third["failed"], third["clauses"]) == (True, 0, 0)
    [failure] = first["failures"]
    assert failure["text"] == "payload.plan = 'pro'"
    [read] = failure["reads"]
    assert tuple(read.values()) == ("payload.plan", False, None, "payload.plam")
    clause = second["failures"][0]
    assert (clause["path"], clause["operator"], clause["wanted"], clause["actual"]) == (
        *("payload.n", "~eq"),
        *(2, 1),
    )
    [asked] = (await got(client, path, workflow_id=elsewhere))["items"]
    assert asked["reason"] == "NO_TRIGGER"
    assert (await got(client, path, reason="filter_false"))["items"] == [second]
    assert (await got(client, path, near_misses="true"))["items"] == [first]
    known = await got(client, f"/v1/events/{event.key}")
    assert {one["workflow_id"]: one["detail"] for one in known["decisions"]} == {
        one["workflow_id"]: one["detail"] for one in page["items"]
    }


async def test_the_version_that_was_live_decides(client: Client, resources: ApiResources) -> None:
    """An edit after the event changes nothing of what is told about it, but near misses."""
    id_ = await register(client, "go", filters={"payload.n": 2})
    [event] = await arrive(resources, "go", {"n": 1})
    edited = {"name": "w", "triggers": [{"event_name": "go"}], "filters": {"payload.n": 1}}
    async with client.put(f"/v1/workflows/{id_}", json=edited) as answer:
        assert answer.status == 200
    [decision] = (await got(client, f"/v1/events/{event.key}/decisions"))["items"]
    assert (decision["workflow_version"], decision["reason"]) == (1, "FILTER_FALSE")
    misses = await got(client, f"/v1/workflows/{id_}/near-misses")
    assert (misses["workflow_version"], misses["matched"], misses["nearly"]) == (2, 1, 0)


async def test_pages_go_through_all_workflows(
    client: Client, resources: ApiResources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is decided on once, however small the pages, and however little is looked at for one."""
    ids = [await register(client, "go", filters={"payload.n": n % 3}) for n in range(7)]
    [event] = await arrive(resources, "go", {"n": 1})
    path = f"/v1/events/{event.key}/decisions"
    for limit, looked_at in ((3, 1_000), (200, 2), (200, 1_000)):
        monkeypatch.setattr(listing, "LOOKED_AT_MAX", looked_at)
        monkeypatch.setattr(listing, "_READ_AT_ONCE", 2)
        for query, expected in (({}, ids), ({"near_misses": "true"}, ids[::3] + ids[2::3])):
            found: list[str] = []
            cursor: Mapping[str, str] = {}
            while True:
                page = await got(client, path, limit=limit, **query, **cursor)
                assert len(page["items"]) <= limit
                near = [one["is_near_miss"] for one in page["items"]]
                assert near == sorted(near, reverse=True)
                found += [one["workflow_id"] for one in page["items"]]
                if page["next_cursor"] is None:
                    break
                cursor = {"cursor": page["next_cursor"]}
            assert sorted(found) == sorted(expected)


async def test_near_misses_are_told_by_condition(client: Client, resources: ApiResources) -> None:
    """The most first, each with the last event that it alone kept out; names count with a star."""
    more: dict[str, Any] = {
        "filters": {"payload.n": 1},
        "run_if": "payload.plan = 'pro' and payload.m",
    }
    id_ = await register(client, "go", "order:*", **more)
    good = {"n": 1, "plan": "pro", "m": True}
    await arrive(resources, "go", good, {**good, "n": 2}, {**good, "plan": "x"}, {"n": 3})
    *_, last = await arrive(resources, "order:placed", {**good, "plan": "y"}, {**good, "plan": "z"})
    await arrive(resources, "elsewhere", {**good, "n": 2})
    told = await got(client, f"/v1/workflows/{id_}/near-misses")
    assert (told["events"], told["matched"], told["nearly"], told["is_complete"]) == (6, 1, 4, True)
    most, other = told["near_misses"]
    plan = most["failure"]["text"]
    assert (most["count"], most["event_key"], plan) == (3, str(last.key), "payload.plan = 'pro'")
    assert most["failure"]["reads"][0]["value"] == "z"
    assert (other["count"], other["failure"]["pointer"]) == (1, "/filters/payload.n")
    latest = await got(client, f"/v1/workflows/{id_}/near-misses", last=1)
    assert [one["event_key"] for one in latest["reasons"]] == [str(last.key)]
    counts = [(one["reason"], one["count"]) for one in told["reasons"]]
    assert counts == [("RUN_IF_FALSE", 3), ("FILTER_FALSE", 2), ("MATCHED", 1)]


async def test_near_misses_are_read_a_few_at_a_time(
    client: Client, resources: ApiResources
) -> None:
    """However many events are asked about, each is looked at once."""
    id_ = await register(client, "go", "g*", filters={"payload": -1})
    await arrive(resources, "go", *range(50))
    told = await got(client, f"/v1/workflows/{id_}/near-misses", last=45)
    assert (told["events"], told["nearly"]) == (45, 45)
    told = await got(client, f"/v1/workflows/{id_}/near-misses")
    assert (told["events"], told["near_misses"][0]["count"]) == (50, 50)


async def test_what_events_hold_takes_the_scope(serve: Serve, resources: ApiResources) -> None:
    """Without it operands, sentences and similar paths are marks; reasons and counts are not."""
    secret = "0123456789abcdef-the-operator"
    client = await serve(secret)
    operator = Asker(client, secret)
    body = {
        "name": "w",
        "triggers": [{"event_name": "go"}],
        "filters": {"payload.n": 2, "~or": [{"payload.canary": 1}, {"payload.m": 3}]},
        "run_if": "payload.canary_ = 3 and payload.canary + 1 = 2",
    }
    _, flow = await operator.ask("POST", "/v1/workflows", body)
    [event] = await arrive(resources, "go", {"n": "canary-1", "canary": "canary-2"})
    await arrive(resources, "go", {"n": 2, "canary": "canary-3", "m": 3})
    reader = await operator.key([Scope.READ])
    path = f"/v1/events/{event.key}/decisions"
    shown, hidden = await operator.get(path), await reader.get(path)
    assert "canary-1" in str(shown)
    assert "did_you_mean': 'payload.canary'" in str(shown)
    [decision] = hidden["items"]
    assert (decision["failed"], decision["reason"]) == (4, "FILTER_FALSE")
    assert decision["detail"] == HIDDEN
    for each in (path, f"/v1/workflows/{flow['id']}/near-misses", f"/v1/events/{event.key}"):
        told = str(await reader.get(each))
        assert not [f"canary-{n}" for n in (1, 2, 3) if f"canary-{n}" in told]
        assert "'did_you_mean': 'payload" not in told


async def test_counts_are_of_whole_days(client: Client, resources: ApiResources) -> None:
    """They add up over days and matchers; what no decision was made on is what is left of them."""
    id_ = WorkflowId(UUID(await register(client, "go", "go*", "g", "order:*")))
    older, newer = EventKey(uuid4()), EventKey(uuid4())
    yesterday = NOW - timedelta(days=1)
    env = DEFAULT_ENVIRONMENT
    async with resources.engine() as conn:
        for count in (3, 4):
            await add_decisions(
                conn,
                [
                    Decided(env, id_, TODAY, "MATCHED", count, newer, NOW),
                    Decided(env, id_, yesterday.date(), "MATCHED", 1, older, yesterday),
                    Decided(env, id_, TODAY, "FILTER_FALSE", 20, older, NOW),
                ],
            )
            arrived = (("go", 30), ("go*", 40), ("g", 5), ("order:*", 2), ("else", 1_000))
            await add_events(conn, [Arrived(env, name, TODAY, n) for name, n in arrived])
    told = await got(client, f"/v1/workflows/{id_}/decisions")
    counts = [(one["reason"], one["count"], one["event_key"]) for one in told["reasons"]]
    assert counts == [("FILTER_FALSE", 40, str(older)), ("MATCHED", 9, str(newer))]
    assert (told["events"], told["ruled_out"]) == (94, 45)
    day = f"{TODAY}T12:00:00Z"
    told = await got(client, f"/v1/workflows/{id_}/decisions", **{"from": day, "to": day})
    assert [one["count"] for one in told["reasons"]] == [40, 7]
    assert (told["from_on"], told["to_on"]) == (str(TODAY), str(TODAY))


WRONG = (
    ("events/{key}/decisions?reason=NONE", 400),
    ("events/{key}/decisions?cursor=x", 400),
    ("events/{key}/decisions?limit=201", 400),
    ("events/{key}/decisions?workflow_id={none}", 404),
    ("events/{none}/decisions", 404),
    ("events/none/decisions?source=/shop", 404),
    ("workflows/{id}/near-misses?last=0", 400),
    ("workflows/{id}/near-misses?last=1001", 400),
    ("workflows/{none}/near-misses", 404),
    ("workflows/{none}/decisions", 404),
    ("workflows/{id}/decisions?from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z", 400),
    ("workflows/{id}/decisions?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z", 400),
    ("workflows/{id}/decisions?from=2026-01-01T00:00:00Z&to=2026-01-31T00:00:00Z", 200),
    ("workflows/{id}/decisions?to=0001-01-01T00:00:00Z", 200),
    ("workflows/{id}/decisions?from=9999-12-31T00:00:00Z", 400),
    ("workflows/{id}/decisions?from=yesterday", 400),
)


async def test_what_is_asked_wrongly(client: Client, resources: ApiResources) -> None:
    """It is refused with its reason, and nothing breaks."""
    id_ = await register(client, "go")
    [event] = await arrive(resources, "go", {})
    for path, status in WRONG:
        filled = path.format(id=id_, key=event.key, none=uuid4())
        async with client.get(f"/v1/{filled}") as answer:
            document = await answer.json(content_type=None)
        assert answer.status == status, (path, document)


@pytest.mark.parametrize("path", ["v1/events/{}", "v1/events/{}/decisions"])
async def test_what_is_no_event_is_told_by_its_name(client: Client, path: str) -> None:
    """As it was asked for, with what to ask for instead; never by a key that nobody has seen."""
    for query, told in (("", "There is no event 'evt_1',"), ("?source=/s", "'/s' has sent no")):
        async with client.get(f"/{path.format('evt_1')}{query}") as answer:
            document = await answer.json(content_type=None)
        assert (answer.status, document["detail"].startswith(told)) == (404, True)


async def test_explaining_what_is_costly_ends_in_time(
    client: Client, resources: ApiResources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where time is up, lists stop after one, and say that there is more."""
    for module in (listing, explaining, missing):
        monkeypatch.setattr(module, "WITHIN_S", 0.0)
    ids = [await register(client, "go", filters={"payload": -1}) for _ in range(3)]
    event, *_ = await arrive(resources, "go", 1, 2, 3)
    page = await got(client, f"/v1/events/{event.key}/decisions")
    assert [one["workflow_id"] for one in page["items"]] == ids[:1]
    assert page["next_cursor"] is not None
    known = await got(client, f"/v1/events/{event.key}")
    assert (len(known["decisions"]), known["decisions_complete"]) == (1, False)
    told = await got(client, f"/v1/workflows/{ids[0]}/near-misses")
    assert (told["events"], told["is_complete"]) == (1, False)
