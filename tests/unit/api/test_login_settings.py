"""Who may be let in is settled before anything starts."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import ValidationError

from services.api.login.issuers import Issuer
from services.api.settings import ApiRoleSettings
from services.cli.process.roles import read_roles
from shared.domain.errors import Rejected

TOKEN = "0123456789abcdef"
GIVEN: dict[str, Any] = {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c"}


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    """The public half."""
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


CURVE = ec.generate_private_key(ec.SECP256R1())
KEYS = {"ES256": pem(CURVE), "ES384": pem(ec.generate_private_key(ec.SECP384R1()))}
PRIVATE = CURVE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
WEAK = pem(rsa.generate_private_key(65537, 1024))
WHO = {"issuer": "https://login.example", "audience": "turnout"}
GOOD: dict[str, Any] = {**WHO, "algorithm": "ES256", "public_key": KEYS["ES256"]}


def read(**given: Any) -> ApiRoleSettings:
    """The settings of the api."""
    return ApiRoleSettings(**GIVEN, **given)


@pytest.mark.parametrize(
    "given",
    [
        {"token": TOKEN},
        {"jwt": [GOOD]},
        {"login": "none"},
        {"login": "none", "host": "::1"},
        {"login": "none", "host": "localhost"},
        {"login": "none", "host": "127.9.9.9"},
        {"token": TOKEN, "host": "0.0.0.0"},
    ],
)
def test_it_starts_with_a_secret_or_for_this_machine_alone(given: dict[str, Any]) -> None:
    """A token, an issuer, or nobody but this machine."""
    read(**given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"jwt": []},
        {"token": "0123456789abcde"},
        {"login": "None"},
        {"login": "none", "host": "0.0.0.0"},
        {"login": "none", "host": "::"},
        {"login": "none", "host": "10.0.0.1"},
        {"login": "none", "host": "turnout.example"},
        {"login": "none", "host": "localhost.example"},
        {"login": "none", "host": ""},
        {"login": "none", "host": "0.0.0.0", "token": TOKEN},
        {"jwt": [GOOD, GOOD]},
    ],
)
def test_it_does_not_start_open(given: dict[str, Any]) -> None:
    """Whatever is forgotten or misspelled."""
    with pytest.raises(ValidationError):
        read(**given)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON in one variable; a fault names it, and never what it holds."""
    monkeypatch.setenv("TURNOUT_JWT", f"[{Issuer(**GOOD).model_dump_json(exclude_none=True)}]")
    assert read().jwt == (Issuer(**GOOD),)
    secret = "five and twenty characters"
    wrong = f'{{"issuer":"i","audience":"a","algorithm":"HS256","secret":"{secret}"}}'
    monkeypatch.setenv("TURNOUT_JWT", f"[{wrong}]")
    with pytest.raises(Rejected) as caught:
        read_roles(["api"], GIVEN)
    assert "TURNOUT_JWT" in caught.value.message
    assert secret not in str(caught.value.__dict__)


@pytest.mark.parametrize(
    "more",
    [
        *({"algorithm": each} for each in ("none", "None", "NONE", "nOnE", "", None, "ES256K")),
        *({"algorithm": each} for each in ("HS256", "RS256", "es256", ["ES256", "HS256"])),
        {"algorithm": "ES384"},
        {"public_key": KEYS["ES384"]},
        {"public_key": PRIVATE},
        {"public_key": "x"},
        {"algorithm": "RS256", "public_key": WEAK},
        {"public_key": None},
        {"jwks_url": "https://login.example/keys"},
        {"secret": "x" * 64},
        {"public_key": None, "jwks_url": "http://login.example/keys"},
        {"public_key": None, "jwks_url": "http://localhost.example/keys"},
        {"public_key": None, "jwks_url": "file:///keys"},
        *({"leeway_s": each} for each in (60.1, -1, float("nan"))),
        {"issuer": ""},
        {"audience": ""},
        {"algorithms": ["none"]},
        *(
            {"public_key": None, "algorithm": algorithm, "secret": "x" * short}
            for algorithm, short in (("HS256", 31), ("HS384", 47), ("HS512", 63), ("HS256", 0))
        ),
    ],
    ids=lambda more: str(more)[:40],
)
def test_an_issuer_has_one_algorithm_and_a_key_for_it(more: dict[str, Any]) -> None:
    """None in any spelling, a key of another kind, a short secret: none of it is taken."""
    with pytest.raises(ValidationError):
        Issuer(**{**GOOD, **more})


@pytest.mark.parametrize(
    "more",
    [
        {"leeway_s": 60},
        {"algorithm": "ES384", "public_key": KEYS["ES384"]},
        {"public_key": None, "jwks_url": "https://login.example/keys"},
        {"public_key": None, "jwks_url": "http://127.0.0.1:8081/keys"},
        {"public_key": None, "algorithm": "HS512", "secret": "x" * 64},
    ],
    ids=lambda more: str(more)[:40],
)
def test_an_issuer_that_fits_is_taken(more: dict[str, Any]) -> None:
    """Also at the limits."""
    Issuer(**{**GOOD, **more})
