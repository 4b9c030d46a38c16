"""The address blocks that are not the public internet.

Sources: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890, as of 2025), the IPv6
address space registry (only 2000::/3 is global unicast), multicast, prefixes that were retired
from the registries but are still routed by some networks, and the metadata services of clouds.
``ipaddress.is_global`` is no substitute: it calls multicast, 6to4 and NAT64 global.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Reach(StrEnum):
    """What lies behind an address."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    NEVER = "never"


def _blocks(reach: Reach, *networks: str) -> list[tuple[Network, Reach]]:
    return [(ip_network(network), reach) for network in networks]


_LOOPBACK = _blocks(Reach.LOOPBACK, "127.0.0.0/8", "::1/128")

_PRIVATE = _blocks(
    Reach.PRIVATE,
    "10.0.0.0/8",  # RFC 1918
    "100.64.0.0/10",  # RFC 6598, shared by carriers; some clusters give it to pods
    "172.16.0.0/12",  # RFC 1918
    "192.168.0.0/16",  # RFC 1918
    "fc00::/7",  # RFC 4193, unique local
)

_NEVER = _blocks(
    Reach.NEVER,
    "0.0.0.0/8",  # RFC 791, this network
    "100.100.100.200/32",  # Alibaba Cloud metadata
    "169.254.0.0/16",  # RFC 3927, link-local; most clouds' metadata
    "192.0.0.0/24",  # RFC 6890, protocol assignments; Oracle Cloud metadata
    "192.0.2.0/24",  # RFC 5737, documentation
    "192.31.196.0/24",  # RFC 7535, AS112
    "192.52.193.0/24",  # RFC 7450, AMT relays
    "192.88.99.0/24",  # RFC 7526, 6to4 relays, retired
    "192.175.48.0/24",  # RFC 7534, AS112
    "198.18.0.0/15",  # RFC 2544, benchmarking
    "198.51.100.0/24",  # RFC 5737, documentation
    "203.0.113.0/24",  # RFC 5737, documentation
    "224.0.0.0/4",  # RFC 5771, multicast
    "240.0.0.0/4",  # RFC 1112, reserved, and the limited broadcast
    # All of IPv6 outside 2000::/3. Among it, named for the reader: the unspecified address,
    # IPv4-compatible ::/96, IPv4-mapped ::ffff:0:0/96, NAT64 64:ff9b::/96 and 64:ff9b:1::/48,
    # discard-only 100::/64, SRv6 5f00::/16, link-local fe80::/10, site-local fec0::/10,
    # multicast ff00::/8. A form that carries an IPv4 address is refused whatever it carries.
    "::/3",
    "4000::/2",
    "8000::/1",
    "2001::/23",  # RFC 2928, protocol assignments; among them Teredo, ORCHID, benchmarking
    "2001:db8::/32",  # RFC 3849, documentation
    "2002::/16",  # RFC 3056, 6to4, carries an IPv4 address
    "2620:4f:8000::/48",  # RFC 7534, AS112
    "3fff::/20",  # RFC 9637, documentation
    "fd00:ec2::254/128",  # Amazon metadata
    "fd20:ce::254/128",  # Google Cloud metadata
)

SPECIAL_BLOCKS: Final = tuple(
    sorted(_LOOPBACK + _PRIVATE + _NEVER, key=lambda entry: entry[0].prefixlen, reverse=True)
)


def reach_of(address: Address) -> Reach:
    """What lies behind the address, by the narrowest block that holds it."""
    return next((reach for block, reach in SPECIAL_BLOCKS if address in block), Reach.PUBLIC)
