"""Signing what we send, after Standard Webhooks 1.0 (standardwebhooks.com), symmetric scheme."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from pydantic import SecretStr

from shared.domain.errors import Rejected
from shared.domain.ids import EnvironmentId

_PREFIX = "whsec_"
_KEY_BYTES_MIN = 24
_KEY_BYTES_MAX = 64


def signed_headers(
    secrets: Sequence[SecretStr], message_id: str, sent_at: datetime, body: bytes
) -> dict[str, str]:
    """The three headers by which a receiver knows the message is ours, whole and recent.

    ``message_id`` stays the same when the message is sent again; ``sent_at`` does not. Each
    secret is ``whsec_`` and 24 to 64 bytes as base64; during a rotation give the old and the new
    one, and the message carries a signature by each. Raises Rejected on a malformed secret or id.
    """
    if not message_id or "." in message_id:
        raise Rejected("a message id must not be empty or contain a full stop")
    if not secrets:
        raise Rejected("signing needs at least one secret")
    timestamp = int(sent_at.timestamp())
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(_key(secret), signed, hashlib.sha256) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(d).decode()}" for d in digests),
    }


def signed_call(
    secrets: Sequence[SecretStr],
    environment_id: EnvironmentId,
    key: str,
    sent_at: datetime,
    body: bytes,
) -> dict[str, str]:
    """As ``signed_headers``, where the same secrets sign the calls of all environments.

    The message's id is the environment's and the call's ``key``, for nothing else that is signed
    says whose call it is: who receives calls of one could pass them on as those of another.
    """
    return signed_headers(secrets, f"{environment_id}:{key}", sent_at, body)


def _key(secret: SecretStr) -> bytes:
    prefix, found, encoded = secret.get_secret_value().partition(_PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if prefix or not found or not _KEY_BYTES_MIN <= len(key) <= _KEY_BYTES_MAX:
        # Without its cause, which may quote the secret.
        raise Rejected("a signing secret must be whsec_ and 24 to 64 bytes as base64") from None
    return key
