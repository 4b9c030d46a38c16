"""Which destinations may be called: decided from text and addresses alone, without I/O.

A host name is judged twice: its spelling by ``check_url``, and every address that it resolves
to by ``address_allowed``.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self

from pydantic import Field
from yarl import URL

from shared.egress.errors import DestinationRefused
from shared.egress.special_addresses import Address, Network, Reach, reach_of
from shared.runtime.settings import Group

URL_CHARACTERS_MAX: Final = 8_192
HOST_CHARACTERS_MAX: Final = 253

_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
# RFC 6761: this machine, whatever a server of names says.
_IS_HERE = re.compile(r"(?:.*\.)?localhost")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
# What resolvers read as a number, as the URL standard has it ("ends in a number").
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


class EgressPolicy(Group):
    """Who may be called; the default is the public internet only.

    Link-local, metadata, multicast, reserved and translated addresses are never called.
    """

    allow_private: bool = Field(default=False, description="RFC 1918, 6598 and 4193 addresses")
    allow_loopback: bool = Field(default=False, description="this machine; for development")
    allow_hosts: frozenset[str] = Field(
        default=frozenset(),
        description="hosts (as in the URL, lower case) whose addresses may be private or loopback",
    )
    deny_networks: tuple[Network, ...] = Field(
        default=(), description="more networks never to call, such as one's own public addresses"
    )
    deny_ports: frozenset[int] = Field(
        default=frozenset({5432, 6379, 9092, 11211, 27017}),
        description="ports above 1023 never to call; below, only 80 and 443 are called",
    )

    def for_host(self, host: str) -> Self:
        """The policy as it stands for this canonical host."""
        if host not in self.allow_hosts:
            return self
        return self.model_copy(update={"allow_private": True, "allow_loopback": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A destination whose spelling passed.

    ``host`` is canonical: lower-case ASCII without a final dot, or an address as Python writes
    it. ``address`` is set if the host is one; it has been judged. ``url`` is what to send.
    """

    url: URL
    host: str
    port: int
    address: Address | None


def check_url(text: str, policy: EgressPolicy) -> Target:
    """Parse the URL once, with the parser of the client, and judge what it says.

    Raises DestinationRefused. A fault of the spelling is named, for it is plain to whoever wrote
    it; a refused address is not explained.
    """
    if len(text) > URL_CHARACTERS_MAX:
        raise DestinationRefused(f"the URL is longer than {URL_CHARACTERS_MAX} characters")
    if _UNPRINTABLE.search(text):
        raise DestinationRefused("the URL holds a space or a control character")
    try:
        url = URL(text)
        port = url.port
    except ValueError as error:
        raise DestinationRefused("this is not a valid URL") from error
    if url.scheme not in {"http", "https"}:
        raise DestinationRefused("only http and https URLs can be called")
    if url.user is not None or url.password is not None:
        raise DestinationRefused("the URL holds a user name or password; send a header instead")
    if port is None or not _port_allowed(port, policy):
        raise DestinationRefused("this port may not be called")
    host, address = _canonical_host(url.raw_host or "", bracketed="://[" in text)
    if address is not None and not address_allowed(address, policy.for_host(host)):
        raise DestinationRefused
    if _IS_HERE.fullmatch(host) and not policy.for_host(host).allow_loopback:
        raise DestinationRefused
    url = url.with_host(host).with_fragment(None)
    return Target(url=url, host=host, port=port, address=address)


def address_allowed(address: Address, policy: EgressPolicy) -> bool:
    """Whether a connection to this address may be made."""
    if any(address in network for network in policy.deny_networks):
        return False
    match reach_of(address):
        case Reach.PUBLIC:
            return True
        case Reach.PRIVATE:
            return policy.allow_private
        case Reach.LOOPBACK:
            return policy.allow_loopback
        case Reach.NEVER:
            return False


def _port_allowed(port: int, policy: EgressPolicy) -> bool:
    return port in {80, 443} or (port > 1023 and port not in policy.deny_ports)  # noqa: PLR2004


def _canonical_host(raw_host: str, *, bracketed: bool) -> tuple[str, Address | None]:
    """Judge the host after IDNA, where digits in circles have become plain ones."""
    host = raw_host.lower().removesuffix(".")
    if bracketed or _ENDS_IN_NUMBER.fullmatch(host):
        return _literal(host)
    if len(host) > HOST_CHARACTERS_MAX or not _NAME.fullmatch(host):
        raise DestinationRefused("the URL's host is not a valid name")
    return host, None


def _literal(host: str) -> tuple[str, Address]:
    try:
        address = ip_address(host)
    except ValueError as error:
        raise DestinationRefused("the URL's host is not a plainly written address") from error
    if "%" in host:
        raise DestinationRefused("an address with a zone cannot be called")
    return str(address), address
