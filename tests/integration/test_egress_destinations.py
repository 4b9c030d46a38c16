"""Outbound HTTP reaches no address that was not checked and no peer that TLS does not know."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import ClientSession, DummyCookieJar

from shared.egress.caller import open_caller
from shared.egress.connector import GuardedConnector
from shared.egress.errors import ConnectFailed, DestinationRefused
from shared.egress.message import Request
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.support.receiver import OK, Answers, Receiver, once, sends

DEV = EgressSettings(allow_loopback=True)


def get(url: str) -> Request:
    """Ask for a page."""
    return Request(method="GET", url=url, timeout_s=10)


@pytest.mark.parametrize(
    "answer",
    [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["8.8.8.8", "::1"],
     ["::ffff:127.0.0.1"], ["8.8.8.8"] * 100 + ["169.254.169.254"]],
)  # fmt: skip
async def test_one_private_address_refuses_the_name(answer: list[str]) -> None:
    """A name with a single address that may not be called is refused before any connection."""
    async with (
        Receiver(sends(once(OK + b"\r\n"))) as receiver,
        open_caller(EgressSettings(), SystemClock(), Answers(answer)) as caller,
    ):
        with pytest.raises(DestinationRefused):
            await caller.call(get(f"http://rebinding.test:{receiver.port}/"))
        assert receiver.connections == 0


async def test_a_name_without_addresses() -> None:
    """An empty answer is like an unknown name."""
    async with open_caller(EgressSettings(), SystemClock(), Answers([])) as caller:
        with pytest.raises(ConnectFailed):
            await caller.call(get("http://empty.test/"))


async def test_literal_addresses_are_refused() -> None:
    """A literal address, which no resolver sees, is refused before any connection."""
    async with (
        Receiver(sends(once(OK + b"\r\n"))) as receiver,
        open_caller(EgressSettings(), SystemClock(), Answers()) as caller,
    ):
        with pytest.raises(DestinationRefused):
            await caller.call(get(receiver.url))
        assert receiver.connections == 0


async def test_rebinding() -> None:
    """The address that was checked is the one connected to; a later answer is checked anew."""
    answers = Answers(["127.0.0.1"], ["127.0.0.2"])
    settings = EgressSettings(allow_loopback=True, deny_networks=(ip_network("127.0.0.2"),))
    async with (
        Receiver(sends(once(OK + b"Connection: close\r\n\r\nchecked"))) as right,
        Receiver(sends(once(OK + b"\r\nwrong")), "127.0.0.2", right.port) as wrong,
        open_caller(settings, SystemClock(), answers) as caller,
    ):
        url = f"http://rebinding.test:{right.port}/"
        assert (await caller.call(get(url))).body == b"checked"
        assert answers.questions == 1
        with pytest.raises(DestinationRefused):
            await caller.call(get(url))
        assert wrong.connections == 0


async def test_allowed_host_by_name() -> None:
    """A listed name may resolve to loopback while another name with that address may not."""
    settings = EgressSettings(allow_hosts=frozenset({"jobs.test"}))
    answers = Answers(["127.0.0.1"], ["127.0.0.1"])
    async with (
        Receiver(sends(once(OK + b"Content-Length: 2\r\n\r\nok"))) as receiver,
        open_caller(settings, SystemClock(), answers) as caller,
    ):
        assert (await caller.call(get(f"http://jobs.test:{receiver.port}/"))).body == b"ok"
        with pytest.raises(DestinationRefused):
            await caller.call(get(f"http://other.test:{receiver.port}/"))


async def test_the_other_end_is_looked_at() -> None:
    """Even past an unguarded resolver no byte is sent to an address that may not be called."""
    got = bytearray()
    done = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        got.extend(await reader.read())
        done.set()

    connector = GuardedConnector(Answers(["127.0.0.1"]), EgressSettings())
    async with (
        Receiver(listen) as receiver,
        ClientSession(connector=connector, cookie_jar=DummyCookieJar()) as session,
    ):
        with pytest.raises(DestinationRefused):
            await session.get(f"http://unguarded.test:{receiver.port}/")
        await asyncio.wait_for(done.wait(), timeout=10)
    assert not got


async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept and leave."""


async def test_hanging_handshake() -> None:
    """A receiver that accepts and then says nothing to TLS has not been reached."""
    settings = EgressSettings(allow_loopback=True, connect_timeout_s=0.1)
    async with (
        Receiver(sends(once(), hold=True)) as receiver,
        open_caller(settings, SystemClock()) as caller,
    ):
        with pytest.raises(ConnectFailed):
            await caller.call(get(f"https://127.0.0.1:{receiver.port}/"))


async def test_unreachable() -> None:
    """A closed port, an unknown name and a failed handshake look alike and are worth a retry."""
    messages = set()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        async with Receiver(hang_up) as receiver, open_caller(DEV, SystemClock()) as caller:
            for url in (
                f"http://127.0.0.1:{bound.getsockname()[1]}/",
                "http://name.invalid/",
                f"https://127.0.0.1:{receiver.port}/",
            ):
                with pytest.raises(ConnectFailed) as failed:
                    await caller.call(get(url))
                messages.add(failed.value.message)
    assert len(messages) == 1


@pytest.fixture
def untrusted(tmp_path: Path) -> ssl.SSLContext:
    """A server's TLS with a fresh certificate for 127.0.0.1 that nobody vouches for."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -batch"
        f" -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
        f" -keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    return tls


async def test_untrusted_certificate(untrusted: ssl.SSLContext) -> None:
    """A certificate that nobody vouches for ends the call before the request is sent."""
    async with (
        Receiver(sends(once(OK + b"\r\n")), tls=untrusted) as receiver,
        open_caller(DEV, SystemClock()) as caller,
    ):
        with pytest.raises(ConnectFailed) as failed:
            await caller.call(get(f"https://127.0.0.1:{receiver.port}/"))
        assert isinstance(failed.value.__cause__, ssl.CertificateError)
        assert receiver.connections == 0
