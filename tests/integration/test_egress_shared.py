"""Connections are an environment's own: what one sends never begins what another sends."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from services.executor.actions.http_request import HttpRequest
from shared.domain.ids import EnvironmentId
from shared.domain.outcomes import Completed
from shared.egress.caller import open_caller
from shared.egress.message import Request
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.integration.webhooks.stage import open_hooks, phase, publish, roles, subscribe
from tests.support.eventually import eventually
from tests.support.receiver import OK, Receiver
from tests.support.works import open_works, until
from tests.unit.executor.calls import call

ONE, OTHER = (EnvironmentId(UUID(int=n)) for n in (1, 2))
BEGINNING = b"PUT /mine HTTP/1.1\r\nHost: here\r\nX-Rest: "


@pytest.mark.parametrize(
    ("of", "connections"), [((ONE, OTHER), 2), ((ONE, None), 2), ((ONE, ONE), 1), ((None, None), 1)]
)
async def test_a_receiver_that_ignores_lengths_mixes_up_no_environments(
    of: tuple[EnvironmentId | None, EnvironmentId | None], connections: int
) -> None:
    """It takes a body for the next request's beginning: which is another's with one owner only."""
    heads: list[bytes] = []

    async def careless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK + b"Content-Length: 2\r\n\r\nok")

    settings = EgressSettings(allow_loopback=True)
    async with Receiver(careless) as receiver, open_caller(settings, SystemClock()) as caller:
        for method, body, owner in (("POST", BEGINNING, of[0]), ("GET", None, of[1])):
            request = Request(
                method=method,
                url=f"{receiver.url}#a",
                headers={"X-Whose": method},
                body=body,
                timeout_s=10,
                environment_id=owner,
            )
            assert (await caller.call(request)).body == b"ok"
        assert receiver.connections == connections
    assert any(b"/mine" in head and b"X-Whose: GET" in head for head in heads) == (connections == 1)
    lines = [head.partition(b"\r\n")[0] for head in heads]
    assert not any(b"#" in line or b"00000000-" in line for line in lines)


async def test_steps_of_two_environments_share_no_connection() -> None:
    """One after the other, to the same receiver."""

    async def fine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK + b"Content-Length: 2\r\n\r\nok")

    settings = EgressSettings(allow_loopback=True)
    async with Receiver(fine) as receiver, open_caller(settings, SystemClock()) as caller:
        for owner, connections in ((ONE, 1), (ONE, 1), (OTHER, 2)):
            asked = call({"url": receiver.url})
            of = replace(asked, origin=replace(asked.origin, environment_id=owner))
            assert isinstance(await HttpRequest(caller)(of), Completed)
            assert receiver.connections == connections


async def test_messages_of_two_environments_share_no_connection(database: str) -> None:
    """One after the other, to the same receiver."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        for number, owner in enumerate((ONE, OTHER), 1):
            await subscribe(works.pool, f"{hooks.url}/{number}", environment_id=owner)
            told = phase(environment_id=str(owner)) | {"environmentid": str(owner)}
            await publish(works, told)
            sent = "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'"
            await until(works.pool, sent, number)
        assert [one.path for one in hooks.got] == ["/1", "/2"]
        assert hooks.got[0].peer != hooks.got[1].peer


async def test_slow_receivers_of_one_environment_leave_connections_for_others() -> None:
    """It has three quarters of them at most; its other calls wait for those, not another's."""
    waits = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await waits.wait()
        writer.write(OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nok")

    async def fast(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nok")

    settings = EgressSettings(allow_loopback=True, connections_max=8)
    async with (
        Receiver(slow) as stuck,
        Receiver(fast) as free,
        open_caller(settings, SystemClock()) as caller,
        asyncio.TaskGroup() as group,
    ):
        request = Request(
            method="GET", url=stuck.url, headers={}, body=None, timeout_s=60, environment_id=ONE
        )
        calls = [group.create_task(caller.call(request)) for _ in range(20)]
        await eventually(lambda: stuck.connections == 6)
        for _ in range(20):
            answer = await caller.call(replace(request, url=free.url, environment_id=OTHER))
            assert answer.body == b"ok"
        assert stuck.connections == 6
        waits.set()
        assert {(await call_).body for call_ in calls} == {b"ok"}
        assert stuck.connections == 20
