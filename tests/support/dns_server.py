"""A name server on loopback, over UDP and TCP, that answers by plan; and a way to ask it."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

UDP_BYTES_MAX: Final = 512
LOOKUP_WITHIN_S: Final = 30.0
SILENT_FOR_S: Final = 1.0
ALIASES_MAX: Final = 8

AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What to say to a question: records, as ``A 192.0.2.1``, or why there are none.

    Of one that is ``cut`` nothing fits into UDP, so it is to be asked for again over TCP; to one
    that is ``silent`` nothing is said at all.
    """

    records: tuple[str, ...] = ()
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    is_cut: bool = False
    is_silent: bool = False


Zone = Mapping[str, Sequence[Reply]]
"""By name and type, as ``a.test A``: each question gets the next reply, and then the last again.

A name that is not there under any type does not exist; ``*`` stands for all those.
"""


class DnsServer:
    """Serves a zone. ``asked`` counts the questions, ``by_tcp`` those that came over TCP."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._names = {line.split()[0] for line in zone}
        self.asked: Counter[str] = Counter()
        self.by_tcp: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        while not await self._opened():
            pass
        return self

    async def _opened(self) -> bool:
        """Whether a port that is free for TCP was free for UDP, too: who asks has some of those."""
        self._tcp = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        self.port: int = self._tcp.sockets[0].getsockname()[1]
        try:
            self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=("127.0.0.1", self.port)
            )
        except OSError:
            self._tcp.close()
            return False
        return True

    async def __aexit__(self, *_: object) -> None:
        self._udp.close()
        self._tcp.close()

    def getaddrinfo(
        self, host: str, _port: object, *, family: int, **_named: object
    ) -> list[AddressInfo]:
        """Like ``socket.getaddrinfo``, with this server as the only one; it blocks."""
        stub = dns.resolver.Resolver(configure=False)
        stub.nameservers, stub.port = ["127.0.0.1"], self.port
        is_silent = any(reply.is_silent for replies in self._zone.values() for reply in replies)
        stub.timeout = stub.lifetime = SILENT_FOR_S if is_silent else LOOKUP_WITHIN_S
        try:
            found = stub.resolve_name(dns.name.from_text(host), family)
        except dns.exception.DNSException as error:
            raise socket.gaierror(socket.EAI_NONAME, "no such name") from error
        return [
            (socket.AddressFamily(kind), socket.SOCK_STREAM, 6, "", (address, 0))
            for address, kind in found.addresses_and_families()
        ]

    def answer(self, wire: bytes, *, is_tcp: bool) -> bytes | None:
        """The answer to a question as it came; None: nothing."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        line = f"{name} {dns.rdatatype.to_text(question.rdtype)}"
        self.asked[line] += 1
        self.by_tcp[line] += is_tcp
        reply = self._reply(name, line)
        if reply.is_silent:
            return None
        response = dns.message.make_response(query)
        response.set_rcode(reply.rcode)
        if reply.is_cut and not is_tcp:
            response.flags |= dns.flags.TC
        else:
            response.answer = self._sets(question, reply)
        return response.to_wire(
            max_size=65_535 if is_tcp else UDP_BYTES_MAX, prefer_truncation=True
        )

    def _sets(self, question: dns.rrset.RRset, reply: Reply) -> list[dns.rrset.RRset]:
        """With what is known of another name, where the name is another's, as resolvers answer."""
        found: list[dns.rrset.RRset] = []
        owner, kind = question.name, dns.rdatatype.to_text(question.rdtype)
        while True:
            found += [dns.rrset.from_text(owner, 0, "IN", *r.split()) for r in reply.records]
            _, is_alias, other = (reply.records or ("",))[0].partition("CNAME ")
            if not is_alias or len(found) == ALIASES_MAX:
                return found
            owner = dns.name.from_text(other)
            reply = self._zone.get(f"{other.rstrip('.')} {kind}", [Reply()])[0]

    def _reply(self, name: str, line: str) -> Reply:
        if name not in self._names and "*" not in self._names:
            return Reply(rcode=dns.rcode.NXDOMAIN)
        if name not in self._names:
            return self._zone.get(f"* {line.split()[1]}", [Reply()])[0]
        replies = self._zone.get(line, [Reply()])
        # Asked again over TCP, it is the same question.
        turn = self.asked[line] - self.by_tcp[line]
        return replies[min(max(turn, 1), len(replies)) - 1]

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        answer = self.answer(await reader.readexactly(length), is_tcp=True)
        if answer is not None:
            writer.write(struct.pack("!H", len(answer)) + answer)
            await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = self._server.answer(data, is_tcp=False)
        if answer is not None:
            self._transport.sendto(answer, addr)
