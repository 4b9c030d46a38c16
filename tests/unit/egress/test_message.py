"""What may be sent."""

from typing import Any
from uuid import UUID

import pytest

from shared.domain.ids import EnvironmentId
from shared.egress.errors import RequestRefused
from shared.egress.message import FORBIDDEN_HEADERS, Request, checked_headers
from shared.egress.settings import EgressSettings

OWN = "Turnout-Environment"
SETTINGS = EgressSettings(request_bytes_max=10, header_bytes_max=1_024)


def checked(headers: dict[str, str], method: str = "POST", **more: Any) -> dict[str, str]:
    """Check a request that differs only so."""
    request = Request(
        method=method, url="https://example.com/", headers=headers, timeout_s=1, **more
    )
    return checked_headers(request, SETTINGS)


@pytest.mark.parametrize("name", sorted(FORBIDDEN_HEADERS))
def test_own_headers(name: str) -> None:
    """A header that frames or routes the message is refused in any case."""
    for spelling in (name, name.upper(), name.title()):
        with pytest.raises(RequestRefused):
            checked({spelling: "x"})


@pytest.mark.parametrize("name", [OWN, OWN.lower(), OWN.upper()])
def test_whose_a_call_is_no_author_says(name: str) -> None:
    """What he says of it is left out: a call that was taken by a release before goes on."""
    environment = EnvironmentId(UUID(int=1))
    ours = {OWN: str(environment)}
    assert checked({name: "x", "X": "y"}) == checked({"X": "y"})
    assert checked({name: "x", "X": "y"}, environment_id=environment) == checked({"X": "y"}) | ours


@pytest.mark.parametrize("name", ["", " ", "a b", "a:", "a\r\nb", "a\n", "é", "a\x00", "(a)"])
def test_bad_names(name: str) -> None:
    """A header name that is no token is refused."""
    with pytest.raises(RequestRefused):
        checked({name: "x"})


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\n", "\r", "\x00", "\x1b", "\x7f", "€", "\ud800"])
def test_bad_values(value: str) -> None:
    """A header value with a line break, a control character or a wide one is refused, unshown."""
    with pytest.raises(RequestRefused) as refused:
        checked({"X-Token": value})
    assert value not in refused.value.message


@pytest.mark.parametrize("method", ["", "get", "CONNECT", "TRACE", "GET /x HTTP/1.1\r\n\r\n"])
def test_bad_methods(method: str) -> None:
    """Only the methods of plain HTTP calls are sent."""
    with pytest.raises(RequestRefused):
        checked({}, method=method)


def test_limits() -> None:
    """Body and headers pass at their limit and are refused one byte above."""
    checked({"x": "v" * 1_023}, body=b"b" * 10)
    with pytest.raises(RequestRefused):
        checked({"x": "v" * 1_024})
    with pytest.raises(RequestRefused):
        checked({}, body=b"b" * 11)


def test_defaults_give_way() -> None:
    """Our own Accept-Encoding and User-Agent stand until the author sets theirs, in any case."""
    assert checked({}) == {"Accept-Encoding": "identity", "User-Agent": "turnout"}
    assert checked({"accept-encoding": "gzip", "X": "caf\xe9"}) == {
        "User-Agent": "turnout",
        "accept-encoding": "gzip",
        "X": "caf\xe9",
    }
