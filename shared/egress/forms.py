"""Signing what we send, in each form in which receivers check it.

Every secret that is given signs, so that receivers can change from one to the next in their own
time; of the forms with room for one signature, the first does.
"""

import hashlib
import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr

from shared.domain.errors import Rejected
from shared.domain.subscriptions import SigningForm, SigningKey
from shared.egress.signing import signed_headers
from shared.wire.envelope import dumps

RSA_BITS: Final = 2_048
_EXPONENT: Final = 65_537


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent: ``id`` stays the same when it is sent again, ``attempt`` counts from 1."""

    id: str
    kind: str
    attempt: int
    sent_at: datetime
    body: bytes


def headers_of(form: SigningForm, message: Message, keys: Sequence[SigningKey]) -> dict[str, str]:
    """The headers by which a receiver knows the message is ours; without keys it is unsigned.

    Raises Rejected for a key that is none of this form.
    """
    return _FORMS[form](message, keys)


def new_secret(form: SigningForm, token: str) -> SecretStr:
    """A secret of a form, made of a text with 256 bits of chance. See also ``new_pair``."""
    match form:
        case SigningForm.STANDARD:
            return SecretStr(f"whsec_{b64encode(token.encode()).decode()}")
        case SigningForm.SIXTYFOUR:
            return SecretStr(f"sk_whsec_{token}")
        case _:
            return SecretStr(token)


def new_pair(id_: UUID) -> tuple[SecretStr, dict[str, str]]:
    """A new RSA key pair: the private half as PEM, the public one as a JWK named ``id_``.

    It takes a tenth of a second of computing: not for an event loop.
    """
    pair = generate_private_key(public_exponent=_EXPONENT, key_size=RSA_BITS)
    pem = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    numbers = pair.public_key().public_numbers()
    jwk = {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": str(id_),
        "n": _base64url(numbers.n.to_bytes(RSA_BITS // 8)),
        "e": _base64url(numbers.e.to_bytes(3)),
    }
    return SecretStr(pem.decode()), jwk


def _standard(message: Message, keys: Sequence[SigningKey]) -> dict[str, str]:
    if keys:
        secrets = [key.value for key in keys]
        return signed_headers(secrets, message.id, message.sent_at, message.body)
    timestamp = str(int(message.sent_at.timestamp()))
    return {"webhook-id": message.id, "webhook-timestamp": timestamp}


def _truto(message: Message, keys: Sequence[SigningKey]) -> dict[str, str]:
    agent = {"User-Agent": "truto"}
    for key in keys:
        return {**agent, "X-Truto-Signature": f"format=sha256,v={_hex(key, message.body)}"}
    return agent


def _sixtyfour(message: Message, keys: Sequence[SigningKey]) -> dict[str, str]:
    told = {
        "Sixtyfour-Event-Id": message.id,
        "Sixtyfour-Event-Type": message.kind,
        "Sixtyfour-Delivery-Attempt": str(message.attempt),
    }
    if not keys:
        return told
    timestamp = int(message.sent_at.timestamp())
    signed = f"{timestamp}.".encode() + message.body
    signatures = [f"v1={_hex(key, signed)}" for key in keys]
    return {**told, "Sixtyfour-Signature": ",".join([f"t={timestamp}", *signatures])}


def _transactionlink(message: Message, keys: Sequence[SigningKey]) -> dict[str, str]:
    """A JWS without its payload, which is the body (RFC 7515, appendix F)."""
    for key in keys:
        head = _base64url(dumps({"alg": "RS256", "kid": str(key.id)}))
        signed = f"{head}.{_base64url(message.body)}".encode()
        signature = _private(key).sign(signed, padding.PKCS1v15(), SHA256())
        return {"JWS-SIGNATURE": f"{head}..{_base64url(signature)}"}
    return {}


_FORMS: Final[Mapping[SigningForm, Callable[[Message, Sequence[SigningKey]], dict[str, str]]]] = (
    MappingProxyType(
        {
            SigningForm.STANDARD: _standard,
            SigningForm.TRUTO: _truto,
            SigningForm.SIXTYFOUR: _sixtyfour,
            SigningForm.TRANSACTIONLINK: _transactionlink,
        }
    )
)


def _hex(key: SigningKey, signed: bytes) -> str:
    return hmac.digest(key.value.get_secret_value().encode(), signed, hashlib.sha256).hex()


def _private(key: SigningKey) -> RSAPrivateKey:
    try:
        # Unchecked, as it is one of ours: the check takes longer than all the rest.
        pair = load_pem_private_key(
            key.value.get_secret_value().encode(), None, unsafe_skip_rsa_key_validation=True
        )
    except (ValueError, TypeError):
        # Without its cause, which may quote the key.
        pair = None
    if not isinstance(pair, RSAPrivateKey):
        raise Rejected("this form needs the private half of an RSA key as PEM") from None
    return pair


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
