"""Functions over texts: similarity, base64, digests and signatures, splitting."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared.expr.errors import ExpressionError
from shared.expr.guards import RESULT_CHARS_MAX
from shared.expr.truto_functions.date_objects import as_values
from shared.expr.truto_functions.javascript import as_list, json_text, number_of, text_of

_HASHES = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_OTHER = re.compile(r"[^a-z0-9]")
_SPLIT_AT = ("\n\n", "\n", " ", "")


def dice_coefficient(one: Any = None, other: Any = None) -> float | None:
    """``$diceCoefficient``: from 0 to 1; nothing where a text has too few letters to tell."""
    if one == other:
        return 1
    return _alike(_pairs(one), _pairs(other))


def most_similar(value: Any = None, choices: Any = None, threshold: Any = None) -> Any:
    """``$mostSimilar``: the likest of the choices if it is like enough, else the value."""
    pairs = _pairs(value)
    best, found = 0.0, ""
    for choice in as_list(choices):
        alike = _alike(pairs, _pairs(choice)) or 0.0
        if alike > best:
            best, found = alike, choice
    return found if best >= (0.8 if threshold is None else threshold) else value


def _pairs(text: Any) -> Counter[str]:
    letters = _OTHER.sub("", text_of(text).lower())
    return Counter(map("".join, pairwise(letters)))


def _alike(one: Counter[str], other: Counter[str]) -> float | None:
    both = one.total() + other.total()
    return 2 * (one & other).total() / both if both else None


def wrap(value: Any = None, start: Any = None, end: Any = None) -> str:
    """``$wrap``: start, value and end as one text."""
    return join([start, value, end or start], "")


def join(items: Any = None, separator: Any = None) -> str:
    """``$join``: the items as texts; null is empty, a comma stands between."""
    between = "," if separator is None else text_of(separator)
    return between.join("" if item is None else text_of(item) for item in as_list(items))


def base64_encode(value: Any = None, url_safe: Any = None) -> str:
    """``$base64encode``: of a text's UTF-8."""
    return encoded(_utf8(value), url_safe=bool(url_safe))


def base64_decode(text: Any = None, url_safe: Any = None) -> str:
    """``$base64decode``: UTF-8, as far as it is."""
    return decoded(text_of(text), url_safe=bool(url_safe)).decode("utf-8-sig", "replace")


def encoded(raw: bytes, *, url_safe: bool) -> str:
    """Base64; without padding where it is for a URL."""
    if url_safe:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return base64.b64encode(raw).decode()


def decoded(text: str, *, url_safe: bool) -> bytes:
    """The bytes of a base64 text, padded or not. Raises ExpressionError."""
    compact = "".join(text.split()).rstrip("=")
    try:
        return base64.b64decode(
            compact + "=" * (-len(compact) % 4), b"-_" if url_safe else None, validate=True
        )
    except binascii.Error as error:
        raise ExpressionError("INVALID_BASE64", f"Invalid base64 string: {error}") from error


def _utf8(value: Any) -> bytes:
    return b"" if value is None else text_of(value).encode(errors="replace")


def digest(text: Any = None, algorithm: Any = None, form: Any = None) -> str | None:
    """``$digest``: SHA-1, SHA-256 (if it is not said), SHA-384, SHA-512 or MD5."""
    named = "SHA-256" if algorithm is None else text_of(algorithm)
    if named in ("MD5", "md5"):
        raw = hashlib.md5(_utf8(text), usedforsecurity=False).digest()
        return _formed(raw, form if form in (None, "hex", "base64-urlSafe") else "base64")
    return _formed(hashlib.new(_hash(named), _utf8(text)).digest(), form)


def sign(
    text: Any = None, algorithm: Any = None, secret: Any = None, form: Any = None
) -> str | None:
    """``$sign``: an HMAC, or with RS256 a signature by an RSA key in PEM."""
    named = "SHA-256" if algorithm is None else text_of(algorithm).strip().upper()
    if named == "RS256":
        return _formed(_rsa_key(text_of(secret)).sign(_utf8(text), PKCS1v15(), SHA256()), form)
    return _formed(hmac.digest(_utf8(secret), _utf8(text), _hash(named or "SHA-256")), form)


def _rsa_key(pem: str) -> RSAPrivateKey:
    if "-----BEGIN PRIVATE KEY-----" not in pem:
        message = "RS256 requires a PKCS#8 PEM private key (BEGIN PRIVATE KEY)"
        raise ExpressionError("INVALID_KEY", message)
    try:
        key = load_pem_private_key(pem.replace("\\n", "\n").encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        message = "RS256 key import failed. Ensure an unencrypted PKCS#8 PEM."
        raise ExpressionError("INVALID_KEY", message) from error
    if not isinstance(key, RSAPrivateKey):
        raise ExpressionError("INVALID_KEY", "RS256 key import failed. The key is not RSA.")
    return key


def _hash(named: str) -> str:
    if (found := _HASHES.get(named.upper())) is None:
        message = f"Unrecognized algorithm name: {named}. Known are {', '.join(_HASHES)}."
        raise ExpressionError("UNKNOWN_ALGORITHM", message)
    return found


def _formed(raw: bytes, form: Any) -> str | None:
    match form:
        case None | "hex":
            return raw.hex()
        case "base64" | "base64-urlSafe":
            return encoded(raw, url_safe=form != "base64")
        case _:
            return None


def json_parse(text: Any = None) -> dict[str, Any]:
    """``$jsonParse``: the value under ``value``, null where the text is not JSON."""
    try:
        return {"value": json.loads(text_of(text), parse_constant=_no_constant)}
    except (ValueError, RecursionError):
        return {"value": None}


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def to_number(value: Any = None) -> float:
    """``$toNumber``; NaN is nothing."""
    return number_of(value)


def string(value: Any = None, is_pretty: Any = None) -> str:
    """Truto's ``$string``: every number is rounded to 15 significant digits."""
    if isinstance(value, str) or callable(value):
        return value if isinstance(value, str) else ""
    return json_text(_rounded(as_values(value)), "  " if is_pretty else "")


def _rounded(value: Any) -> Any:
    match value:
        case bool() | None | str():
            return value
        case int() | float():
            return float(f"{value:.15g}")
        case list():
            return [_rounded(item) for item in value]
        case _:
            return {key: _rounded(item) for key, item in value.items()}


def split_text(text: Any = None, options: Any = None) -> list[str]:
    """``$recursiveCharacterTextSplitter``: pieces of at most ``chunkSize`` characters.

    Splits at paragraphs, else lines, words and letters; pieces share up to ``chunkOverlap``
    characters.
    """
    given = {"chunkSize": 200, "chunkOverlap": 60} if options is None else options
    size, shared = int(given.get("chunkSize", 1000)), int(given.get("chunkOverlap", 200))
    if shared >= size or shared < 0:
        raise ExpressionError("INVALID_OPTION", "Cannot have chunkOverlap >= chunkSize")
    whole = json_text(text, "  ") if isinstance(text, list | dict) else _plain(text)
    pieces: list[str] = []
    left = RESULT_CHARS_MAX
    for piece in _pieces(whole, _SPLIT_AT, size, shared):
        left -= len(piece) + len('"",')
        if left < 0:
            message = f"The pieces would have more than {RESULT_CHARS_MAX} characters."
            raise ExpressionError("U1001", message)
        pieces.append(piece)
    return pieces


def _plain(value: Any) -> str:
    return "" if value is None else text_of(value)


def _pieces(text: str, separators: tuple[str, ...], size: int, shared: int) -> Iterator[str]:
    at = next(i for i, separator in enumerate(separators) if separator in text)
    separator, finer = separators[at], separators[at + 1 :]
    short: list[str] = []
    for part in _parts(text, separator):
        if len(part) < size:
            short.append(part)
            continue
        yield from _merged(short, size, shared)
        short = []
        yield from _pieces(part, finer, size, shared) if finer else [part]
    yield from _merged(short, size, shared)


def _parts(text: str, separator: str) -> list[str]:
    """Each part but the first begins with the separator."""
    if not separator:
        return list(text)
    return [part for part in re.split(f"(?={separator})", text) if part]


def _merged(parts: list[str], size: int, shared: int) -> Iterator[str]:
    begin = length = 0
    for index, part in enumerate(parts):
        if length + len(part) > size and begin < index:
            if piece := "".join(parts[begin:index]).strip():
                yield piece
            while begin < index and (length > shared or length + len(part) > size):
                length -= len(parts[begin])
                begin += 1
        length += len(part)
    if piece := "".join(parts[begin:]).strip():
        yield piece
