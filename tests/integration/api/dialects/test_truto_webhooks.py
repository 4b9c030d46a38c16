"""Truto's webhooks: who is told of which events, in its words."""

from typing import Any
from uuid import uuid4

import pytest

from services.api.dialects.truto import webhook_handlers
from tests.integration.webhooks.stage import open_hooks, phase, publish, roles
from tests.support.served import Client, open_api
from tests.support.works import open_works, until

PATH = "/truto/webhook"
DELIVERED = "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'"


async def ask(
    client: Client, method: str, path: str, body: Any = None, *, status: int = 200
) -> Any:
    """The document of an answer with this status."""
    async with client.request(method, path, json=body) as reply:
        document = await reply.json()
        assert reply.status == status, document
        return document


async def test_one_is_made_told_changed_tried_and_deleted(database: str) -> None:
    """The secret is told on creation only; event types and being active hold."""
    async with (
        open_hooks() as hooks,
        open_works(database, before=roles()) as works,
        open_api(works) as client,
    ):
        body = {"target_url": hooks.url, "event_types": ["workflow_execution:completed"]}
        made = await ask(client, "POST", PATH, body, status=201)
        assert made.pop("secret")
        assert made == {
            "id": made["id"],
            "environment_id": made["environment_id"],
            "label": "webhook",
            **body,
            "is_active": True,
            "created_at": made["created_at"],
            "updated_at": made["created_at"],
        }
        one = f"{PATH}/{made['id']}"
        assert await ask(client, "GET", one) == made
        listed = await ask(client, "GET", PATH)
        assert listed == {"result": [made], "next_cursor": None, "prev_cursor": None}
        await publish(works, phase("started"), phase("completed"))
        await until(works.pool, DELIVERED, 1)
        sent = await ask(client, "POST", f"{PATH}/test", {"id": made["id"]})
        told = {"success": True, "status": "delivered"}
        assert sent == {**told, "webhook_id": made["id"], "id": sent["id"]}
        assert [got.document["event"] for got in hooks.got] == [
            "workflow_execution:completed",
            "test",
        ]
        assert hooks.got[1].document["payload"] == {"foo": "bar"}
        assert hooks.got[1].document["id"] == sent["id"]
        changed = await ask(client, "PATCH", one, {"is_active": False, "event_types": []})
        assert (changed["is_active"], changed["event_types"]) == (False, ["*"])
        refused = await ask(client, "POST", f"{PATH}/test", {"webhook_id": made["id"]}, status=409)
        assert refused["statusCode"] == 409
        assert await ask(client, "DELETE", one) == {"id": made["id"]}
        await ask(client, "GET", one, status=404)


async def test_a_test_that_does_not_arrive_is_no_success(database: str) -> None:
    """The answer says why; where nobody sends, that it is on its way is all that is known."""
    async with (
        open_hooks() as hooks,
        open_works(database, before=roles()) as works,
        open_api(works) as client,
    ):
        made = await ask(client, "POST", PATH, {"target_url": hooks.url}, status=201)
        hooks.status = lambda _path, _count: 503
        told = await ask(client, "POST", f"{PATH}/test", {"id": made["id"]})
        assert (told["success"], told["status"]) == (False, "failed")
        assert "503" in told["error"]


async def test_a_test_that_nobody_sends_is_on_its_way(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """202 once it has been waited for."""
    monkeypatch.setattr(webhook_handlers, "TOLD_WITHIN_S", 0.0)
    target = {"target_url": "https://x.example/"}
    async with open_works(database) as works, open_api(works) as client:
        made = await ask(client, "POST", PATH, target, status=201)
        told = await ask(client, "POST", f"{PATH}/test", {"id": made["id"]}, status=202)
        assert told.items() >= {"success": False, "status": "pending"}.items()


async def test_the_active_are_listed(database: str) -> None:
    """Or those that are not, page by page."""
    made = []
    async with open_works(database) as works, open_api(works) as client:
        for number in range(4):
            target = {"target_url": f"https://x.example/{number}", "is_active": number % 2 == 0}
            made.append((await ask(client, "POST", PATH, target, status=201))["id"])
        for word, wanted in (("true", made[::2]), ("false", made[1::2])):
            listed = f"{PATH}?is_active={word}&next_cursor="
            first = await ask(client, "GET", f"{listed}&limit=1")
            then = await ask(client, "GET", f"{listed}{first['next_cursor']}")
            assert [one["id"] for one in (*first["result"], *then["result"])] == wanted
        await ask(client, "GET", f"{PATH}?is_active=maybe", status=400)


async def test_what_is_wrong_is_refused_in_its_form(database: str) -> None:
    """Unknown events and fields, no URL, and subscriptions that are not Truto's."""
    async with open_works(database) as works, open_api(works) as client:
        url = {"target_url": "https://x.example/"}
        for body in (
            {},
            {"target_url": "file:///etc/passwd"},
            {**url, "event_types": ["integrated_account:active"]},
            {**url, "event_types": "*"},
            {**url, "secret": "mine"},
            {**url, "is_active": None},
        ):
            refused = await ask(client, "POST", PATH, body, status=400)
            assert refused.keys() == {"statusCode", "error", "message"}
        native = {"name": "n", "url": "https://x.example/", "kinds": ["*"]}
        other = await ask(client, "POST", "/v1/webhook-subscriptions", native, status=201)
        for id_ in (other["id"], uuid4(), "none"):
            for method in ("GET", "PATCH", "DELETE"):
                given: Any = {} if method == "PATCH" else None
                assert (await ask(client, method, f"{PATH}/{id_}", given, status=404))["error"]
        assert (await ask(client, "GET", PATH))["result"] == []
