"""What is told once, or never: secrets of vaults, of webhooks, of signatures, and addresses."""

import asyncio
import logging
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest

from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.test_canaries import dumped, logged, records
from tests.integration.webhooks.stage import roles
from tests.support.canaries import Canary, Told, leaks, receiver
from tests.support.rings import written
from tests.support.served import open_api
from tests.support.works import NOTE, Works, open_works, start, until, workflow
from tests.unit.dialects.altostrat_documents import flow, node

DELIVERED = "SELECT count(*) >= 4 FROM webhook_deliveries WHERE status = 'DELIVERED'"
VAULT = "/altostrat/workflows/vault"
HOOK = {"id": "hook", "kind": "webhook"}


async def told_once(asker: Asker, url: str, kept: Canary) -> list[str]:
    """Have everything made that is told once; what was told."""
    hooked = flow()
    hooked["nodes"] = [node("start", "webhook_trigger")]
    headers = {"X-Key": "{{secrets.kept}}"}
    hook = {"name": "h", "url": f"{url}/ok", "kinds": ["*"], "headers": headers}
    asked: tuple[tuple[str, str, Any, str | None], ...] = (
        ("PUT", "/v1/secrets/kept", {"value": kept.value}, None),
        ("POST", VAULT, {"name": "crm", "secret": kept.value}, None),
        ("POST", VAULT, {"name": "api-key:crm"}, "secret"),
        ("POST", "/v1/webhook-subscriptions", hook, "secret"),
        ("POST", "/truto/webhook", {"target_url": f"{url}/text"}, "secret"),
        ("POST", "/sixtyfour/webhooks/signing-secret", {}, "plaintext"),
        ("POST", "/v1/signing-secrets/standard/roll", {}, "secret"),
        ("POST", "/v1/webhook-endpoints", {"name": "e", "event_type": "go"}, "url"),
        ("POST", "/v1/workflows", {"name": "w", "triggers": [HOOK]}, "webhook_url"),
        ("POST", "/v1/keys", {"name": "k", "scopes": ["read"]}, "secret"),
    )
    told: list[str] = []
    for method, path, body, field in asked:
        status, document = await asker.ask(method, path, body)
        assert status in (200, 201), (path, document)
        if field is not None:
            told.append(str(document[field]).rpartition("/")[2])
    made = await asker.ask("POST", "/altostrat/workflows", hooked)
    assert made[0] == 201, made
    return told


async def delivered(works: Works) -> None:
    """A workflow runs, and all who listen are told."""
    await start(works, await works.register(workflow(NOTE)))
    await until(works.pool, DELIVERED, within_s=30)


async def test_no_sink_holds_what_is_told_once(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Logs, tables, topics, metrics and later answers have none; receivers hear no other's."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.CRITICAL, logger="aiohttp.access")
    kept = Canary("kept")
    with structlog.testing.capture_logs() as lines:
        async with (
            receiver() as (echo, url),
            open_works(database, before=roles(), keyring=written("k1")) as works,
            open_api(works, OPERATOR) as client,
        ):
            told = Told(client, OPERATOR)
            secrets = await told_once(Asker(client, OPERATOR), url, kept)
            await delivered(works)
            assert await told.see_all() > 100
            sinks = {
                "answers": "\n".join(told.answers),
                "topics": await records(works),
                "tables": await asyncio.to_thread(dumped, database),
                "metrics": generate_latest(works.platform.registry).decode(),
            }
    sinks["logs"] = logged(list(lines), caplog)
    assert leaks([kept], {**sinks, "receiver": "\n".join(echo.heard)}) == [("kept", "receiver")]
    sinks["receiver"] = "\n".join(echo.heard)
    assert [(s[:9], name) for s in secrets for name in sinks if s in sinks[name]] == []
