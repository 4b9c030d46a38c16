"""Connections only to addresses that were checked, of which nothing is kept but the connection."""

import asyncio
import socket
from ipaddress import ip_address
from uuid import UUID

from aiohttp import ClientConnectionError, ClientRequest, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from shared.domain.ids import EnvironmentId
from shared.egress.errors import DestinationRefused
from shared.egress.guard import address_allowed
from shared.egress.settings import EgressSettings


class GuardedResolver(AbstractResolver):
    """Resolves a name, and refuses it if any one of its addresses may not be called.

    The connector connects to the very addresses returned, so a name that answers differently
    the next time gains nothing.
    """

    def __init__(self, inner: AbstractResolver, settings: EgressSettings) -> None:
        self._inner = inner
        self._settings = settings

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answers = await self._inner.resolve(host, port, family)
        if not answers:
            raise OSError("the name has no address")
        policy = self._settings.for_host(host)
        if not all(address_allowed(ip_address(answer["host"]), policy) for answer in answers):
            raise DestinationRefused
        return answers

    async def close(self) -> None:
        await self._inner.close()


class OwnedRequest(ClientRequest):
    """A request on a connection that only others of its owner have used.

    A receiver that takes a body for the beginning of the next request would else hear one
    environment's words before another's, whose headers it would hand to the first.
    """

    @property
    def connection_key(self) -> ConnectionKey:
        owner = self.original_url.raw_fragment
        if not owner:
            return super().connection_key
        # There are no proxies, so this part of the key is free.
        return super().connection_key._replace(proxy_headers_hash=UUID(owner).int)


def owned(url: URL, environment_id: EnvironmentId | None) -> URL:
    """The URL with its owner as the fragment, which is never sent."""
    return url.with_fragment(None if environment_id is None else str(environment_id))


class GuardedConnector(TCPConnector):
    """Hands out a connection only after looking at who is at its other end.

    This is the second look: names were judged by the resolver, literal addresses (which never
    reach a resolver) with the URL. It holds whatever the library does in between.
    """

    def __init__(self, resolver: AbstractResolver, settings: EgressSettings) -> None:
        super().__init__(
            resolver=resolver,
            use_dns_cache=False,
            limit=settings.connections_max,
            limit_per_host=settings.connections_per_host_max,
            keepalive_timeout=settings.idle_s,
        )
        self._settings = settings

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109, the library's name
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        transport = connection.transport
        peer = transport.get_extra_info("peername") if transport else None
        if peer is None:
            connection.close()
            raise ClientConnectionError("the connection was lost as it was made")
        policy = self._settings.for_host(req.url.raw_host or "")
        if not address_allowed(ip_address(peer[0]), policy):
            connection.close()
            raise DestinationRefused
        _hush_when_unused(connection)
        return connection


def _hush_when_unused(connection: Connection) -> None:
    """Have a byte that comes while nobody asked for one end the connection.

    The library would take it for the beginning of the next answer, and keep whatever else comes,
    without bound, for as long as it keeps the connection.
    """
    handler, transport = connection.protocol, connection.transport
    if handler is None or transport is None:
        return
    transport.set_protocol(handler)
    connection.add_callback(lambda: transport.set_protocol(_Unused(handler, transport)))


class _Unused(asyncio.Protocol):
    """Receives in place of a connection's handler while the connection is unused."""

    def __init__(self, handler: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._handler = handler
        self._transport = transport

    def data_received(self, data: bytes) -> None:  # noqa: ARG002, whatever it is
        self._transport.abort()

    def eof_received(self) -> bool | None:
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._handler.connection_lost(exc)
