"""Each system's receivers get what they know, signed as they check it."""

import base64
import hashlib
import hmac
from typing import Any
from uuid import UUID

import jwt
import pytest

from tests.integration.webhooks.stage import Hooks, open_hooks, roles
from tests.support.served import open_api
from tests.support.works import NOTE, Works, open_works, start, until, workflow

DELIVERED = "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'"


async def subscribed(client: Any, hooks: Hooks, **fields: Any) -> Any:
    """A subscription made by the API."""
    body = {"name": "n", "url": f"{hooks.url}/in", "kinds": ["execution.completed"], **fields}
    async with client.post("/v1/webhook-subscriptions", json=body) as reply:
        assert reply.status == 201, await reply.text()
        assert reply.headers["Cache-Control"] == "no-store"
        return await reply.json()


async def told_of_a_run(works: Works, hooks: Hooks, **more: Any) -> tuple[UUID, Any]:
    """The execution, and the one message that came of it; ``more`` is of its workflow."""
    (execution_id,) = await start(works, await works.register({**workflow(NOTE), **more}))
    await until(works.pool, DELIVERED, 1)
    (got,) = hooks.got
    return execution_id, got


async def test_truto(database: str) -> None:
    """An envelope with ``evt_`` id, event and payload; HMAC of the body as hex."""
    async with (
        open_hooks() as hooks,
        open_works(database, before=roles()) as works,
        open_api(works) as client,
    ):
        made = await subscribed(client, hooks, format="truto")
        execution_id, got = await told_of_a_run(works, hooks)
    document = got.document
    assert document["id"].startswith("evt_")
    assert document["event"] == "workflow_execution:completed"
    assert document["payload"]["execution_id"] == str(execution_id)
    assert document["webhook_id"] == made["id"]
    assert document["environment_id"] == made["environment_id"]
    right = hmac.new(made["secret"].encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["X-Truto-Signature"] == f"format=sha256,v={right}"
    assert got.headers["User-Agent"] == "truto"


async def test_sixtyfour_while_a_secret_is_rotated(database: str) -> None:
    """The result of the run, signed by the secret before and by the new one."""
    async with (
        open_hooks() as hooks,
        open_works(database, before=roles()) as works,
        open_api(works) as client,
    ):
        made = await subscribed(client, hooks, format="sixtyfour")
        path = f"/v1/webhook-subscriptions/{made['id']}/rotate"
        async with client.post(path, json={"overlap_hours": 1}) as reply:
            rotated = await reply.json()
        execution_id, got = await told_of_a_run(works, hooks)
    document = got.document
    assert document["run_id"] == str(execution_id)
    assert document["results"] == "done"
    assert str(execution_id) in document["results_download_url"]
    assert got.headers["Sixtyfour-Event-Id"] == document["event_id"]
    assert got.headers["Sixtyfour-Event-Type"] == "workflow_run.completed"
    assert got.headers["Sixtyfour-Delivery-Attempt"] == "1"
    stamp, *signatures = got.headers["Sixtyfour-Signature"].split(",")
    signed = stamp.removeprefix("t=").encode() + b"." + got.body
    assert signatures == [
        "v1=" + hmac.new(one["secret"].encode(), signed, hashlib.sha256).hexdigest()
        for one in (rotated, made)
    ]


async def test_transactionlink(database: str) -> None:
    """A detached JWS, checked by the key that the environment publishes to everybody."""
    async with (
        open_hooks() as hooks,
        open_works(database, before=roles()) as works,
        open_api(works, "a-token-for-tests-only") as client,
    ):
        client.session.headers["x-api-key"] = "a-token-for-tests-only"
        made = await subscribed(client, hooks, format="transactionlink")
        assert made["secret"] is None
        place = {"scope": {"workspace_id": "of the definition"}}
        execution_id, got = await told_of_a_run(works, hooks, **place)
        del client.session.headers["x-api-key"]
        async with client.get("/transactionlink/.well-known/jwks.json") as reply:
            (key,) = jwt.PyJWKSet.from_dict(await reply.json()).keys
        kid = jwt.get_unverified_header(got.headers["JWS-SIGNATURE"])["kid"]
        async with client.get(f"/transactionlink/auth/webhooks/key/{kid}") as reply:
            pem = await reply.text()
    document = got.document
    assert document["event"] == "WORKFLOW_COMPLETED"
    assert document["workflowId"] == str(execution_id)
    assert (document["result"], document["workspaceId"]) == ("done", "of the definition")
    head, _, signature = got.headers["JWS-SIGNATURE"].split(".")
    assert kid == key.key_id
    payload = base64.urlsafe_b64encode(got.body).rstrip(b"=").decode()
    for one in (key, pem):
        jwt.api_jws.decode(f"{head}.{payload}.{signature}", one, algorithms=["RS256"])
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.api_jws.decode(f"{head}.{payload[:-2]}AA.{signature}", key, algorithms=["RS256"])
