"""Who is let in, what every answer has, and what happens when the world fails."""

import asyncio
import re
from dataclasses import replace
from typing import Final

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.bus.local import open_local_bus
from shared.db.pool import open_pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import Scope
from shared.runtime.clock import SystemClock
from shared.runtime.settings import PostgresSettings
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Client, Serve
from tests.support.served import open_api
from tests.support.works import open_works

TOKEN = "tot_s3cret"
UNKNOWN: Final = "018f2a6b-7c1d-7e3f-9a5b-1c2d3e4f5a6b"

ACCEPTED = (
    {"Authorization": f"Bearer {TOKEN}"},
    {"Authorization": f"bearer  {TOKEN}"},
    {"Authorization": TOKEN},
    {"x-api-key": TOKEN},
)
REFUSED: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer <your_api_token>"},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": f"Bearer {TOKEN}x"},
    {"Authorization": f"Bearer {TOKEN[:-1]}"},
    {"x-api-key": TOKEN.upper()},
    {"x-api-key": "ключ"},
    {"x-api-key": "wrong", "Authorization": f"Bearer {TOKEN}"},
)


async def test_the_token_is_taken_in_every_documented_form(serve: Serve) -> None:
    """Each form of the five systems lets in; anything else is 401 and says how."""
    client = await serve(TOKEN)
    for headers in ACCEPTED:
        async with client.get("/v1/workflows", headers=headers) as answer:
            assert answer.status == 200, headers
    for headers in REFUSED:
        async with client.get("/v1/workflows", headers=headers) as answer:
            assert answer.status == 401, headers
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert TOKEN not in await answer.text()
    for path in ("/healthz", "/readyz", "/metrics"):
        async with client.get(path) as answer:
            assert answer.status == 200
    async with client.get("/truto/workflow") as answer:
        assert (await answer.json())["error"] == "UnauthorizedError"
    async with client.get("/v1/nothing") as answer:
        assert answer.status == 401


async def test_a_request_id_is_echoed_or_given(client: Client) -> None:
    """A fitting id comes back; one that could forge a log line is replaced."""
    for given, is_kept in (("abc-1.2_3", True), ("a b", False), ("x" * 129, False), ("", False)):
        async with client.get("/v1/nothing", headers={"X-Request-Id": given}) as answer:
            echoed = answer.headers["X-Request-Id"]
            assert (await answer.json(content_type=None))["request_id"] == echoed
        assert (echoed == given) is is_kept


async def test_requests_are_counted_by_route(client: Client) -> None:
    """Metrics name routes and never paths, which callers choose."""
    for path in ("/v1/workflows/1", "/v1/workflows/2", "/made/up"):
        async with client.get(path):
            pass
    async with client.get("/metrics") as answer:
        text = await answer.text()
    assert (
        'turnout_http_request_seconds_count{method="GET",route="/v1/workflows/{id}",'
        'status="404"} 2.0' in text
    )
    assert "made" not in text


async def test_requests_are_counted_by_whose_they_are(database: str) -> None:
    """By the environment that is shown to be there: none is told of who only names one."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        own = await operator.new_environment("own")
        key = await operator.key(list(Scope), own)

        for asker, path in (
            (operator, "workflows"),
            (operator, f"workflows?environment_id={UNKNOWN}"),
            (operator.having("nobody's"), f"workflows?environment_id={UNKNOWN}"),
            (key, "workflows"),
            (key, f"workflows/{UNKNOWN}"),
            (key, f"workflows?environment_id={UNKNOWN}"),
            (operator, f"workflows?environment_id={own}"),
        ):
            await asker.ask("GET", f"/v1/{path}")
        async with client.get("/metrics") as answer:
            text = await answer.text()
        counted = re.findall(r"turnout_http_requests_total\{(.*)\} (\d+)", text)
        here = f'environment="{DEFAULT_ENVIRONMENT}"'
        assert dict(counted) == {
            f'{here},status="200"': "1",
            f'environment="{own}",status="200"': "2",
            f'environment="{own}",status="404"': "1",
            f'environment="{own}",status="403"': "1",
            'environment="(other)",status="201"': "2",  # the environment, and its first key
            'environment="(other)",status="200"': "1",
            'environment="(other)",status="401"': "1",
        }
        assert UNKNOWN not in text


async def test_without_postgres_the_answer_is_503(resources: ApiResources, database: str) -> None:
    """Callers are told to come back, and nothing of the fault leaks; health tells the two apart."""
    settings = PostgresSettings(dsn=SecretStr(database))
    async with open_pool(settings) as pool, open_local_bus(pool, SystemClock()) as bus:
        own = replace(resources, pool=pool, bus=bus, registry=CollectorRegistry())
    async with TestClient(TestServer(build_app(own, ApiSettings()))) as client:
        for path in ("/v1/workflows", "/v1/executions", "/readyz"):
            async with client.get(path) as answer:
                assert answer.status == 503, await answer.text()
                assert answer.headers["Retry-After"] == "1"
                assert "asyncpg" not in await answer.text()
        async with client.get("/healthz") as answer:
            assert answer.status == 200


async def test_a_defect_is_logged_and_not_shown(resources: ApiResources) -> None:
    """500 says under which id the log has more, and nothing else."""
    own = replace(resources, registry=CollectorRegistry())
    app = build_app(own, ApiSettings())

    async def handler(_request: web.Request) -> web.Response:
        raise RuntimeError("a secret")

    app.router.add_get("/broken", handler)
    async with TestClient(TestServer(app)) as client, client.get("/broken") as answer:
        text = await answer.text()
        assert answer.status == 500
        assert answer.headers["X-Request-Id"] in text
        assert "secret" not in text


async def test_a_body_that_does_not_arrive_is_given_up(resources: ApiResources) -> None:
    """A caller who sends slowly does not hold the server for ever."""
    own = replace(resources, registry=CollectorRegistry())
    app = build_app(own, ApiSettings(body_within_s=0.1))
    async with TestServer(app) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(
            b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        line = await asyncio.wait_for(reader.readline(), 30)
        writer.close()
        await writer.wait_closed()
    assert b"400" in line


async def test_many_authors_at_once_are_served(client: Client) -> None:
    """Workflows registered at the same time, more than there are connections, are all there."""
    bodies = [{"name": f"n{n}"} for n in range(12)]
    answers = await asyncio.gather(*(client.post("/v1/workflows", json=body) for body in bodies))
    assert {answer.status for answer in answers} == {201}
    for answer in answers:
        answer.release()
    async with client.get("/v1/workflows") as listed:
        assert len((await listed.json())["items"]) == 12
