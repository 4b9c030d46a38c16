"""What senders claim about what they send, in the way of each preset. Nothing is believed yet.

Whatever a stranger sends, the only error is NotLetIn.
"""

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.api.http.problems import NotLetIn
from shared.domain.webhooks import Algorithm, Encoding, Preset, Signed, WebhookAuth

SIGNATURES_MAX: Final = 16
"""So many of a header are looked at; a sender in a rotation shows two."""

_ID: Final = re.compile(rb"[!-~]{1,256}")
_PUBLIC: Final = b"whpk_"

Knows = Callable[[bytes], bool]
"""Whether a signature, or what else is shown, is by one who knows a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What has arrived: each header's values by its name in lower case, the body as it came."""

    headers: Mapping[str, Sequence[bytes]]
    body: bytes
    at: datetime

    def header(self, name: str) -> bytes:
        """The value of a header. Raises NotLetIn unless it is given once, and not empty."""
        values = self.headers.get(name.lower(), ())
        if len(values) != 1 or not values[0]:
            raise NotLetIn(f"the header '{name}' is missing, empty, or given twice")
        return values[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a sender shows, and how a secret tells whether it is right.

    ``knows`` gives None for a secret that cannot be one of the preset. ``timestamp`` is signed, in
    seconds of Unix as they were written; ``id`` names the delivery, unless the field ``id_field``
    of its body does.
    """

    given: Sequence[bytes]
    knows: Callable[[bytes], Knows | None]
    timestamp: bytes | None = None
    id: str | None = None
    id_field: str | None = None

    def id_of(self, body: Any) -> str | None:
        """What the sender calls this delivery; it says the same when it sends it again."""
        named = body.get(self.id_field) if isinstance(body, dict) else None
        is_named = isinstance(named, str) and _ID.fullmatch(named.encode())
        return named if is_named else self.id


def claim_of(auth: WebhookAuth, delivery: Delivery) -> Claim:
    """What the sender of ``delivery`` claims. Raises NotLetIn when that is not in the preset's way.

    The options of ``auth`` are those that its preset needs.
    """
    return _CLAIMS[auth.preset](auth, delivery)


def _header(auth: WebhookAuth, delivery: Delivery) -> Claim:
    return Claim(given=(delivery.header(auth.header or ""),), knows=_is)


def _basic(_: WebhookAuth, delivery: Delivery) -> Claim:
    given = _credentials(delivery, b"basic")
    return Claim(given=(given,), knows=lambda secret: _is(b64encode(secret)))


def _bearer(_: WebhookAuth, delivery: Delivery) -> Claim:
    given = _credentials(delivery, b"bearer")
    return Claim(given=(given,), knows=_is)


def _standard(_: WebhookAuth, delivery: Delivery) -> Claim:
    id_, timestamp = delivery.header("webhook-id"), delivery.header("webhook-timestamp")
    if not _ID.fullmatch(id_) or b"." in id_:
        raise NotLetIn("the id is empty, too long, or has what an id has not")
    return Claim(
        given=_parted(delivery.header("webhook-signature"), b" "),
        knows=partial(_standard_knows, b".".join((id_, timestamp, delivery.body))),
        timestamp=timestamp,
        id=id_.decode(),
    )


def _github(_: WebhookAuth, delivery: Delivery) -> Claim:
    return Claim(
        given=(delivery.header("x-hub-signature-256"),),
        knows=_signs(delivery.body, prefix=b"sha256="),
        id=_optional_id(delivery, "x-github-delivery"),
    )


def _stripe(_: WebhookAuth, delivery: Delivery) -> Claim:
    parts = _parted(delivery.header("stripe-signature"), b",")
    named = [(name, value) for name, _, value in (part.strip().partition(b"=") for part in parts)]
    times = [value for name, value in named if name == b"t"]
    if len(times) != 1:
        raise NotLetIn("the signature has no time, or several")
    signed = times[0] + b"." + delivery.body
    return Claim(
        given=[value for name, value in named if name == b"v1"],
        knows=_signs(signed),
        timestamp=times[0],
        id=sha256(signed).hexdigest(),
        id_field="id",
    )


def _slack(_: WebhookAuth, delivery: Delivery) -> Claim:
    timestamp = delivery.header("x-slack-request-timestamp")
    signed = b":".join((b"v0", timestamp, delivery.body))
    return Claim(
        given=(delivery.header("x-slack-signature"),),
        knows=_signs(signed, prefix=b"v0="),
        timestamp=timestamp,
        id=sha256(signed).hexdigest(),
        id_field="event_id",
    )


def _hmac(auth: WebhookAuth, delivery: Delivery) -> Claim:
    names = {"timestamp": auth.timestamp_header or "", "id": auth.id_header or ""}
    *before, _ = (auth.signed or Signed.BODY).split(".")
    said = {part: delivery.header(names[part]) for part in before}
    signed = b".".join((*said.values(), delivery.body))
    signs = _signs(
        signed,
        algorithm=auth.algorithm or Algorithm.SHA256,
        encoding=auth.encoding or Encoding.HEX,
        prefix=(auth.prefix or "").encode(),
    )
    timestamp = said.get("timestamp")
    unnamed = None if timestamp is None else sha256(signed).hexdigest()
    return Claim(
        given=(delivery.header(auth.header or ""),),
        knows=signs,
        timestamp=timestamp,
        id=_optional_id(delivery, names["id"]) or unnamed,
    )


_CLAIMS: Final[Mapping[Preset, Callable[[WebhookAuth, Delivery], Claim]]] = MappingProxyType(
    {
        Preset.HEADER: _header,
        Preset.BASIC: _basic,
        Preset.BEARER: _bearer,
        Preset.STANDARD: _standard,
        Preset.GITHUB: _github,
        Preset.STRIPE: _stripe,
        Preset.SLACK: _slack,
        Preset.HMAC: _hmac,
    }
)


def _is(expected: bytes) -> Knows:
    """Compared in a time that does not tell how much of it is right."""
    return partial(hmac.compare_digest, expected)


def _signs(
    signed: bytes,
    *,
    algorithm: Algorithm = Algorithm.SHA256,
    encoding: Encoding = Encoding.HEX,
    prefix: bytes = b"",
) -> Callable[[bytes], Knows]:
    def knows(secret: bytes) -> Knows:
        digest = hmac.digest(secret, signed, algorithm.value)
        written = digest.hex().encode() if encoding is Encoding.HEX else b64encode(digest)
        return _is(prefix + written)

    return knows


def _standard_knows(signed: bytes, secret: bytes) -> Knows | None:
    """By a public key, ``whpk_…``, or by a shared one, ``whsec_…``; both in base64."""
    try:
        if secret.startswith(_PUBLIC):
            raw = b64decode(secret.removeprefix(_PUBLIC), validate=True)
            return partial(_is_signed, Ed25519PublicKey.from_public_bytes(raw), signed)
        key = b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except ValueError:
        return None
    return _is(b"v1," + b64encode(hmac.digest(key, signed, "sha256"))) if key else None


def _is_signed(key: Ed25519PublicKey, signed: bytes, given: bytes) -> bool:
    version, _, signature = given.partition(b",")
    try:
        key.verify(b64decode(signature, validate=True), signed)
    except (InvalidSignature, binascii.Error):
        return False
    return version == b"v1a"


def _credentials(delivery: Delivery, scheme: bytes) -> bytes:
    shown, _, credentials = delivery.header("authorization").partition(b" ")
    if shown.lower() != scheme:
        raise NotLetIn(f"the header 'Authorization' is not of the scheme '{scheme.decode()}'")
    return credentials.strip()


def _parted(value: bytes, separator: bytes) -> Sequence[bytes]:
    """The first parts of a list: however long it is, no more are looked at."""
    return value.split(separator, SIGNATURES_MAX)[:SIGNATURES_MAX]


def _optional_id(delivery: Delivery, name: str) -> str | None:
    values = delivery.headers.get(name.lower(), ())
    return values[0].decode() if len(values) == 1 and _ID.fullmatch(values[0]) else None
