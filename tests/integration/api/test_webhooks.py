"""Addresses that start workflows: whoever knows one may send to it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.events import receive_webhook
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from services.api.webhooks.pace import Pace
from shared.domain.causes import DEPTH_HEADER
from shared.domain.ids import EnvironmentId
from shared.matching.decisions import DEPTH_MAX
from shared.matching.rules import compile_rule
from tests.integration.api.conftest import Client, Serve
from tests.integration.api.face import Face, open_face
from tests.integration.api.test_archive import call
from tests.support.answers import open_checked
from tests.support.works import transform, until, workflow
from tests.unit.matching.build import workflow as flow

HOOK: dict[str, Any] = {"id": "hook", "kind": "webhook"}
AUTH = {"auth": {"header": "X-Shared-Secret", "secret": "Sender"}}
FLOW: dict[str, Any] = {
    **workflow(transform("say", "payload")),
    "triggers": [HOOK, {"event_name": "webhook:received"}],
}
TOKEN = "0123456789abcdef"
COMMANDS = """
SELECT count(*) FROM bus_records AS r JOIN bus_topics AS t USING (topic_id)
WHERE t.name = 'turnout.commands'
"""


async def made(client: Client, **more: Any) -> tuple[dict[str, Any], str]:
    """A new workflow with a webhook, and the path of its address."""
    document = await call(client, "POST", "workflows", {**FLOW, **more}, status=201)
    return document, path_of(document)


def path_of(document: dict[str, Any]) -> str:
    """The path of the address that an answer tells."""
    return str(document["webhook_url"]).partition("/v1/")[2]


async def started_of(face: Face, document: dict[str, Any], count: int) -> list[str]:
    """The executions of a workflow, as soon as there are ``count``."""
    id_ = document["id"]
    question = f"SELECT count(*) FROM executions WHERE workflow_id = '{id_}'"
    await until(face.works.pool, question, count)
    return [each["id"] for each in (await face.get(f"executions?workflow_id={id_}"))["items"]]


@pytest_asyncio.fixture
async def guarded(resources: ApiResources) -> Any:
    """A client of an API that knows a secret."""
    own = replace(
        resources, registry=CollectorRegistry(), secrets={"sender": SecretStr("swordfish")}
    )
    async with open_checked(build_app(own, ApiSettings())) as opened:
        yield opened


async def test_an_address_starts_its_workflow_and_no_other(database: str) -> None:
    """With what was sent; a workflow that awaits events of that name is another's business."""
    async with open_face(database) as face:
        other = await face.works.register({**FLOW, "triggers": FLOW["triggers"][1:]})
        document, path = await made(face.client)
        headers = {"X-GitHub-Event": "push", "Authorization": "Bearer s3cret", "Cookie": "a=b"}
        where = f"{path}?a=1&b=2&b=3&c=%FF"
        told = await call(
            face.client, "POST", where, {"n": [1]}, status=202, headers={**headers, "X-B": "b"}
        )
        assert list(told) == ["id"]
        (started,) = await started_of(face, document, 1)
        shown = await face.ends(started)
        seen = shown["attempts"][0]["output"]
        assert (seen["body"], seen["method"]) == ({"n": [1]}, "POST")
        assert (seen["query"]["a"], seen["query"]["b"]) == ("1", ["2", "3"])
        assert seen["headers"]["x-github-event"] == "push"
        assert not {"authorization", "cookie", "x-b"} & seen["headers"].keys()
        assert (await face.get(f"executions?workflow_id={other.id}"))["items"] == []


async def test_a_delivery_that_is_repeated_starts_nothing_new(database: str) -> None:
    """The sender's Idempotency-Key names the event; a filter lets through what it wants."""
    async with open_face(database) as face:
        document, path = await made(face.client, filters={"payload.body.n": {"~gt": 0}})
        for n, key in ((1, "one"), (1, "one"), (0, "two"), (2, "three")):
            more = {"headers": {"Idempotency-Key": key}}
            told = await call(face.client, "POST", path, {"n": n}, status=202, **more)
            assert told["id"] == key
        ended = [await face.ends(each) for each in await started_of(face, document, 2)]
        assert sorted(e["attempts"][0]["output"]["body"]["n"] for e in ended) == [1, 2]
        assert await face.works.pool.fetchval("SELECT count(*) FROM executions") == 2


@pytest.mark.parametrize(
    ("sent", "more", "status"),
    [
        ({"data": b"a, b"}, "text/plain", 202),
        ({"data": b'{"a": 1}'}, "application/vnd.github+json", 202),
        ({}, None, 202),
        ({"data": b"{"}, "application/json", 400),
        ({"data": b"\xff"}, "text/plain", 400),
        ({"data": b"a\0b"}, "text/plain", 400),
        ({"data": b'"\\u0000"'}, "application/json", 400),
        ({"data": b" " * 300_000}, "text/plain", 413),
        ({"params": {"a": "\0"}}, None, 400),
    ],
)
async def test_any_body_is_answered(
    client: Client, sent: dict[str, Any], more: str | None, status: int
) -> None:
    """JSON or a text, within bounds; what can be neither is the sender's fault."""
    _, path = await made(client)
    headers = {"Content-Type": more} if more else {}
    for method in ("POST", "PUT") if status == 202 else ("POST",):
        async with client.request(method, f"/v1/{path}", headers=headers, **sent) as answer:
            assert answer.status == status, await answer.text()
    await call(client, "GET", path, status=202)


async def test_an_address_is_told_once_and_only_its_hash_is_kept(
    client: Client, resources: ApiResources
) -> None:
    """It stays while versions come and go, and when the same is sent again."""
    document, path = await made(client)
    hashed = document["triggers"][0]["webhook"]["token_hash"]
    assert (len(path.removeprefix("hooks/")), len(hashed)) == (43, 64)
    shown = await call(client, "GET", f"workflows/{document['id']}")
    assert shown["webhook_url"] is None
    assert path.removeprefix("hooks/") not in str(shown)
    for body in (FLOW, shown, {**FLOW, "triggers": [FLOW["triggers"][1], HOOK], "name": "x"}):
        changed = await call(client, "PUT", f"workflows/{document['id']}", body)
        assert (changed["webhook_url"], "webhook_urls" in changed) == (None, False)
        await call(client, "POST", path, {}, status=202)
    dumped = await resources.pool.fetchval("SELECT string_agg(w::text, '') FROM webhooks AS w")
    assert hashed in dumped
    assert path.removeprefix("hooks/") not in dumped


async def test_what_is_sent_again_is_the_same(client: Client) -> None:
    """A POST under its id changes nothing; another trigger gets an address of its own."""
    document, path = await made(client, id="4a4de828-f4c9-4bea-8ef4-2d705aec43bc")
    body = {**FLOW, "id": document["id"]}
    assert (await call(client, "POST", "workflows", body))["version"] == 1
    more = {**FLOW, "triggers": [HOOK, {**HOOK, "id": "second"}]}
    changed = await call(client, "PUT", f"workflows/{document['id']}", more)
    assert list(changed["webhook_urls"]) == ["second"]
    for each in (path, path_of(changed)):
        await call(client, "POST", each, {}, status=202)
    foreign = {**FLOW, "triggers": [{**HOOK, "webhook": {"token_hash": "0" * 64}}]}
    refused = await call(client, "POST", "workflows", foreign, status=422)
    assert [e["code"] for e in refused["errors"]] == ["UNKNOWN_TOKEN"]


async def test_a_rotated_address_is_nobodys(client: Client) -> None:
    """The new one works at once, in a new version; no other trigger can be rotated."""
    document, path = await made(client)
    where = f"workflows/{document['id']}/triggers"
    rotated = await call(client, "POST", f"{where}/hook/rotate")
    assert rotated["version"] == 2
    assert list(rotated["webhook_urls"]) == ["hook"]
    await call(client, "POST", path, {}, status=404)
    await call(client, "POST", path_of(rotated), {}, status=202)
    for trigger in ("t1", "nothing"):
        await call(client, "POST", f"{where}/{trigger}/rotate", status=404)


async def test_only_live_workflows_have_addresses(client: Client) -> None:
    """404 for a token that is none, and while the workflow is off, a draft, archived or gone."""
    document, path = await made(client)
    where = f"workflows/{document['id']}"
    await call(client, "POST", "hooks/nothing", {}, status=404)
    await call(client, "POST", f"{path}x", {}, status=404)
    for verb, back in (("deactivate", ()), ("archive", ("unarchive",))):
        await call(client, "POST", f"{where}/{verb}")
        await call(client, "POST", path, {}, status=404)
        for each in (*back, "activate"):
            await call(client, "POST", f"{where}/{each}")
        await call(client, "POST", path, {}, status=202)
    draft, hidden = await made(client, draft=True)
    await call(client, "POST", hidden, {}, status=404)
    await call(client, "POST", f"workflows/{draft['id']}/activate")
    await call(client, "POST", hidden, {}, status=202)
    await call(client, "DELETE", where, status=204)
    await call(client, "POST", path, {}, status=404)


async def test_an_address_needs_no_login(serve: Serve) -> None:
    """Its token is enough; the rest of the API still asks for the other."""
    client = await serve(TOKEN)
    _, path = await made_by(client, {"x-api-key": TOKEN})
    await call(client, "POST", path, {}, status=202)
    await call(client, "GET", "workflows", status=401)


async def test_a_sender_shows_a_secret(guarded: Client) -> None:
    """In the header that the webhook names; who does not is told nothing of it."""
    hook = {**HOOK, "webhook": AUTH}
    _, path = await made(guarded, triggers=[hook])
    for given in ({}, {"X-Shared-Secret": "swordfis"}, {"X-Shared-Secret": ""}):
        refused = await call(guarded, "POST", path, {}, status=401, headers=given)
        assert "X-Shared-Secret" not in refused["detail"]
    shown = {"headers": {"x-shared-secret": "swordfish"}}
    await call(guarded, "POST", path, {}, status=202, **shown)


async def test_a_secret_that_nobody_set_is_a_problem(client: Client) -> None:
    """The sentence says which variable to set."""
    hook = {**HOOK, "webhook": AUTH}
    refused = await call(client, "POST", "workflows", {**FLOW, "triggers": [hook]}, status=422)
    (error,) = refused["errors"]
    assert error["pointer"] == "/triggers/0/webhook/auth/secret"
    assert "no secret 'sender'" in error["detail"]


async def test_a_workflow_that_calls_its_own_address_comes_to_an_end(database: str) -> None:
    """What a step sends tells how deep it stands; too deep, it starts nothing any more."""
    again = '{"url": payload.body, "method": "POST", "json": payload.body}'
    call_it = {
        "id": "again",
        "action": "http_request",
        "input": {"lang": "jsonata", "src": again},
    }
    async with open_face(database) as face:
        document, path = await made(face.client, **{**workflow(call_it), "triggers": [HOOK]})
        url = str(face.client.make_url(f"/v1/{path}"))
        told = {DEPTH_HEADER: str(DEPTH_MAX - 1)}
        await call(face.client, "POST", path, url, status=202, headers=told)
        for id_ in await started_of(face, document, 2):
            assert (await face.ends(id_))["status"] == "COMPLETED"
        assert await face.works.pool.fetchval(COMMANDS) == 2


async def made_by(client: Client, headers: dict[str, str]) -> tuple[dict[str, Any], str]:
    """As ``made``, by somebody who logs in."""
    document = await call(client, "POST", "workflows", FLOW, status=201, headers=headers)
    return document, path_of(document)


class Watched(Pace):
    """Whoever evaluates is seen."""

    is_at_it = False

    async def evaluate(self, environment_id: EnvironmentId, work: Callable[[], Any]) -> Any:
        """As ever."""

        def seen() -> Any:
            self.is_at_it = True
            try:
                return work()
            finally:
                self.is_at_it = False

        return await super().evaluate(environment_id, seen)


async def test_filters_are_compiled_in_what_time_their_environment_has(
    resources: ApiResources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of clauses take longer to be compiled than to be asked."""
    pace, within = Watched(resources.clock), list[bool]()

    def compiled(*given: Any) -> Any:
        within.append(pace.is_at_it)
        return compile_rule(*given)

    monkeypatch.setattr(receive_webhook, "compile_rule", compiled)
    about = flow(filters={"payload.body.kind": "other"})
    own = replace(resources, pace=pace)
    await receive_webhook.receive_webhook(own, about, "hook", {"body": {}}, None, {})
    assert within == [True]
