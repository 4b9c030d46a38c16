"""Tags of definitions, and what callers make depend on them.

The tag of a definition changes with every change of it. What its document says beside that (runs,
what a draft lacks) has no part in it.
"""

from typing import Final

from aiohttp import web

from services.api.http.problems import Changed
from shared.domain.actions import RegisteredAction
from shared.domain.event_types import EventType
from shared.domain.preconditions import Preconditions
from shared.domain.principals import Caller
from shared.domain.webhooks import WebhookEndpoint
from shared.domain.workflows import Workflow
from shared.wire.envelope import stamp

Tagged = Workflow | RegisteredAction | EventType | WebhookEndpoint

GZIPPED: Final = "-gzip"
"""What the tag of a gzipped document ends with: it is not the same, byte for byte."""

_KEPT: Final = "private, no-cache"
"""Who asked may keep a definition, and asks each time whether it is still the same."""


def tag_of(thing: Tagged) -> str:
    """What tells a state of a definition from every other one that it ever has."""
    match thing:
        case EventType(updated_at=at) | WebhookEndpoint(updated_at=at):
            return stamp(at)
        case (
            Workflow(version=version, updated_at=at)
            | RegisteredAction(version=version, updated_at=at)
        ):
            return f"{version}/{stamp(at)}"


def preconditions_of(request: web.Request) -> Preconditions:
    """What If-Match and If-None-Match ask for."""
    return Preconditions(
        if_match=_tags(request, "If-Match"), if_none_match=_tags(request, "If-None-Match")
    )


def check(caller: Caller, thing: Tagged | None) -> None:
    """Raises Changed unless the caller wants this to be changed; None: it is not there.

    Needs the lock of whoever changes it.
    """
    if not caller.preconditions.allow(None if thing is None else tag_of(thing)):
        raise Changed


def tagged(request: web.Request, response: web.Response, thing: Tagged) -> web.Response:
    """``response``, which shows ``thing``, with its tag; 304 to a GET by who has it already."""
    headers = {"ETag": f'"{tag_of(thing)}"', "Cache-Control": _KEPT}
    if request.method == "GET":
        if_none_match = preconditions_of(request).if_none_match
        if not Preconditions(if_none_match=if_none_match).allow(tag_of(thing)):
            return web.Response(status=304, headers=headers)
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


def _tags(request: web.Request, header: str) -> frozenset[str] | None:
    """Weak tags, which are never ours, match nothing."""
    if header not in request.headers:
        return None
    found = request.if_match if header == "If-Match" else request.if_none_match
    return frozenset(each.value.removesuffix(GZIPPED) for each in found or () if not each.is_weak)
