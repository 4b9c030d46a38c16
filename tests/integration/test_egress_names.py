"""Names that are slow to look up hold nobody else up."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest

from shared.domain.ids import EnvironmentId
from shared.egress import resolver as resolving
from shared.egress.caller import Caller, open_caller
from shared.egress.errors import ConnectFailed
from shared.egress.message import Request
from shared.egress.resolver import ASKING, LOOKUPS_MAX, SystemResolver
from shared.egress.resolver import LOOKUPS_EACH_MAX as SHARE
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.support.eventually import eventually
from tests.support.receiver import OK, Receiver, once, sends

DEV = EgressSettings(allow_loopback=True)
EMPTY = OK + b"Content-Length: 0\r\n\r\n"


class Names:
    """The system's names: those that begin with "slow" wait until ``answered`` is set."""

    def __init__(self) -> None:
        self.answered = Event()
        self.asked: Counter[str] = Counter()

    def look_up(self, host: Any, _port: Any, *_given: Any, **_named: Any) -> Any:
        """As ``getaddrinfo``."""
        self.asked[host] += 1
        if host.startswith("slow"):
            self.answered.wait(30)
        if host.endswith(".unknown"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """The system's way to look up names, replaced."""
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found.look_up)
    yield found
    found.answered.set()


@pytest.fixture
async def caller(names: Names) -> AsyncIterator[Caller]:
    """A caller as in development, once names are replaced."""
    assert not names.asked
    async with open_caller(DEV, SystemClock()) as opened:
        yield opened


def get(url: str, timeout_s: float) -> Request:
    """Ask for a page."""
    return Request(method="GET", url=url, timeout_s=timeout_s)


async def test_slow_names_hold_up_neither_other_names_nor_threads(
    names: Names, caller: Caller
) -> None:
    """While many names wait for an answer, another is called, and work for threads is done."""
    async with Receiver(sends(once(EMPTY))) as receiver, asyncio.TaskGroup() as group:
        urls = [f"http://slow-{number}.test:8080/" for number in range(40)]
        calls = [group.create_task(caller.call(get(url, 30))) for url in urls]
        await eventually(lambda: len(names.asked) == 40)
        answer = await caller.call(get(receiver.url.replace("127.0.0.1", "quick.test"), 25))
        assert answer.status == 200
        assert await asyncio.wait_for(asyncio.to_thread(lambda: 1), 25) == 1
        assert not any(call.done() for call in calls)
        for call in calls:
            call.cancel()


async def test_a_name_is_looked_up_once_for_all_who_ask_at_the_time(names: Names) -> None:
    """Also for those who come when the first has given up; the next one asks anew."""
    resolver = SystemResolver()
    first = asyncio.create_task(resolver.resolve("slow.test", 1))
    await eventually(lambda: names.asked["slow.test"] == 1)
    first.cancel()
    others = [asyncio.create_task(resolver.resolve("slow.test", port)) for port in (80, 443)]
    await asyncio.wait([first])
    names.answered.set()
    assert [(await other)[0]["port"] for other in others] == [80, 443]
    assert names.asked["slow.test"] == 1
    await resolver.resolve("slow.test", 80)
    assert names.asked["slow.test"] == 2


async def test_an_unknown_name_cannot_be_reached(caller: Caller) -> None:
    """As with any other reason why there is no connection."""
    with pytest.raises(ConnectFailed):
        await caller.call(get("http://nobody.unknown/", 3))


async def test_there_are_only_so_many_lookups(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many fails at once, as unreachable; with room again it passes."""
    monkeypatch.setattr(resolving, "LOOKUPS_MAX", 1)
    resolver = SystemResolver()
    held = asyncio.create_task(resolver.resolve("slow.test"))
    await eventually(lambda: names.asked["slow.test"] == 1)
    with pytest.raises(OSError, match="too many"):
        await resolver.resolve("other.test")
    names.answered.set()
    await held
    assert await resolver.resolve("other.test")


async def test_one_environments_silent_names_leave_room_for_anothers(
    names: Names, caller: Caller
) -> None:
    """It has its share of the lookups; what is more cannot be reached, as with any bound."""
    one, other = EnvironmentId(uuid4()), EnvironmentId(uuid4())
    async with Receiver(sends(once(EMPTY))) as receiver, asyncio.TaskGroup() as group:
        urls = [f"http://slow-{n}.unknown:8080/" for n in range(LOOKUPS_MAX)]
        calls = [
            group.create_task(_outcome(caller, replace(get(url, 30), environment_id=one)))
            for url in urls
        ]
        await eventually(lambda: sum(call.done() for call in calls) == LOOKUPS_MAX - SHARE)
        assert len(names.asked) == SHARE
        url = receiver.url.replace("127.0.0.1", "quick.test")
        answer = await caller.call(replace(get(url, 25), environment_id=other))
        assert answer.status == 200
        names.answered.set()
    assert {call.result() for call in calls} == {ConnectFailed}


async def test_a_share_is_free_again_when_names_were_found(names: Names) -> None:
    """However many there were before."""
    resolver = SystemResolver()
    ASKING.set(EnvironmentId(uuid4()))
    for turn in range(3):
        names.answered.clear()
        held = [
            asyncio.create_task(resolver.resolve(f"slow-{turn}-{n}.test")) for n in range(SHARE)
        ]
        await eventually(lambda: len(names.asked) == (turn + 1) * SHARE)  # noqa: B023 - at once
        with pytest.raises(OSError, match="too many"):
            await resolver.resolve("other.test")
        names.answered.set()
        await asyncio.gather(*held)


async def test_a_lookup_that_gets_no_thread_is_over(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails at once, and takes nothing from those that come when there are threads again."""
    resolver = SystemResolver()
    ASKING.set(EnvironmentId(uuid4()))

    def refuse(_self: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as limited:
        limited.setattr(Thread, "start", refuse)
        for _ in range(SHARE + 1):
            with pytest.raises(OSError, match="can't start new thread"):
                await asyncio.wait_for(resolver.resolve("quick.test"), 25)
    assert await asyncio.wait_for(resolver.resolve("quick.test"), 25)
    held = [asyncio.create_task(resolver.resolve(f"slow-{n}.test")) for n in range(SHARE)]
    await eventually(lambda: len(names.asked) == 1 + SHARE)
    names.answered.set()
    await asyncio.gather(*held)


async def _outcome(caller: Caller, request: Request) -> type[Exception] | None:
    try:
        await caller.call(request)
    except ConnectFailed as error:
        return type(error)
    return None
