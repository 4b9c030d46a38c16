"""Subscriptions over HTTP: made, changed, rotated, tried, and told again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest_asyncio

from services.api.app import build_app
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.domain.principals import Scope
from shared.domain.subscriptions import WANTED
from shared.egress.guard import EgressPolicy
from shared.runtime.clock import SystemClock
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Serve
from tests.integration.webhooks.stage import Hooks, open_hooks, phase, publish, roles
from tests.support.answers import open_checked
from tests.support.rings import ring
from tests.support.served import open_api
from tests.support.works import Works, open_works, until

PATH = "/v1/webhook-subscriptions"
DELIVERED = "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'"
ATTEMPTS = "SELECT sum(attempts)::int FROM webhook_deliveries"


WRONG: Final[list[tuple[Any, str]]] = [
    ({"url": "ftp://x.example"}, "/url"),
    ({"url": ""}, "/url"),
    ({"url": "https://" + "x" * 9_000}, "/url"),
    ({"kinds": []}, "/kinds"),
    ({"kinds": ["step.unheard"]}, "/kinds/0"),
    ({"kinds": "*"}, "/kinds"),
    ({"filters": {"a": {"~what": 1}}}, "/filters/a/~0what"),
    ({"filters": "x"}, "/filters"),
    ({"headers": {"Host": "x"}}, "/headers"),
    ({"headers": {"webhook-id": "x"}}, "/headers"),
    ({"headers": {"Turnout-environment": "x"}}, "/headers"),
    ({"headers": {"X": "a\r\nb: c"}}, "/headers"),
    ({"headers": {"X": "a\u2028"}}, "/headers"),
    ({"headers": {str(n): "" for n in range(21)}}, "/headers"),
    ({"workflow_id": "none"}, "/workflow_id"),
    ({"format": "xml"}, "/format"),
    ({"signing": "none"}, "/signing"),
    ({"surprise": 1}, "/surprise"),
    ({"name": "x" * 257}, "/name"),
    ({"url": None}, "/url"),
]

REFUSED: Final = (
    *("http://127.0.0.1:9000/in", "http://[::1]/", "http://localhost:9000", "https://a.localhost."),
    *("https://10.1.2.3/", "http://169.254.169.254/latest", "https://x.example:22/"),
    *("https://u:p@x.example/", "http://0x7f.1/", "https://x y/"),
)


class Patient(SystemClock):
    """A clock by which waiting for something never ends before that."""

    async def wait(self, event: asyncio.Event, _seconds: float | None) -> None:
        await event.wait()


class Stage:
    """A receiver, the role and the API."""

    def __init__(self, hooks: Hooks, works: Works, asker: Asker) -> None:
        self.hooks = hooks
        self.works = works
        self.asker = asker

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """The document of an answer with this status."""
        got, document = await self.asker.ask(method, path, body)
        assert got == status, document
        return document

    async def make(self, **fields: Any) -> Any:
        """A subscription."""
        body = {"name": "n", "url": f"{self.hooks.url}/in", "kinds": ["*"], **fields}
        return await self.ask("POST", PATH, body, status=201)


@pytest_asyncio.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    """All of it, with a token."""
    async with (
        open_hooks() as hooks,
        open_works(database, before=roles()) as works,
        open_api(works, OPERATOR) as client,
    ):
        yield Stage(hooks, works, Asker(client, OPERATOR))


async def test_one_is_made_shown_changed_and_deleted(stage: Stage) -> None:
    """Its secret is told once; what is left out of a change stays; each change is audited."""
    made = await stage.make(filters={"data.phase": "failed"}, headers={"X-Team": "a"})
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["format"], made["signing"]) == ("native", "standard")
    path = f"{PATH}/{made['id']}"
    assert await stage.ask("GET", path) == made
    assert (await stage.ask("GET", PATH))["items"] == [made]
    changed = await stage.ask("PATCH", path, {"kinds": ["step.*"], "filters": None})
    assert changed == {
        **made,
        "kinds": ["step.*"],
        "filters": None,
        "updated_at": changed["updated_at"],
    }
    await stage.ask("DELETE", path, status=204)
    await stage.ask("GET", path, status=404)
    audited = (await stage.ask("GET", f"/v1/audit?target=subscription:{made['id']}"))["items"]
    assert [line["action"].partition(".")[2] for line in audited] == ["delete", "update", "create"]
    assert secret not in str(audited)


async def test_rotating_lets_both_sign(stage: Stage) -> None:
    """While they overlap each message carries two signatures, then one."""
    made = await stage.make()
    path = f"{PATH}/{made['id']}"
    rotated = await stage.ask("POST", f"{path}/rotate", {"overlap_hours": 1})
    assert rotated["secret"] not in (None, made["secret"])
    await stage.ask("POST", f"{path}/test", status=202)
    await until(stage.works.pool, DELIVERED, 1)
    await stage.ask("POST", f"{path}/rotate", {"overlap_hours": 0})
    await stage.ask("POST", f"{path}/test", status=202)
    await until(stage.works.pool, DELIVERED, 2)
    signatures = [got.headers["webhook-signature"].split() for got in stage.hooks.got]
    assert [len(some) for some in signatures] == [2, 1]
    assert len({each for some in signatures for each in some}) == 3


async def test_a_test_is_told_of_like_anything_else(stage: Stage) -> None:
    """One attempt, whose answer those see who may see payloads."""
    stage.hooks.status = lambda _path, _count: 500
    made = await stage.make(kinds=["execution.failed"])
    sent = await stage.ask("POST", f"{PATH}/{made['id']}/test", status=202)
    assert (sent["kind"], sent["status"]) == ("test", "PENDING")
    await until(
        stage.works.pool, "SELECT count(*) FROM webhook_deliveries WHERE status = 'FAILED'", 1
    )
    shown = await stage.ask("GET", f"/v1/webhook-deliveries/{sent['id']}")
    (attempt,) = shown.pop("tried")
    assert (attempt["number"], attempt["status"], attempt["answer"]) == (1, 500, "thanks")
    assert shown["ended_at"] is not None
    assert (shown["last_status"], shown["last_error"]) == (500, attempt["error"])
    assert (sent["last_status"], sent["last_error"]) == (None, None)
    assert shown["webhook_id"] == stage.hooks.got[0].id
    listed = await stage.ask("GET", f"{PATH}/{made['id']}/deliveries?status=FAILED")
    assert listed == {"items": [shown], "next_cursor": None}
    nothing = await stage.ask("GET", f"{PATH}/{made['id']}/deliveries?status=DELIVERED")
    assert nothing["items"] == []
    viewer = await stage.asker.key([Scope.READ])
    seen = await viewer.get(f"/v1/webhook-deliveries/{sent['id']}")
    assert seen["tried"][0]["answer"].startswith("(hidden")


async def test_what_the_api_makes_due_is_delivered_at_once(database: str) -> None:
    """A test, a replay and an activation wake who delivers: here he never looks by himself."""
    async with (
        open_hooks() as hooks,
        open_works(database, before=roles(), clock=Patient()) as works,
        open_api(works, OPERATOR) as client,
    ):
        stage = Stage(hooks, works, Asker(client, OPERATOR))
        path = f"{PATH}/{(await stage.make())['id']}"
        tested = await stage.ask("POST", f"{path}/test", status=202)
        await until(works.pool, DELIVERED, 1)
        again = {"delivery_id": tested["id"]}
        await stage.ask("POST", f"{path}/replay", again, status=202)
        await until(works.pool, ATTEMPTS, 2)
        await stage.ask("PATCH", path, {"is_active": False})
        await works.pool.execute(
            "UPDATE webhook_deliveries SET status = 'PENDING', next_at = now(), ended_at = NULL"
        )
        await stage.ask("PATCH", path, {"is_active": True})
        await until(works.pool, ATTEMPTS, 3)


async def test_one_or_all_since_are_told_again(stage: Stage) -> None:
    """Under the same ids as before; an inactive subscription is told nothing."""
    made = await stage.make()
    path = f"{PATH}/{made['id']}"
    await publish(stage.works, phase(), phase())
    await until(stage.works.pool, DELIVERED, 2)
    first = (await stage.ask("GET", f"{path}/deliveries"))["items"][0]
    again = {"delivery_id": first["id"]}
    assert await stage.ask("POST", f"{path}/replay", again, status=202) == {"deliveries": 1}
    await until(stage.works.pool, ATTEMPTS, 3)
    since = {"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    await until(stage.works.pool, DELIVERED, 2)
    assert await stage.ask("POST", f"{path}/replay", since, status=202) == {"deliveries": 2}
    await until(stage.works.pool, ATTEMPTS, 5)
    assert len({got.id for got in stage.hooks.got}) == 2
    assert [got.id for got in stage.hooks.got].count(first["webhook_id"]) == 3
    later = {"since": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    assert await stage.ask("POST", f"{path}/replay", later, status=202) == {"deliveries": 0}
    await stage.ask("POST", f"{path}/replay", {"delivery_id": str(uuid4())}, status=404)
    await stage.ask("PATCH", path, {"is_active": False})
    await stage.ask("POST", f"{path}/replay", since, status=409)
    await stage.ask("POST", f"{path}/test", status=409)


async def test_who_was_disabled_is_activated_again(stage: Stage) -> None:
    """Why it was is shown until then."""
    stage.hooks.status = lambda _path, _count: 410
    made = await stage.make()
    path = f"{PATH}/{made['id']}"
    await stage.ask("POST", f"{path}/test", status=202)
    await until(
        stage.works.pool, "SELECT count(*) FROM webhook_subscriptions WHERE NOT is_active", 1
    )
    shown = await stage.ask("GET", path)
    assert shown["disabled_reason"] == "The receiver answered 410 Gone."
    assert shown["disabled_at"] is not None
    active = await stage.ask("PATCH", path, {"is_active": True})
    assert [active[name] for name in ("is_active", "disabled_at", "failing_since")] == [
        True,
        None,
        None,
    ]


async def test_an_environments_own_secrets_are_rolled_and_ended(stage: Stage) -> None:
    """Told once; the one before signs as long as was asked; then there is none."""
    path = "/v1/signing-secrets/sixtyfour"
    first = await stage.ask("POST", f"{path}/roll", status=201)
    second = await stage.ask("POST", f"{path}/roll", {"expire_overlap_hours": 72}, status=201)
    assert first["secret"] != second["secret"]
    assert second["ending"] == second["secret"][-4:]
    items = (await stage.ask("GET", "/v1/signing-secrets"))["items"]
    assert [item["id"] for item in items] == [second["id"], first["id"]]
    assert (items[0]["expires_at"], items[1]["expires_at"] is None) == (None, False)
    assert not any("secret" in item for item in items)
    await stage.ask("DELETE", path, status=204)
    assert (await stage.ask("GET", "/v1/signing-secrets"))["items"] == []
    await stage.ask("DELETE", path, status=404)
    await stage.ask("POST", "/v1/signing-secrets/none/roll", status=404)


async def test_what_is_wrong_is_named(database: str) -> None:
    """Each fault is refused with its place, when it is made and when it is changed."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        stage = Stage(Hooks("https://hooks.example"), works, Asker(client, OPERATOR))
        made = await stage.make()
        for fields, pointer in WRONG:
            body = {"name": "n", "url": "https://x.example/", "kinds": ["*"], **fields}
            refused = await stage.ask("POST", PATH, body, status=422)
            assert refused["errors"][0]["pointer"] == pointer, refused
            refused = await stage.ask("PATCH", f"{PATH}/{made['id']}", fields, status=422)
            assert refused["errors"][0]["pointer"] in (pointer, ""), refused
        for kind in WANTED:
            await stage.make(kinds=[kind])
        assert len((await stage.ask("GET", f"{PATH}?limit=200"))["items"]) == len(WANTED) + 1


async def test_who_may_not_be_called_is_refused_beforehand(resources: ApiResources) -> None:
    """Made or changed, in our words and in Truto's, with the reason; nothing is kept."""
    app = build_app(replace(resources, egress=EgressPolicy(), ring=ring("k1")), ApiSettings())
    async with open_checked(app) as client:
        asker = Asker(client, OPERATOR)
        fine = {"name": "n", "url": "https://x.example/", "kinds": ["*"]}
        status, made = await asker.ask("POST", PATH, fine)
        assert status == 201, made
        for url in REFUSED:
            for method, path, body in (
                ("POST", PATH, {**fine, "url": url}),
                ("PATCH", f"{PATH}/{made['id']}", {"url": url}),
            ):
                status, refused = await asker.ask(method, path, body)
                assert status == 422, refused
                (problem,) = refused["errors"]
                assert (problem["pointer"], problem["code"]) == ("/url", "DESTINATION_REFUSED")
                assert "TURNOUT_EGRESS__" in problem["detail"]
            status, refused = await asker.ask("POST", "/truto/webhook", {"target_url": url})
            assert (status, "TURNOUT_EGRESS__" in str(refused)) == (400, True)
        assert [one["url"] for one in (await asker.get(PATH))["items"]] == [fine["url"]]


async def test_a_secret_needs_a_key_ring(serve: Serve) -> None:
    """What cannot be kept is not made, and said so."""
    asker = Asker(await serve(OPERATOR), OPERATOR)
    body = {"name": "n", "url": "https://x.example/", "kinds": ["*"]}
    for path, given in ((PATH, body), ("/v1/signing-secrets/truto/roll", {})):
        status, document = await asker.ask("POST", path, given)
        assert (status, "TURNOUT_KEYRING" in document["detail"]) == (409, True)
    assert (await asker.get(PATH))["items"] == []
