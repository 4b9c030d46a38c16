"""A local server that plays the sync-job service: it checks who asks, and starts pretended runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import orjson
from aiohttp import web
from pydantic import SecretStr

from services.cli.process.ports import LOOPBACK
from shared.domain.errors import Rejected
from shared.egress.signing import signed_headers

AGE_MAX_S: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncJobCall:
    """A call as received; ``refusal`` is why it was not believed."""

    idempotency_key: str
    body: Any
    refusal: str | None


@dataclass(slots=True, kw_only=True)
class SyncJobService:
    """Every call so far."""

    secret: SecretStr
    url: str = ""
    calls: list[SyncJobCall] = field(default_factory=list)

    async def run(self, request: web.Request) -> web.Response:
        """201 with a run; 401 when the signature or the key is missing or wrong."""
        raw = await request.read()
        refusal = self._refusal(request, raw)
        key = request.headers.get("Idempotency-Key", "")
        if refusal:
            self.calls.append(SyncJobCall(idempotency_key=key, body=None, refusal=refusal))
            return web.json_response({"message": refusal}, status=401)
        body = orjson.loads(raw)
        self.calls.append(SyncJobCall(idempotency_key=key, body=body, refusal=None))
        # The same key gives the same run, as a service that honours it would.
        run_id = str(uuid5(NAMESPACE_URL, key))
        return web.json_response({"id": run_id, "status": "created", **body}, status=201)

    def _refusal(self, request: web.Request, raw: bytes) -> str | None:
        headers = request.headers
        if not headers.get("Idempotency-Key"):
            return "There is no Idempotency-Key."
        try:
            sent_at = datetime.fromtimestamp(int(headers.get("webhook-timestamp", "")), UTC)
            message_id = headers.get("webhook-id", "")
            expected = signed_headers([self.secret], message_id, sent_at, raw)
        except (ValueError, OverflowError, Rejected):
            return "The call is not signed."
        if abs((datetime.now(UTC) - sent_at).total_seconds()) > AGE_MAX_S:
            return "The call is too old."
        given = headers.get("webhook-signature", "").encode()
        if not compare_digest(given, expected["webhook-signature"].encode()):
            return "The signature is wrong."
        return None


@asynccontextmanager
async def sync_job_service(secret: SecretStr) -> AsyncIterator[SyncJobService]:
    """The service on a free port of this machine, until the context ends."""
    service = SyncJobService(secret=secret)
    app = web.Application()
    app.router.add_post("/sync-job-runs", service.run)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, 0).start()
        service.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}/sync-job-runs"
        yield service
    finally:
        await runner.cleanup()
