"""Endpoints: addresses of an environment, whose deliveries are events for whoever awaits them."""

from typing import Any

import orjson
import pytest

from services.api.resources import ApiResources
from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from shared.assembly.platform import Platform
from tests.integration.api.conftest import Client
from tests.integration.api.face import Face
from tests.integration.api.test_archive import call
from tests.support.house import settings_of
from tests.support.served import open_api
from tests.support.works import Roles, open_works, transform, until, workflow

WHERE = "webhook-endpoints"
GITHUB: dict[str, Any] = {
    "name": "GitHub",
    "event_type_from": "'github:' & headers.'x-github-event'",
    "subject_from": "body.repository.name",
    "source": "https://github.com/acme",
}


async def made(client: Client, **more: Any) -> tuple[dict[str, Any], str]:
    """A new endpoint, and the path of its address."""
    said = {"name": "e", "event_type": "thing:happened", **more}
    document = await call(client, "POST", WHERE, said, status=201)
    return document, document["url"].partition("/v1/")[2]


async def sent(resources: ApiResources) -> list[Any]:
    """The events that have been published."""
    rows = await resources.pool.fetch(
        "SELECT convert_from(r.value, 'UTF8') AS value FROM bus_records AS r"
        " JOIN bus_topics AS t USING (topic_id) WHERE t.name = $1",
        resources.topics.sources[0],
    )
    return [orjson.loads(row["value"]) for row in rows]


async def test_a_delivery_is_an_event(client: Client, resources: ApiResources) -> None:
    """Of the type and subject that are found in it, from the endpoint's source, by its key."""
    _, fixed = await made(client)
    _, github = await made(client, event_type=None, **GITHUB)
    headers = {"X-GitHub-Event": "push", "X-GitHub-Delivery": "7", "Idempotency-Key": "k"}
    told = await call(
        client, "POST", github, {"repository": {"name": "r"}}, status=202, headers=headers
    )
    await call(client, "PUT", f"{fixed}?a=1", ["x"], status=202)
    found, other = sorted(await sent(resources), key=lambda one: one["type"])
    assert (told["id"], found["id"], found["type"]) == ("k", "k", "github:push")
    assert (found["subject"], found["source"]) == ("r", "https://github.com/acme")
    assert found["data"]["body"] == {"repository": {"name": "r"}}
    assert (other["type"], other["data"]["body"], other["data"]["query"]) == (
        *("thing:happened", ["x"]),
        {"a": "1"},
    )
    assert other["source"].startswith("/turnout/webhook-endpoints/")


async def test_what_has_no_type_is_refused(client: Client, resources: ApiResources) -> None:
    """Nothing, no text, too long a one, an expression that fails: 422, and nothing is published."""
    _, path = await made(client, event_type=None, event_type_from="body.type", name="t")
    for body in ({}, {"type": 7}, {"type": ""}, {"type": "x" * 257}, None):
        refused = await call(client, "POST", path, body, status=422)
        assert [e["code"] for e in refused["errors"]] == ["NO_EVENT_TYPE"]
    _, other = await made(client, subject_from="$error('x')")
    refused = await call(client, "POST", other, {}, status=422)
    assert [e["code"] for e in refused["errors"]] == ["BAD_SUBJECT"]
    assert await sent(resources) == []
    await call(client, "POST", path, {"type": "x" * 256}, status=202)


async def test_what_is_too_large_as_an_event_is_refused(client: Client) -> None:
    """Where trigger-ingest would not take it, the sender is told so."""
    _, path = await made(client, keep_raw=True)
    await call(client, "POST", path, "x" * 120_000, status=202)
    await call(client, "POST", path, "x" * 132_000, status=413)
    _, bare = await made(client)
    await call(client, "POST", bare, "x" * 132_000, status=202)
    await call(client, "POST", bare, "x" * 262_100, status=413)


async def test_kept_headers_reach_its_events(client: Client, resources: ApiResources) -> None:
    """Those that it names, and none that says who may send: such a one is refused."""
    kept, path = await made(client, keep_headers=["x-shop", "x-long"])
    assert kept["keep_headers"] == ["x-shop", "x-long"]
    headers = {"X-Shop": "a", "X-Shop-Id": "7", "Authorization": "Bearer b"}
    await call(client, "POST", path, {}, status=202, headers=headers)
    (event,) = await sent(resources)
    seen = event["data"]["headers"]
    assert {name for name in seen if name.startswith(("x-s", "auth"))} == {"x-shop"}
    await call(client, "POST", path, "x" * 255_000, status=202)
    long = {"X-Long": "x" * 8_000}
    await call(client, "POST", path, "x" * 255_000, status=413, headers=long)
    for name, auth in (("authorization", None), ("x-seal", {"header": "X-Seal", "secret": "new"})):
        said = {"name": "e", "event_type": "e", "keep_headers": [name], "auth": auth}
        refused = await call(client, "POST", WHERE, said, status=422)
        assert {"pointer": "/keep_headers/0", "code": "SECRET_HEADER"}.items() <= (
            refused["errors"][0].items()
        )
    _, bare = await made(client, name="bare")
    assert "keep_headers" in (await call(client, "GET", WHERE))["items"][1]
    assert bare != path


async def test_an_endpoint_is_changed_rotated_and_deleted(client: Client) -> None:
    """Its address is told when it is made, stays when it is changed, and is nobody's afterwards."""
    document, path = await made(client)
    where = f"{WHERE}/{document['id']}"
    shown = await call(client, "GET", where)
    assert {**shown, "url": document["url"]} == document
    assert [one["id"] for one in (await call(client, "GET", WHERE))["items"]] == [document["id"]]
    changed = {"name": "other", "event_type": "else"}
    replaced = await call(client, "PUT", where, changed)
    assert (replaced["name"], replaced["address_made_at"]) == ("other", shown["address_made_at"])
    assert (await call(client, "PUT", where, changed))["updated_at"] == replaced["updated_at"]
    await call(client, "POST", path, {}, status=202)
    await call(client, "PUT", where, {**changed, "is_active": False})
    await call(client, "POST", path, {}, status=404)
    await call(client, "PUT", where, changed)
    rotated = await call(client, "POST", f"{where}/rotate")
    await call(client, "POST", path, {}, status=404)
    fresh = rotated["url"].partition("/v1/")[2]
    await call(client, "POST", fresh, {}, status=202)
    await call(client, "DELETE", where, status=204)
    await call(client, "POST", fresh, {}, status=404)
    await call(client, "GET", where, status=404)
    noted = (await call(client, "GET", "audit"))["items"]
    assert [one["action"].partition(".")[2] for one in noted] == [
        *("delete", "rotate", "replace", "replace", "replace", "create")
    ]
    assert path.removeprefix("hooks/") not in str(noted)


async def test_nobody_overwrites_what_he_has_not_seen(client: Client) -> None:
    """An endpoint has a tag; a change can be made to depend on it."""
    document, _ = await made(client)
    where = f"/v1/{WHERE}/{document['id']}"
    body = {"name": "n", "event_type": "e"}
    async with client.get(where) as answer:
        tag = answer.headers["ETag"]
    async with client.get(where, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
    for status in (200, 412):
        async with client.put(where, json=body, headers={"If-Match": tag}) as answer:
            assert answer.status == status
    for method, path in (("POST", f"{where}/rotate"), ("DELETE", where)):
        async with client.request(method, path, headers={"If-Match": tag}) as answer:
            assert answer.status == 412


@pytest.mark.parametrize(
    ("more", "faults"),
    [
        ({"event_type": None}, [("/event_type", "MISSING")]),
        ({"event_type_from": "body.x"}, [("/event_type", "MISSING")]),
        ({"event_type": "é" * 200}, [("/event_type", "TOO_LONG")]),
        ({"source": "é" * 200}, [("/source", "TOO_LONG")]),
        ({"source": "/turnout/workflows/w/triggers/t"}, [("/source", "RESERVED_SOURCE")]),
        ({"subject_from": "((("}, [("/subject_from", "INVALID_EXPRESSION")]),
        ({"auth": {"preset": "github", "secret": "no"}}, [("/auth/secret", "UNKNOWN_SECRET")]),
        (
            {"auth": {"preset": "hmac", "secrets": ["a"]}},
            [("/auth/header", "MISSING"), ("/auth/secrets/0", "UNKNOWN_SECRET")],
        ),
    ],
)
async def test_an_endpoint_that_cannot_work_is_refused(
    client: Client, more: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    """With each fault and its place; a change as well as a new one."""
    document, _ = await made(client)
    body = {"name": "e", "event_type": "t", **more}
    for method, path in (("POST", WHERE), ("PUT", f"{WHERE}/{document['id']}")):
        refused = await call(client, method, path, body, status=422)
        assert [(e["pointer"], e["code"]) for e in refused["errors"]] == faults


async def test_a_delivery_starts_every_workflow_that_awaits_it(database: str) -> None:
    """Once: the same delivery again is the same event."""

    def before(platform: Platform) -> Roles:
        given = settings_of(database, member="one")
        return (
            ("trigger-ingest", trigger_ingest(platform, IngestSettings(**given))),
            ("matcher", matcher(platform, MatcherSettings(**given))),
        )

    async with open_works(database, before=before) as works, open_api(works) as client:
        face = Face(works=works, client=client)
        for _ in range(2):
            flow = workflow(transform("say", "payload.body.n"))
            await works.register({**flow, "triggers": [{"event_name": "thing:*"}]})
        _, path = await made(client)
        for _ in range(3):
            more = {"headers": {"Idempotency-Key": "one"}}
            await call(client, "POST", path, {"n": 7}, status=202, **more)
        await call(client, "POST", path, {"n": 8}, status=202)
        await until(works.pool, "SELECT count(*) FROM executions", 4)
        listed = (await face.get("executions"))["items"]
        ended = [await face.ends(each["id"]) for each in listed]
        assert sorted(e["attempts"][0]["output"] for e in ended) == [7, 7, 8, 8]
