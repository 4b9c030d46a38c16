"""Tokens that look good, and are not."""

import time
from hmac import digest
from typing import Any, Final

import jwt

from services.api.login.jwt_tokens import TOKEN_BYTES_MAX
from shared.wire.envelope import dumps
from tests.integration.api.issued import AUDIENCE, ISSUER, Key, claims, encoded

KEY, OTHER = Key("one"), Key("two")
HEAD: Final = b'{"alg":"ES256"}'

# As they stand in the documentation of one of the systems whose requests are understood.
DOCUMENTED = (
    (
        "eyJhbGciOiJub25lIn0.eyJ3b3Jrc3BhY2VJZCI6ImRmYjI0ODU5LTA0OWUtNDcwZi1hNjY5LThhNzE0ZmYzNjU2"
        "YyIsICJpYXQiOjE3NTY3Mzc3MzIsICJleHAiOjE3NTY3NDEzMzIsICJjdXN0b206dGVhbUlkIjoiZjM1ZmVhZmYt"
        "NmI5OS00YWJkLTg0ZWItMjI3MDg0MzM1NDMyIn0."
    ),
    (
        "eyJhbGciOiJub25lIn0.eyJ3b3Jrc3BhY2VJZCI6IjNjNjdjZWNhLTU1OTctNGIyZi05OTcxLWMyZGY0NWFkYzY1"
        "NyIsICJpYXQiOjE3NTY3Mzc3MzIsICJleHAiOjE3NTY3NDEzMzIsICJjdXN0b206dGVhbUlkIjoiODVmMDU3OTct"
        "NjE1OS00Yjk1LWI4MmItNWUzZDgxYTY3Yzc0In0."
    ),
    (
        "eyJhbGciOiJub25lIn0.eyJ3b3Jrc3BhY2VJZCI6IjJiZDk3OGNlLTk1OGMtNDU3NS05NTUwLTFhMTk5MmUwYTYz"
        "OSIsICJpYXQiOjE3NTY3Mzc3MzMsICJleHAiOjE3NTY3NDEzMzMsICJjdXN0b206dGVhbUlkIjoiMjYyNTY0YjUt"
        "Zjk5ZS00NTk0LTk4YTAtM2Y0MDQxMmQ4Y2FiIn0."
    ),
)


def body() -> bytes:
    """The claims of a good token but its subject, as the inside of an object."""
    now = int(time.time())
    said = (ISSUER.encode(), AUDIENCE.encode(), now, now + 300)
    return b'"iss":"%s","aud":"%s","iat":%d,"exp":%d' % said


def of_length(chars: int) -> str:
    """A good token of this length, or of up to three characters less."""
    bare = len(KEY.token(claims(padding="")))
    return KEY.token(claims(padding="x" * ((chars - bare) * 3 // 4)))


def by_secret(secret: str, said: dict[str, Any]) -> str:
    """A token by HS256; PyJWT itself would refuse a public key for a secret."""
    parts = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded(said)}"
    return f"{parts}.{encoded(digest(secret.encode(), parts.encode(), 'sha256'))}"


def forgeries() -> dict[str, str]:
    """Tokens by what is wrong with each, and with nothing else of it."""
    return {**_unsigned(), **_misstated(), **_misdirected(), **_misshapen()}


def _unsigned() -> dict[str, str]:
    head, _, _ = KEY.token().rpartition(".")
    return {
        **{
            f"alg {alg}": f"{encoded({'alg': alg})}.{encoded(claims())}.{tail}"
            for alg in ("none", "None", "NONE", "nOnE", "", "none ", None)
            for tail in ("", encoded(b"x"))
        },
        "no signature": f"{head}.",
        "a signature of zeros": f"{head}.{encoded(bytes(64))}",
        "another signature": f"{head}.{encoded(b'x' * 64)}",
    }


def _misstated() -> dict[str, str]:
    now = int(time.time())
    wrong: tuple[tuple[str, Any], ...] = (
        *((name, None) for name in ("exp", "iat", "iss", "aud", "sub")),
        *(("exp", now - 31), ("exp", -1), ("exp", "soon"), ("exp", True), ("exp", [])),
        *(("nbf", now + 900), ("iat", now + 900), ("iat", "now"), ("iat", {})),
        *(("aud", "other"), ("aud", ["other"]), ("aud", AUDIENCE.upper()), ("aud", {})),
        *(("aud", []), ("sub", ""), ("sub", "a\0b"), ("sub", "a" * 257), ("sub", 7)),
        *(("sub", "\ud800"), ("jti", 7)),
    )
    others: tuple[Any, ...] = (ISSUER + "/", ISSUER.upper(), [ISSUER], {}, 7, "")
    return {
        **{f"{name} {value!r}": KEY.token(claims(**{name: value})) for name, value in wrong},
        **{f"iss {value!r}": KEY.signed(HEAD, dumps(claims(iss=value))) for value in others},
    }


def _misdirected() -> dict[str, str]:
    """Signed by another key, which the token itself recommends."""
    return {
        "signed by another": OTHER.token(kid="one"),
        "signed with the public key as a secret": by_secret(KEY.pem, claims()),
        "another algorithm": jwt.encode(claims(), "x" * 64, algorithm="HS512"),
        "its own jwk": OTHER.token(kid=None, jwk=OTHER.jwk()),
        "a jku": OTHER.token(kid=None, jku="http://127.0.0.1:1/keys"),
        "an x5u": OTHER.token(kid=None, x5u="http://127.0.0.1:1/keys"),
        "a kid that is a path": OTHER.token(kid="../../../dev/null"),
        "a kid that is SQL": OTHER.token(kid="' OR 1=1 --"),
    }


def _misshapen() -> dict[str, str]:
    good, said = KEY.token(), body()
    deep = b"[" * 2_500 + b"]" * 2_500
    return {
        "crit": KEY.token(crit=["exp"]),
        "crit of what PyJWT knows": KEY.signed(
            b'{"alg":"ES256","b64":true,"crit":["b64"]}', b'{"sub":"ada",%s}' % said
        ),
        "detached": KEY.signed(b'{"alg":"ES256","b64":false,"crit":["b64"]}', b"{}"),
        "two segments": good.rpartition(".")[0],
        "four segments": f"{good}.{encoded(b'x')}",
        "claims that are no object": KEY.signed(HEAD, b"[]"),
        "a header that is no object": KEY.signed(b'"ES256"', b'{"sub":"ada",%s}' % said),
        "a claim given twice": KEY.signed(HEAD, b'{"sub":"ada","sub":"ada",%s}' % said),
        "alg given twice": KEY.signed(b'{"alg":"none","alg":"ES256"}', b'{"sub":"ada",%s}' % said),
        "endless": KEY.signed(HEAD, b'{"sub":"ada","nbf":Infinity,%s}' % said),
        "deep": KEY.signed(HEAD, b'{"sub":"ada","a":%s,%s}' % (deep, said)),
        "over 8 KB": of_length(TOKEN_BYTES_MAX + 4),
        "not of ASCII": good + "é",
        "a scheme within": f"Bearer {good}",
    }
