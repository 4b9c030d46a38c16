"""What signs can be checked by whoever reads each form's description, with other code than ours."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.domain.errors import Rejected
from shared.domain.subscriptions import SigningForm, SigningKey
from shared.egress.forms import Message, headers_of, new_pair, new_secret

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECRETS = ("old and long enough to be one", "new and long enough to be one")


def message(body: bytes = b'{"a":1}', attempt: int = 1) -> Message:
    """A message."""
    return Message(id="msg_1", kind="run.completed", attempt=attempt, sent_at=AT, body=body)


def keys(*values: str) -> list[SigningKey]:
    """Keys with these values."""
    return [SigningKey(id=uuid4(), value=SecretStr(value)) for value in values]


@given(st.binary())
def test_truto_signs_the_raw_body(body: bytes) -> None:
    """``format=sha256,v=`` and HMAC-SHA256 of the body as hex, by the latest secret."""
    headers = headers_of(SigningForm.TRUTO, message(body), keys(*SECRETS))
    right = hmac.new(SECRETS[0].encode(), body, hashlib.sha256).hexdigest()
    assert headers == {"User-Agent": "truto", "X-Truto-Signature": f"format=sha256,v={right}"}


@given(st.binary(), st.integers(1, 50))
def test_sixtyfour_signs_time_and_body_by_every_secret(body: bytes, attempt: int) -> None:
    """``t=`` and a ``v1=`` for each secret: HMAC-SHA256 of ``{t}.{body}`` as hex."""
    headers = headers_of(SigningForm.SIXTYFOUR, message(body, attempt), keys(*SECRETS))
    stamp, *signatures = headers.pop("Sixtyfour-Signature").split(",")
    assert stamp == f"t={int(AT.timestamp())}"
    signed = stamp.removeprefix("t=").encode() + b"." + body
    assert signatures == [
        "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in SECRETS
    ]
    assert headers == {
        "Sixtyfour-Event-Id": "msg_1",
        "Sixtyfour-Event-Type": "run.completed",
        "Sixtyfour-Delivery-Attempt": str(attempt),
    }


def test_transactionlink_signs_a_detached_jws() -> None:
    """The body put in its place, any JOSE library takes it, by the public key alone."""
    id_ = uuid4()
    pem, jwk = new_pair(id_)
    body = b'{"workflowId": "w", "nested": ["\xc3\xa9"]}'
    headers = headers_of(
        SigningForm.TRANSACTIONLINK, message(body), [SigningKey(id=id_, value=pem)]
    )
    head, nothing, signature = headers["JWS-SIGNATURE"].split(".")
    assert nothing == ""
    whole = f"{head}.{base64.urlsafe_b64encode(body).rstrip(b'=').decode()}.{signature}"
    public = jwt.PyJWK(jwk)
    found = jwt.api_jws.decode_complete(whole, public, algorithms=["RS256"])
    assert found["payload"] == body
    assert found["header"] == {"alg": "RS256", "kid": str(id_)} | {
        k: v for k, v in found["header"].items() if k == "typ"
    }
    assert jwk["kid"] == str(id_)
    assert {"d", "p", "q"}.isdisjoint(jwk)
    numbers = [int.from_bytes(base64.urlsafe_b64decode(jwk[n] + "==")) for n in ("e", "n")]
    rsa.RSAPublicNumbers(*numbers).public_key().verify(
        base64.urlsafe_b64decode(signature + "=="),
        whole.rpartition(".")[0].encode(),
        padding.PKCS1v15(),
        SHA256(),
    )
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "RS256"


@pytest.mark.parametrize("form", SigningForm)
def test_without_a_secret_it_is_unsigned(form: SigningForm) -> None:
    """No header of a signature is there, whatever else is."""
    told = headers_of(form, message(), [])
    assert not [name for name in told if "signature" in name.lower()]


def test_standard_webhooks_take_a_new_secret() -> None:
    """What is made for a form signs in it, each time another."""
    for form in (SigningForm.STANDARD, SigningForm.TRUTO, SigningForm.SIXTYFOUR):
        secret = new_secret(form, "x" * 43)
        signed = headers_of(form, message(), [SigningKey(id=uuid4(), value=secret)])
        assert any("signature" in name.lower() for name in signed)
        assert "x" * 43 not in str(secret)
    assert new_secret(SigningForm.STANDARD, "x" * 43).get_secret_value().startswith("whsec_")
    assert new_secret(SigningForm.SIXTYFOUR, "x").get_secret_value() == "sk_whsec_x"


@pytest.mark.parametrize("value", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END"])
def test_what_is_no_key_is_refused_without_being_quoted(value: str) -> None:
    """The error says what it should be, and neither it nor its cause the key."""
    with pytest.raises(Rejected) as refused:
        headers_of(SigningForm.TRANSACTIONLINK, message(), keys(value))
    assert refused.value.__cause__ is None
    assert not value or value not in str(refused.value)
