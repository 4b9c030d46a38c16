"""Receivers that serve every environment can tell from which one a call comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from services.executor.actions.http_request import HttpRequest
from services.executor.actions.registered import HttpAction
from services.executor.actions.run_sync_job import RunSyncJob
from services.executor.annotate import HttpResolver, Wanted
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.outcomes import Completed
from shared.domain.workflows import Annotation
from shared.egress.caller import open_caller
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.integration.test_registered_actions import SECRET
from tests.unit.egress.test_signing import verified
from tests.unit.executor.calls import call, registered

HOME = str(DEFAULT_ENVIRONMENT)
HEADER = "Turnout-Environment"
Heard = list[tuple[dict[str, str], bytes]]


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, Heard]]:
    """A receiver's URL, and what it hears: headers and body."""
    heard: Heard = []

    async def hear(request: web.Request) -> web.Response:
        heard.append((dict(request.headers), await request.read()))
        return web.json_response({})

    application = web.Application()
    application.router.add_post("/", hear)
    async with TestServer(application) as server:
        yield str(server.make_url("/")), heard


async def test_each_call_tells_its_environment() -> None:
    """Whatever makes it: a step, a registered action, a resolver, a sync job."""
    egress, secrets = EgressSettings(allow_loopback=True), (SecretStr(SECRET),)
    account = Wanted(key="k", annotation=Annotation(entity_type="a", target_path="a"), fields={})
    async with listening() as (url, heard), open_caller(egress, SystemClock()) as caller:
        asked = call({"url": url, "method": "POST", "headers": {"X-Turnout-Environment": "b"}})
        outcomes = [
            await HttpRequest(caller)(asked),
            await HttpAction(registered(url=url), caller, secrets)(call({})),
            await HttpResolver(caller, url=url, secrets=secrets)(account, call({})),
            await RunSyncJob(caller, url=url, secrets=secrets)(call({"sync_job_id": "j"})),
        ]
    assert all(isinstance(each, Completed) for each in outcomes), outcomes
    assert [headers[HEADER] for headers, _ in heard] == [HOME] * 4


@pytest.mark.parametrize("name", [HEADER, HEADER.lower()])
async def test_no_author_tells_another(name: str) -> None:
    """What a step says of it is left out, so that one that did before it was ours goes on."""
    egress = EgressSettings(allow_loopback=True)
    async with listening() as (url, heard), open_caller(egress, SystemClock()) as caller:
        asked = call({"url": url, "method": "POST", "headers": {name: str(uuid4())}})
        outcome = await HttpRequest(caller)(asked)
    assert isinstance(outcome, Completed)
    ((headers, _),) = heard
    assert [value for key, value in headers.items() if key.lower() == HEADER.lower()] == [HOME]


async def test_what_all_environments_are_signed_by_signs_the_environment() -> None:
    """Passed on by who received it for one, it is not taken for another's."""
    egress, secret = EgressSettings(allow_loopback=True), SecretStr(SECRET)
    async with listening() as (url, heard), open_caller(egress, SystemClock()) as caller:
        asked = call({"sync_job_id": "j"})
        await RunSyncJob(caller, url=url, secrets=(secret,))(asked)
    [(headers, body)] = heard
    signed = {name: headers[name] for name in headers if name.startswith("webhook-")}
    assert signed["webhook-id"] == f"{HOME}:{asked.idempotency_key}"
    assert headers["Idempotency-Key"] == asked.idempotency_key
    assert verified(secret, signed, body)
    other = {**signed, "webhook-id": signed["webhook-id"].replace(HOME, str(uuid4()))}
    assert not verified(secret, other, body)
