"""What goes out and what comes back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from shared.domain.causes import DEPTH_HEADER
from shared.domain.ids import EnvironmentId
from shared.egress.errors import RequestRefused
from shared.egress.settings import EgressSettings

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

ENVIRONMENT_HEADER: Final = "Turnout-Environment"
"""Whose call it is, so that receivers can tell environments apart; what authors say is left out."""

# The connection's own headers: whoever sets them could split or redirect the message; and what
# ends a loop of calls.
FORBIDDEN_HEADERS: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        DEPTH_HEADER.lower(),
        "transfer-encoding",
        "upgrade",
    }
)

# Compression that nobody asked for only costs; an author who wants it may say so.
_DEFAULTS: Final = MappingProxyType({"Accept-Encoding": "identity", "User-Agent": "turnout"})

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; its URL, headers and body may stem from a template and are not trusted.

    ``depth`` executions have led to it, which a header tells its receiver, who may be ourselves.
    Only requests of the same ``environment_id``, which another header tells, share connections;
    None: it is ours.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_s: float
    depth: int = 0
    environment_id: EnvironmentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response, of whatever status; redirects are not followed.

    Header names are lower case, repeated ones joined with a comma. ``body`` is decompressed;
    if ``truncated`` it is only the first ``body_bytes_max`` bytes. ``duration_s`` runs from the
    call to the last byte.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool
    duration_s: float


def checked_headers(request: Request, settings: EgressSettings) -> dict[str, str]:
    """The headers to send; raises RequestRefused on what could break the message apart."""
    if request.method not in METHODS:
        raise RequestRefused(f"the method must be one of {', '.join(sorted(METHODS))}")
    if len(request.body or b"") > settings.request_bytes_max:
        raise RequestRefused(f"the body is larger than {settings.request_bytes_max} bytes")
    for name, value in request.headers.items():
        if not _TOKEN.fullmatch(name):
            raise RequestRefused("a header's name holds a character it must not")
        if name.lower() in FORBIDDEN_HEADERS:
            raise RequestRefused(f"the header {name} is set by the client")
        if not _VALUE.fullmatch(value):
            raise RequestRefused(f"the value of the header {name} holds a forbidden character")
    if _size(request.headers) > settings.header_bytes_max:
        raise RequestRefused(f"the headers are larger than {settings.header_bytes_max} bytes")
    given = {name.lower() for name in request.headers}
    defaults = {name: value for name, value in _DEFAULTS.items() if name.lower() not in given}
    chain = {DEPTH_HEADER: str(request.depth)} if request.depth else {}
    whose = request.environment_id
    chain |= {} if whose is None else {ENVIRONMENT_HEADER: str(whose)}
    # A release before took what authors said of it: such a call is not refused, it says ours.
    own = ENVIRONMENT_HEADER.lower()
    said = {name: value for name, value in request.headers.items() if name.lower() != own}
    return defaults | said | chain


def _size(headers: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in headers.items())
