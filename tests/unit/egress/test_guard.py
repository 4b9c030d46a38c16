"""Which destinations may be called."""

import socket
from contextlib import suppress
from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.egress.errors import DestinationRefused
from shared.egress.guard import EgressPolicy, address_allowed, check_url
from shared.egress.settings import EgressSettings
from shared.egress.special_addresses import SPECIAL_BLOCKS, Reach, reach_of

PUBLIC_ONLY = EgressPolicy()

# The lists of Smokescreen, Svix and the like, plus the addresses on either side of a block.
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.167.255.255
192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255
2000::1 2001:200::1 2001:4860:4860::8888 2003::1 2606:4700:4700::1111 2a00:1450::1 3ffe:ffff::1
"""
LOOPBACK = "127.0.0.1 127.0.0.53 127.1.2.3 127.255.255.255 ::1"
PRIVATE = """
10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 172.16.0.0 172.31.255.255 192.168.0.1
192.168.255.255 fc00::1 fd00::1 fdff:ffff::1
"""
NEVER = """
0.0.0.0 0.255.255.255 100.100.100.200 169.254.0.1 169.254.169.254 169.254.170.2 192.0.0.1
192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.175.48.1 198.18.0.1
198.19.255.255 198.51.100.1 203.0.113.255 224.0.0.1
239.255.255.250 240.0.0.1 255.255.255.255
:: ::7f00:1 ::808:808 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
64:ff9b::808:808 64:ff9b:1::a00:1 100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:f5ff:fffe
2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 2620:4f:8000::1
3fff::1 3fff:fff::1 4000::1 5f00::1 8000::1 fd00:ec2::254 fd20:ce::254 fe80::1 fe80::1%eth0
febf::1 fec0::1 ff02::1 ff0e::1
"""

EVERY_LOOPBACK_SPELLING = """
127.0.0.1 127.0.0.1. 127.1 127.0.1 2130706433 017700000001 0177.0.0.1 0177.0.0.01 127.0.0.01
0x7f000001 0x7f.1 0x7f.0.0.1 0X7F000001 127.0.0.0x1 0x7f.0x0.0x0.0x1 127.0.0.1.0x 00127.0.0.1
①②⑦.⓪.⓪.① 127。0。0。1 127.0.0.1 %31%32%37.0.0.1 127.0.0.1%00.example.com 0 0.0.0.0 256.0.0.1
[::1] [0:0:0:0:0:0:0:1] [0000::0001] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1]
[::FFFF:7F00:0001] [64:ff9b::127.0.0.1] [2002:7f00:1::] [::1%25lo] [::1%lo] [v1.1] [v1.::1] [::]
"""

WRONG_URLS = [
    "",
    "example.com",
    "//example.com/",
    "http:///path",
    "http:/example.com",
    "http://",
    "ftp://example.com/",
    "ws://example.com/",
    "wss://example.com/",
    "file:///etc/passwd",
    "gopher://example.com:80/",
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://:password@example.com/",
    "http://8.8.8.8\\@example.com/",
    "http://exam\tple.com/",
    "http://example.com/\r\nX: y",
    " http://example.com/",
    "http://example .com/",
    "http://example.com\x00/",
    "http://example..com/",
    "http://.example.com/",
    "http://example.com../",
    "http://-example.com/",
    "http://exa%6dple.com/",
    "http://exa!mple.com/",
    f"http://{'a' * 64}.com/",
    f"http://{'a.' * 127}com/",
    f"http://example.com/{'a' * 8_192}",
    "http://[::1/",
    "http://[8.8.8.8]/",
    "http://[v1.a]/",
    "http://[2606:4700::1%25eth0]/",
    "http://example.com:0/",
    "http://example.com:22/",
    "http://example.com:81/",
    "http://example.com:1023/",
    "http://example.com:5432/",
    "http://example.com:65536/",
    "http://example.com:-1/",
    "http://example.com:80:80/",
]


@pytest.mark.parametrize(
    ("addresses", "reach", "opened_by"),
    [
        (PUBLIC, Reach.PUBLIC, PUBLIC_ONLY),
        (LOOPBACK, Reach.LOOPBACK, EgressPolicy(allow_loopback=True)),
        (PRIVATE, Reach.PRIVATE, EgressPolicy(allow_private=True)),
    ],
)
def test_reach(addresses: str, reach: Reach, opened_by: EgressPolicy) -> None:
    """Each address has its reach, and only the setting for that reach opens it."""
    for address in map(ip_address, addresses.split()):
        assert reach_of(address) is reach, address
        assert address_allowed(address, opened_by), address
        assert address_allowed(address, PUBLIC_ONLY) is (reach is Reach.PUBLIC), address


@pytest.mark.parametrize("text", NEVER.split())
def test_never(text: str) -> None:
    """No setting opens metadata, link-local, multicast, reserved or translated addresses."""
    everything = EgressPolicy(allow_private=True, allow_loopback=True)
    assert not address_allowed(ip_address(text), everything)


def test_blocks_end_to_end() -> None:
    """A block's first and last addresses are special, so no prefix length is mistyped short."""
    for block, _ in SPECIAL_BLOCKS:
        assert reach_of(block[0]) is not Reach.PUBLIC, block
        assert reach_of(block[-1]) is not Reach.PUBLIC, block


@given(st.integers(min_value=0, max_value=2**128 - 1).map(IPv6Address))
def test_only_global_unicast_is_public(address: IPv6Address) -> None:
    """No IPv6 address outside 2000::/3 counts as public."""
    assert address in ip_network("2000::/3") or reach_of(address) is not Reach.PUBLIC


def test_deny_networks() -> None:
    """A network that the operator denies stays closed even where its reach is open."""
    policy = EgressPolicy(allow_private=True, deny_networks=(ip_network("10.1.0.0/16"),))
    assert address_allowed(ip_address("10.2.0.1"), policy)
    assert not address_allowed(ip_address("10.1.0.1"), policy)


@pytest.mark.parametrize("host", EVERY_LOOPBACK_SPELLING.split())
def test_no_spelling_reaches_loopback(host: str) -> None:
    """However loopback is spelled, the default policy refuses it."""
    with pytest.raises(DestinationRefused):
        check_url(f"http://{host}/", PUBLIC_ONLY)


@pytest.mark.parametrize("url", WRONG_URLS)
def test_wrong_urls(url: str) -> None:
    """A URL that is malformed or asks for more than HTTP to a web port is refused."""
    with pytest.raises(DestinationRefused):
        check_url(url, EgressPolicy(allow_private=True, allow_loopback=True))


@pytest.mark.parametrize(
    ("text", "sent", "host", "port"),
    [
        ("HTTP://EXAMPLE.com", "http://example.com/", "example.com", 80),
        ("https://example.com./a?b=c#d", "https://example.com/a?b=c", "example.com", 443),
        ("https://example.com:8443/", "https://example.com:8443/", "example.com", 8443),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC", None, 80),
        ("http://good.example#@evil.example/", "http://good.example/", "good.example", 80),
        ("http://a_b.example/", "http://a_b.example/", "a_b.example", 80),
        ("http://8.8.8.8.:80/", "http://8.8.8.8/", "8.8.8.8", 80),
        ("http://[2606:4700:0:0::1]/", "http://[2606:4700::1]/", "2606:4700::1", 80),
        ("http://0x7f.example/", "http://0x7f.example/", "0x7f.example", 80),
    ],
)
def test_canonical_target(text: str, sent: str, host: str | None, port: int) -> None:
    """What passes is canonical: the host judged is the host sent."""
    target = check_url(text, PUBLIC_ONLY)
    assert str(target.url).removesuffix("/") == sent.removesuffix("/")
    assert target.host == target.url.raw_host == (host or target.host)
    assert target.port == port


def test_address_refusals_look_alike() -> None:
    """A refused address is not explained: the message is the same for every one and port."""
    urls = ["http://127.0.0.1/", "http://10.0.0.1:8080/", "http://[fe80::1]:9999/"]
    messages = set()
    for url in urls:
        with pytest.raises(DestinationRefused) as refused:
            check_url(url, PUBLIC_ONLY)
        messages.add(refused.value.message)
    assert messages == {"The destination may not be called."}


def test_allowed_host() -> None:
    """A listed host may be private or loopback, yet never metadata; others gain nothing."""
    settings = EgressSettings(allow_hosts=frozenset({"jobs.internal", "10.0.0.5"}))
    listed = settings.for_host("jobs.internal")
    assert address_allowed(ip_address("10.0.0.1"), listed)
    assert address_allowed(ip_address("127.0.0.1"), listed)
    assert not address_allowed(ip_address("169.254.169.254"), listed)
    assert settings.for_host("evil.jobs.internal") == settings
    assert check_url("http://10.0.0.5/", settings).address == ip_address("10.0.0.5")
    with pytest.raises(DestinationRefused):
        check_url("http://10.0.0.6/", settings)


_NUMBER = st.sampled_from(["0", "1", "127", "0x7f", "0X7F", "0177", "256", "0x", "1e3", "", "a"])


@given(st.lists(_NUMBER, min_size=1, max_size=5).map(".".join))
def test_no_name_is_a_number(host: str) -> None:
    """What passes as a name is nothing that a resolver would take for an IPv4 address."""
    with suppress(DestinationRefused):
        target = check_url(f"http://{host}/", PUBLIC_ONLY)
        if target.address is None:
            with pytest.raises(OSError, match="illegal IP"):
                socket.inet_aton(target.host)


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_text(host: str, path: str) -> None:
    """Any text is refused or canonical, and what is canonical passes again unchanged."""
    with suppress(DestinationRefused):
        target = check_url(f"http://{host}/{path}", PUBLIC_ONLY)
        assert check_url(str(target.url), PUBLIC_ONLY) == target
