"""Outbound HTTPS speaks only to who can prove who they are."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.hostile import fine
from tests.support.receiver import Receiver

EARLIER, LATER = "20200101000000Z", "20400101000000Z"
LONG_AGO = "20200201000000Z"
AUTHORITY = """
[ca]
default_ca = ours
[ours]
database = {folder}/index.txt
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
rand_serial = yes
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
authorityKeyIdentifier = keyid
"""
CALLS = """
import asyncio, json, sys
from shared.egress.caller import open_caller
from shared.egress.message import Request
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock

async def main(*urls):
    settings = EgressSettings(allow_loopback=True, connect_timeout_s=20)
    async with open_caller(settings, SystemClock()) as caller:
        async def call(url):
            try:
                return (await caller.call(Request(method="GET", url=url, timeout_s=30))).status
            except Exception as error:
                return [type(error).__name__, str(error)]
        print(json.dumps([await call(url) for url in urls]))

asyncio.run(main(*sys.argv[1:]))
"""


@dataclass(frozen=True)
class Authority:
    """Who vouches for servers; ``certificate`` is what those have to trust who believe it."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """Its own."""
        return self.folder / "authority.pem"

    def start(self) -> None:
        """Begin, with a key and a certificate of its own."""
        (self.folder / "index.txt").touch()
        (self.folder / "authority.cnf").write_text(AUTHORITY.format(folder=self.folder))
        self._openssl(
            f"req -x509 -subj /CN=authority -days 2 -out {self.certificate}",
            f"-keyout {self.folder}/authority.key",
        )

    def tls(self, name: str, *, alternative: str, until: str) -> ssl.SSLContext:
        """A server's TLS with a certificate for ``alternative`` that is good ``until`` then."""
        key, asked, given = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        self._openssl(
            f"req -subj /CN={name} -addext subjectAltName={alternative} -out {asked}",
            f"-keyout {key}",
        )
        subprocess.run(
            f"openssl ca -batch -notext -config {self.folder}/authority.cnf"
            f" -cert {self.certificate} -keyfile {self.folder}/authority.key -in {asked}"
            f" -out {given} -startdate {EARLIER} -enddate {until}".split(),
            check=True,
            capture_output=True,
        )
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(given, key)
        return tls

    def _openssl(self, *words: str) -> None:
        new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -batch"
        subprocess.run(
            ["openssl", *" ".join((*words, new)).split()], check=True, capture_output=True
        )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority of its own for one test."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificates")
    found = Authority(tmp_path)
    found.start()
    return found


async def test_only_a_good_certificate_is_believed(authority: Authority) -> None:
    """One that has expired, or is another's, ends the call as unreachable before it is sent."""
    here = "IP:127.0.0.1"
    servers = {
        "good": authority.tls("good", alternative=here, until=LATER),
        "expired": authority.tls("expired", alternative=here, until=LONG_AGO),
        "of another address": authority.tls("other", alternative="IP:127.0.0.9", until=LATER),
        "of a name": authority.tls("named", alternative="DNS:localhost", until=LATER),
    }
    async with AsyncExitStack() as opened:
        receivers = [
            await opened.enter_async_context(Receiver(fine, tls=tls)) for tls in servers.values()
        ]
        urls = [f"https://127.0.0.1:{receiver.port}/" for receiver in receivers]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CALLS, *urls[:1], *urls),
            cwd=Path(__file__).parents[2],
            # Read once in a process, as it begins.
            env={**os.environ, "SSL_CERT_FILE": str(authority.certificate)},
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
        good, again, *bad = json.loads(said)
        assert good == again == 200
        assert {name for name, _ in bad} == {"ConnectFailed"}
        assert len({message for _, message in bad}) == 1, "which it was is not told"
        assert [r.connections for r in receivers] == [1, 0, 0, 0], "one for both good calls"
