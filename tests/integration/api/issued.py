"""An issuer of JWTs, good and bad ones."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

ISSUER, AUDIENCE = "https://login.example", "turnout"


def claims(**more: Any) -> dict[str, Any]:
    """What a good token says; None takes a claim out."""
    now = int(time.time())
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "iat": now,
        "exp": now + 300,
        "scope": "read openid",
        **more,
    }
    return {name: value for name, value in said.items() if value is not None}


def encoded(part: bytes | Mapping[str, Any]) -> str:
    """A part of a token as it is written."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Key:
    """A key on the curve P-256, and the id by which it is published."""

    id: str
    private: EllipticCurvePrivateKey = field(
        default_factory=lambda: generate_private_key(SECP256R1())
    )

    @property
    def pem(self) -> str:
        """The public half."""
        public = self.private.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def jwk(self, **more: Any) -> dict[str, Any]:
        """The public half as a JWK set has it; None takes a field out."""
        document = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        shown = {**document, "kid": self.id, "use": "sig", "alg": "ES256", **more}
        return {name: value for name, value in shown.items() if value is not None}

    def token(self, said: Mapping[str, Any] | None = None, **header: Any) -> str:
        """A token that this key has signed, by ES256."""
        given = {"kid": self.id, **header}
        wanted = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(dict(said or claims()), self.private, algorithm="ES256", headers=wanted)

    def signed(self, header: bytes, payload: bytes) -> str:
        """A token of exactly these parts, which this key has signed."""
        signing = f"{encoded(header)}.{encoded(payload)}"
        signature = ECAlgorithm(ECAlgorithm.SHA256).sign(signing.encode(), self.private)
        return f"{signing}.{encoded(signature)}"


class Published:
    """An address that answers with what is there at the time; counts how often it was asked."""

    def __init__(self) -> None:
        self.document: Any = {"keys": []}
        self.asked = 0

    async def handle(self, _request: web.Request) -> web.Response:
        """The document."""
        self.asked += 1
        return web.json_response(self.document)
