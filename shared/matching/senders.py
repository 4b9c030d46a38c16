"""What keeps a webhook from knowing its senders: each preset has options of its own."""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from shared.domain.errors import Problem
from shared.domain.webhooks import Preset, Signed, WebhookAuth

_OF_ALL: Final = frozenset({"preset", "secret", "secrets"})
_HMAC: Final = frozenset({"header", "algorithm", "encoding", "prefix", "signed", "id_header"})
_TIMED: Final = frozenset({"timestamp_header", "tolerance_s"})
_OPTIONS: Final[Mapping[Preset, frozenset[str]]] = MappingProxyType(
    {
        Preset.HEADER: frozenset({"header"}),
        Preset.BASIC: frozenset(),
        Preset.BEARER: frozenset(),
        Preset.STANDARD: frozenset({"tolerance_s"}),
        Preset.GITHUB: frozenset(),
        Preset.STRIPE: frozenset({"tolerance_s"}),
        Preset.SLACK: frozenset({"tolerance_s"}),
        Preset.HMAC: _HMAC | _TIMED,
    }
)

_SECRET: Final = re.compile(
    r"authori[sz]ation|authentic|(^|-)auth(-|$)|cookie|credential|hmac|jwt|passw|secret|session"
    r"|signature|token|(access|api|private|shared)-?key"
)
"""What is in the names of headers that say who may send."""


def sender_problems(auth: WebhookAuth, pointer: str) -> Iterator[Problem]:
    """What is missing of ``auth``, which is at ``pointer``, and what it has that means nothing."""
    if auth.secret is not None and auth.secrets is not None:
        detail = "Name one secret in 'secret', or several in 'secrets', not both."
        yield Problem(pointer=f"{pointer}/secrets", code="MISPLACED_FIELD", detail=detail)
    for name in _needed(auth):
        if getattr(auth, name) is None:
            yield Problem(pointer=f"{pointer}/{name}", code="MISSING", detail="Field required.")
    for name in WebhookAuth.model_fields:
        if name not in _allowed(auth) and getattr(auth, name) is not None:
            detail = f"The preset '{auth.preset}' has no use for it here: leave it out."
            yield Problem(pointer=f"{pointer}/{name}", code="MISPLACED_FIELD", detail=detail)


def secret_header(auth: WebhookAuth | None) -> str | None:
    """The header that a sender shows a secret or a signature in, if it has a name of its own."""
    return None if auth is None or auth.header is None else auth.header.lower()


def kept_header_problems(
    names: Sequence[str], auth: WebhookAuth | None, pointer: str
) -> Iterator[Problem]:
    """Which of ``names``, which are at ``pointer``, no event may have: whoever reads it could send.

    Events are read by more people than secrets are.
    """
    for index, name in enumerate(names):
        if name == secret_header(auth) or _SECRET.search(name):
            detail = "It says who may send: an event has no such header."
            yield Problem(pointer=f"{pointer}/{index}", code="SECRET_HEADER", detail=detail)


def _needed(auth: WebhookAuth) -> Iterator[str]:
    if auth.secrets is None:
        yield "secret"
    if auth.preset in (Preset.HEADER, Preset.HMAC):
        yield "header"
    if auth.preset is Preset.HMAC:
        yield from (f"{part}_header" for part in _parts(auth) if part != "body")


def _allowed(auth: WebhookAuth) -> frozenset[str]:
    allowed = _OF_ALL | _OPTIONS[auth.preset]
    # A time that is not signed is anybody's to say.
    is_timed = auth.preset is not Preset.HMAC or "timestamp" in _parts(auth)
    return allowed if is_timed else allowed - _TIMED


def _parts(auth: WebhookAuth) -> list[str]:
    return (auth.signed or Signed.BODY).split(".")
