"""Deliveries of webhooks that are right: published examples, and others signed by hand."""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.api.http.problems import NotLetIn
from services.api.webhooks.presets import Claim, Delivery
from services.api.webhooks.verify_sender import verify_sender
from shared.domain.webhooks import WebhookAuth

Headers = Mapping[str, Sequence[bytes]]

AT_S = 1_614_265_330
_UNCHANGED: Headers = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Case:
    """A delivery that is right: what the address asks for, by which secret, and what was sent."""

    auth: dict[str, Any]
    secret: bytes
    headers: dict[str, bytes]
    body: bytes = b'{"id": "evt_1"}'
    at_s: int = AT_S
    signature: str = ""
    id: str | None = None

    def verify(
        self, *secrets: bytes, at_s: float | None = None, headers: Headers = _UNCHANGED
    ) -> Claim:
        """What comes of it, with these ``headers`` in the place of its own."""
        sent = {name: [value] for name, value in self.headers.items()} | dict(headers)
        at = datetime.fromtimestamp(self.at_s if at_s is None else at_s, UTC)
        delivery = Delivery(headers=sent, body=self.body, at=at)
        auth = WebhookAuth.model_validate_json(orjson.dumps({**self.auth, "secret": "s"}))
        return verify_sender(auth, secrets or (self.secret,), delivery)

    def refused(
        self, *secrets: bytes, at_s: float | None = None, headers: Headers = _UNCHANGED
    ) -> str:
        """The reason that it is refused for; as ``verify``."""
        with pytest.raises(NotLetIn) as caught:
            self.verify(*secrets, at_s=at_s, headers=headers)
        return caught.value.message


def hexed(key: bytes, signed: bytes, algorithm: str = "sha256") -> bytes:
    """A signature as most write it."""
    return hmac.new(key, signed, algorithm).hexdigest().encode()


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOW = str(AT_S).encode()
WANT = b"what do ya want for nothing?"
CASES = {
    # https://github.com/standard-webhooks/standard-webhooks, the libraries' example
    "standard": Case(
        auth={"preset": "standard"},
        secret=b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        headers={
            "webhook-id": b"msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": NOW,
            "webhook-signature": b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        body=b'{"test": 2432232314}',
        signature="webhook-signature",
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    ),
    "standard, a public key": Case(
        auth={"preset": "standard"},
        secret=b"whpk_" + b64encode(KEY.public_key().public_bytes_raw()),
        headers={
            "webhook-id": b"msg_1",
            "webhook-timestamp": NOW,
            "webhook-signature": b"v1a," + b64encode(KEY.sign(b"msg_1." + NOW + b".{}")),
        },
        body=b"{}",
        signature="webhook-signature",
        id="msg_1",
    ),
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    "github": Case(
        auth={"preset": "github"},
        secret=b"It's a Secret to Everybody",
        headers={
            "x-hub-signature-256": b"sha256="
            b"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            "x-github-delivery": b"72d3162e-cc78-11e3-81ab-4c9367dc0958",
        },
        body=b"Hello, World!",
        signature="x-hub-signature-256",
        id="72d3162e-cc78-11e3-81ab-4c9367dc0958",
    ),
    "stripe": Case(
        auth={"preset": "stripe"},
        secret=b"whsec_test_secret",
        headers={
            "stripe-signature": b"t=%s,v1=%s,v0=ab"
            % (NOW, hexed(b"whsec_test_secret", NOW + b'.{"id": "evt_1"}'))
        },
        signature="stripe-signature",
        id="evt_1",
    ),
    # https://docs.slack.dev/authentication/verifying-requests-from-slack
    "slack": Case(
        auth={"preset": "slack"},
        secret=b"8f742231b10e8888abcd99yyyzzz85a5",
        headers={
            "x-slack-request-timestamp": b"1531420618",
            "x-slack-signature": b"v0="
            b"a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        },
        body=b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        at_s=1_531_420_618,
        signature="x-slack-signature",
    ),
    # RFC 2202 and RFC 4231, test case 2 of each
    "hmac, sha1": Case(
        auth={"preset": "hmac", "header": "X-Sign", "algorithm": "sha1"},
        secret=b"Jefe",
        headers={"x-sign": b"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        body=WANT,
        signature="x-sign",
    ),
    "hmac, sha512": Case(
        auth={"preset": "hmac", "header": "X-Sign", "algorithm": "sha512", "prefix": "s="},
        secret=b"Jefe",
        headers={
            "x-sign": b"s=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            b"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        },
        body=WANT,
        signature="x-sign",
    ),
    "hmac of everything": Case(
        auth={
            "preset": "hmac",
            "header": "X-Sign",
            "encoding": "base64",
            "signed": "id.timestamp.body",
            "timestamp_header": "X-Time",
            "id_header": "X-Id",
            "tolerance_s": 300,
        },
        secret=b"own",
        headers={
            "x-sign": b64encode(hmac.digest(b"own", b"7." + NOW + b'.{"id": "evt_1"}', "sha256")),
            "x-time": NOW,
            "x-id": b"7",
        },
        signature="x-sign",
        id="7",
    ),
    "basic": Case(
        auth={"preset": "basic"},
        secret=b"Aladdin:open sesame",  # RFC 7617
        headers={"authorization": b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        signature="authorization",
    ),
    "bearer": Case(
        auth={"preset": "bearer"},
        secret=b"mF_9.B5f-4.1JqM",  # RFC 6750
        headers={"authorization": b"Bearer mF_9.B5f-4.1JqM"},
        signature="authorization",
    ),
    "header": Case(
        auth={"header": "X-Shared-Secret"},
        secret="schlüssel".encode(),
        headers={"x-shared-secret": "schlüssel".encode()},
        signature="x-shared-secret",
    ),
}
