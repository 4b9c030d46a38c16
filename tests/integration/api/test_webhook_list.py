"""The list of webhooks: what there is, and never an address."""

from typing import Any

from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Serve


def flow(*ids: str, **more: Any) -> dict[str, Any]:
    """A workflow with webhooks."""
    return {"name": "w", "triggers": [{"id": name, "kind": "webhook"} for name in ids], **more}


async def test_webhooks_are_listed_without_their_addresses(serve: Serve) -> None:
    """Over pages; inactive ones too, none of a workflow that is deleted; rotation is told."""
    asker = await Asker(await serve(OPERATOR), OPERATOR).key([Scope.READ, Scope.AUTHOR])
    _, one = await asker.ask("POST", "/v1/workflows", flow("a", "b"))
    _, off = await asker.ask("POST", "/v1/workflows", flow("c", is_active=False))
    _, gone = await asker.ask("POST", "/v1/workflows", flow("d"))
    await asker.ask("DELETE", f"/v1/workflows/{gone['id']}")
    _, rotated = await asker.ask("POST", f"/v1/workflows/{one['id']}/triggers/a/rotate")
    found: dict[str, Any] = {}
    after: str | None = ""
    while after is not None:
        page = await asker.get(f"/v1/webhooks?limit=1{after}")
        found |= {item["trigger_id"]: item for item in page["items"]}
        after = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert {name: item["is_active"] for name, item in found.items()} == {
        "a": True,
        "b": True,
        "c": False,
    }
    assert found["c"]["workflow_id"] == off["id"]
    assert (found["b"]["made_at"], found["b"]["auth"]) == (one["created_at"], None)
    assert found["a"]["made_at"] == rotated["updated_at"]
    tokens = [url.rsplit("/", 1)[1] for url in one["webhook_urls"].values()]
    assert not any(token in str(found) for token in tokens)


async def test_what_a_sender_must_show_is_told(serve: Serve) -> None:
    """By the secret's name."""
    asker = Asker(await serve(OPERATOR), OPERATOR)
    auth = {"header": "X-Key", "secret": "hook_key"}
    trigger = {"id": "h", "kind": "webhook", "webhook": {"auth": auth}}
    status, _ = await asker.ask(
        "POST", "/v1/workflows", {"name": "w", "draft": True, "triggers": [trigger]}
    )
    assert status == 201
    assert [one["auth"] for one in (await asker.get("/v1/webhooks"))["items"]] == [auth]
