"""Signing what we send."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.domain.errors import Rejected
from shared.egress.signing import signed_headers

SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
OTHER = SecretStr("whsec_" + base64.b64encode(b"k" * 32).decode())
SENT_AT = datetime.fromtimestamp(1614265330, UTC)


def verified(secret: SecretStr, headers: dict[str, str], body: bytes) -> bool:
    """What a receiver does, written from the specification."""
    key = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"))
    signed = b".".join(
        [headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body]
    )
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in headers["webhook-signature"].split(" ")


def test_published_vector() -> None:
    """The example published with Standard Webhooks comes out to the letter."""
    headers = signed_headers(
        [SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", SENT_AT, b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_rotation(body: bytes, other: bytes) -> None:
    """During a rotation a receiver with either secret accepts, and only the body that was sent."""
    headers = signed_headers([SECRET, OTHER], "execution:step", SENT_AT, body)
    for secret in (SECRET, OTHER):
        assert verified(secret, headers, body)
        assert verified(secret, headers, other) is (body == other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "xwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS\xe9",
        "whsec_MfKQ9r8GKYqrTwjUPD8I*LPZIo2LaLaSw",
        "whsec_" + base64.b64encode(b"k" * 23).decode(),
        "whsec_" + base64.b64encode(b"k" * 65).decode(),
    ],
)
def test_malformed_secret(text: str) -> None:
    """A malformed secret is refused, and the error shows nothing of it."""
    with pytest.raises(Rejected) as rejected:
        signed_headers([SecretStr(text)], "id", SENT_AT, b"")
    assert rejected.value.message == "a signing secret must be whsec_ and 24 to 64 bytes as base64"
    assert rejected.value.__suppress_context__


@pytest.mark.parametrize(("secrets", "message_id"), [([], "id"), ([SECRET], ""), ([SECRET], "a.b")])
def test_nothing_to_sign_with(secrets: list[SecretStr], message_id: str) -> None:
    """No secret, no id, or an id that would make the signed text ambiguous is refused."""
    with pytest.raises(Rejected):
        signed_headers(secrets, message_id, SENT_AT, b"")
