"""Whatever a name server says, and however a host is written, nothing inside is connected to.

Names are looked up as the product does it, but of a name server of the test. On this machine
127.0.0.1 stands for what may be called, and 127.0.0.2 and ::1 for what may not.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from itertools import product

import dns.rcode
import pytest

from shared.egress.caller import Caller, open_caller
from shared.egress.errors import ConnectFailed, DestinationRefused
from shared.egress.message import Request
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.support.dns_server import DnsServer, Reply, Zone
from tests.support.receiver import OK, Receiver, Serve, once, sends

ANSWERS = sends(once(OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok"))
SETTINGS = EgressSettings(
    allow_loopback=True, deny_networks=(ip_network("127.0.0.2"), ip_network("::1"))
)
QUICK = SETTINGS.model_copy(update={"connect_timeout_s": 0.3})


def of(*addresses: str, is_cut: bool = False) -> Reply:
    """A reply of addresses."""
    records = (f"{'AAAA' if ':' in each else 'A'} {each}" for each in addresses)
    return Reply(tuple(records), is_cut=is_cut)


def named(other: str) -> Reply:
    """A reply that the name is another's."""
    return Reply((f"CNAME {other}.",))


FINE, INNER, NONE = of("127.0.0.1"), of("127.0.0.2"), Reply()
SILENT, UNKNOWN = Reply(is_silent=True), Reply(rcode=dns.rcode.NXDOMAIN)
OF_MANY = tuple(f"127.0.1.{n}" for n in range(99))

REFUSED: dict[str, Zone] = {
    "an address inside": {"a.test A": [INNER]},
    "a good one, then one inside": {"a.test A": [of("127.0.0.1", "127.0.0.2")]},
    "one inside, then a good one": {"a.test A": [of("127.0.0.2", "127.0.0.1")]},
    "a good A, an AAAA inside": {"a.test A": [FINE], "a.test AAAA": [of("::1")]},
    "a good AAAA, an A inside": {"a.test A": [INNER], "a.test AAAA": [of("2001:4860::8")]},
    "another's name, which is inside": {
        "a.test A": [named("inner.test")],
        "a.test AAAA": [named("inner.test")],
        "inner.test A": [INNER],
    },
    "99 good addresses and one inside": {"a.test A": [of(*OF_MANY, "127.0.0.2")]},
    "one inside that fits TCP only": {"a.test A": [of("127.0.0.2", is_cut=True)]},
    "IPv4 within IPv6": {"a.test AAAA": [of("::ffff:127.0.0.1")]},
    "IPv4-compatible": {"a.test AAAA": [of("::127.0.0.1")]},
    "NAT64": {"a.test AAAA": [of("64:ff9b::7f00:1")]},
    "NAT64 of a network's own": {"a.test AAAA": [of("64:ff9b:1::7f00:1")]},
    "6to4": {"a.test AAAA": [of("2002:7f00:1::")]},
    "Teredo": {"a.test AAAA": [of("2001:0:7f00:1::80ff:fffe")]},
    "link-local": {"a.test AAAA": [of("fe80::1")]},
    "metadata": {"a.test A": [of("169.254.169.254")]},
    "metadata of Oracle": {"a.test A": [of("192.0.0.192")]},
    "metadata of Amazon by IPv6": {"a.test AAAA": [of("fd00:ec2::254")]},
    "no address": {"a.test A": [of("0.0.0.0")]},
    "everybody": {"a.test A": [of("255.255.255.255")]},
}  # fmt: skip

UNREACHABLE: dict[str, Zone] = {
    "a name that is not there": {"b.test A": [FINE]},
    "a name without addresses": {"a.test A": [NONE], "a.test AAAA": [NONE]},
    "a server that fails": {"a.test A": [Reply(rcode=dns.rcode.SERVFAIL)]},
    "a server that is silent": {"a.test A": [SILENT], "a.test AAAA": [SILENT]},
    "a name that is its own other name": {
        "a.test A": [named("a.test")],
        "a.test AAAA": [named("a.test")],
    },
    "an answer that is cut short": {
        "a.test A": [of("127.0.0.1", is_cut=True), SILENT],
        "a.test AAAA": [SILENT],
    },
}

# {port} is that of a listener on 127.0.0.1, to which every name here leads.
SPELLINGS = """
http://127.0.0.1:{port}/ http://127.0.0.1.:{port}/ http://2130706433:{port}/
http://0x7f000001:{port}/ http://0x7f.1:{port}/ http://017700000001:{port}/ http://127.1:{port}/
http://0177.0.0.1:{port}/ http://①②⑦.⓪.⓪.①:{port}/ http://127。0。0。1:{port}/
http://１２７.0.0.1:{port}/ http://[::1]:{port}/ http://[::ffff:127.0.0.1]:{port}/
http://[::ffff:7f00:1]:{port}/ http://[64:ff9b::7f00:1]:{port}/ http://[fe80::1%25lo]:{port}/
http://[::1%25lo]:{port}/ http://0:{port}/ http://0.0.0.0:{port}/ http://[::]:{port}/
http://user@127.0.0.1:{port}/ http://example.com@127.0.0.1:{port}/
http://example.com:80@127.0.0.1:{port}/ http://127.0.0.1:{port}@example.com/
http://example.com\\@127.0.0.1:{port}/ http://127.0.0.1%00.example.com:{port}/
http://127.0.0.1%2f.example.com:{port}/ http://127.0.0.1:0/ http://127.0.0.1:{port}:80/
http://localhost:{port}/ http://localhost.:{port}/ http://LOCALHOST:{port}/
http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/ http://xn--localhost-:{port}/ ws://127.0.0.1:{port}/
file://127.0.0.1:{port}/ gopher://127.0.0.1:{port}/ //127.0.0.1:{port}/ 127.0.0.1:{port}
"""  # noqa: RUF001


@dataclass
class Ground:
    """Listeners on one port: ``fine`` may be called, ``inner`` ones may not."""

    dns: DnsServer
    caller: Caller
    fine: Receiver
    inner: list[Receiver]

    async def call(self, url: str, **headers: str) -> int:
        """Ask ``url``, in which {port} is the listeners'; gives the status."""
        asked = url.format(port=self.fine.port)
        request = Request(method="GET", url=asked, headers=headers, timeout_s=10)
        return (await self.caller.call(request)).status

    def connections(self) -> tuple[int, int]:
        """How many there were to what may be called, and to what may not."""
        return self.fine.connections, sum(each.connections for each in self.inner)


@asynccontextmanager
async def ground(
    zone: Zone, settings: EgressSettings = SETTINGS, serve: Serve = ANSWERS
) -> AsyncIterator[Ground]:
    """The real client, which looks its names up here."""
    with pytest.MonkeyPatch.context() as patch:
        async with (
            DnsServer(zone) as server,
            Receiver(serve) as fine,
            Receiver(ANSWERS, "127.0.0.2", fine.port) as inner,
            AsyncExitStack() as opened,
        ):
            inners = [inner]
            if socket.has_dualstack_ipv6():
                six = Receiver(ANSWERS, "::1", fine.port)
                inners.append(await opened.enter_async_context(six))
            patch.setattr(socket, "getaddrinfo", server.getaddrinfo)
            async with open_caller(settings, SystemClock()) as caller:
                yield Ground(server, caller, fine, inners)


async def test_what_may_be_called_is_called() -> None:
    """The name server is asked once for each kind, over TCP too, and by the name's other names."""
    zone: Zone = {
        "a.test A": [FINE],
        "cut.test A": [of("127.0.0.1", is_cut=True)],
        "other.test A": [named("a.test")],
        "other.test AAAA": [named("a.test")],
    }
    async with ground(zone) as here:
        assert await here.call("http://a.test:{port}/") == 200
        assert here.dns.asked == {"a.test A": 1, "a.test AAAA": 1}
        assert await here.call("http://cut.test:{port}/") == 200
        assert here.dns.by_tcp["cut.test A"] == 1
        assert await here.call("http://other.test:{port}/") == 200
        assert here.connections() == (3, 0)


@pytest.mark.parametrize("zone", REFUSED.values(), ids=REFUSED.keys())
async def test_a_name_that_leads_inside_is_refused(zone: Zone) -> None:
    """By any one of its answers, in the same words, with no connection made to any of them."""
    for settings in (SETTINGS, EgressSettings()):
        async with ground(zone, settings) as here:
            with pytest.raises(DestinationRefused) as refused:
                await here.call("http://a.test:{port}/")
            assert refused.value.message == "The destination may not be called."
            assert here.connections() == (0, 0)
            assert here.dns.asked, "nobody asked the name server"


@pytest.mark.parametrize("zone", UNREACHABLE.values(), ids=UNREACHABLE.keys())
async def test_a_name_that_is_not_found_is_unreachable(zone: Zone) -> None:
    """As a closed port is, in its words."""
    async with ground(zone) as here:
        with pytest.raises(ConnectFailed) as failed:
            await here.call("http://a.test:{port}/")
        assert failed.value.message == ConnectFailed().message
        assert here.connections() == (0, 0)


async def test_a_name_that_changes_between_look_and_connection_gains_nothing() -> None:
    """What was looked at is connected to; later answers, though nobody may keep one, are judged."""
    zone: Zone = {"a.test A": [FINE, INNER, FINE, of("127.0.0.1", "127.0.0.2")]}
    async with ground(zone) as here:
        for turn in range(2):
            assert await here.call("http://a.test:{port}/") == 200
            assert here.dns.asked["a.test A"] == 2 * turn + 1
            with pytest.raises(DestinationRefused):
                await here.call("http://a.test:{port}/")
        assert here.connections() == (2, 0)


@pytest.mark.parametrize("url", SPELLINGS.split())
async def test_no_spelling_leads_inside(url: str) -> None:
    """Whether it is an address or a name: refused, and nothing was connected to."""
    async with ground({"* A": [FINE]}, EgressSettings()) as here:
        with pytest.raises(DestinationRefused):
            await here.call(url)
        assert here.connections() == (0, 0)


LOCATIONS = (
    "http://127.0.0.2:{port}/", "//127.0.0.2:{port}/", "http://inner.test:{port}/",
    "https://127.0.0.2:{port}/", "file:///etc/passwd", "ws://127.0.0.2:{port}/",
    "http://a.test:{port}/again",
)  # fmt: skip


def redirects(status: int, place: str) -> Serve:
    """Sends everybody elsewhere, in every way there is; {port} is its own."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        location = place.format(port=writer.get_extra_info("sockname")[1])
        writer.write(
            f"HTTP/1.1 {status} Elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n"
            f"Location: {location}\r\nRefresh: 0; url={location}\r\n"
            f'Alt-Svc: h2="{location}"\r\nSet-Cookie: c=2\r\n\r\n'.encode()
        )
        await writer.drain()

    return serve


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308, 201])
async def test_no_redirect_is_followed(status: int) -> None:
    """It comes back as it is: nobody else sees the request, its secrets or its cookies."""
    zone: Zone = {"a.test A": [FINE], "inner.test A": [INNER]}
    for place in LOCATIONS:
        async with ground(zone, serve=redirects(status, place)) as here:
            found = await here.call("http://a.test:{port}/", Authorization="Bearer s", Cookie="c=1")
            assert (found, here.connections()) == (status, (1, 0)), place


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """However they are named: one would connect where nobody looks."""
    async with ground({"a.test A": [FINE]}) as here:
        for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy"):
            for spelled in (name, name.upper()):
                monkeypatch.setenv(spelled, f"http://127.0.0.2:{here.fine.port}")
        monkeypatch.setenv("no_proxy", "")
        assert await here.call("http://a.test:{port}/") == 200
        assert here.connections() == (1, 0)


@contextmanager
def filtered() -> Iterator[int]:
    """A port of 127.0.0.1 whose queue is full, so that the system drops who else knocks."""
    with ExitStack() as opened:
        full = opened.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            knocking = opened.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(full.getsockname())
        yield full.getsockname()[1]


async def test_nobody_learns_which_ports_are_open() -> None:
    """A closed port, a silent one and a name that is not there are told in the same words.

    What may not be called is refused in words of its own, the same whatever is behind it.
    """
    zone: Zone = {"a.test A": [FINE], "inner.test A": [INNER]}
    unreachable, denied = set(), set()
    with socket.socket() as closed, filtered() as silent:
        closed.bind(("127.0.0.1", 0))
        ports = closed.getsockname()[1], silent
        async with ground(zone, QUICK) as here:
            for place in (*(f"a.test:{port}" for port in ports), "nobody.test"):
                with pytest.raises(ConnectFailed) as failed:
                    await here.call(f"http://{place}/")
                unreachable.add(failed.value.message)
            for place, port in product(("inner.test", "127.0.0.2"), (*ports, here.fine.port)):
                with pytest.raises(DestinationRefused) as refused:
                    await here.call(f"http://{place}:{port}/")
                denied.add(refused.value.message)
    assert unreachable == {ConnectFailed().message}
    assert denied == {DestinationRefused().message}
