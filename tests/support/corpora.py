"""What senders may get wrong, or mean badly: documents, texts and values (tests/data)."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import orjson

_FOLDER: Final = Path(__file__).parents[1] / "data"

_DOCUMENTS: Final = MappingProxyType(
    {
        "nothing": b"",
        "only brackets": b"[" * 100_000,
        "only braces": b'{"a":' * 50_000,
        "65 levels": b'{"a":' * 65 + b"1" + b"}" * 65,
        "10,001 keys": orjson.dumps({str(n): n for n in range(10_001)}),
        "a name of 70 KB": orjson.dumps({"k" * 70_000: 1}),
        "UTF-16": '{"event":"e"}'.encode("utf-16"),
        "overlong": b'{"event":"\xc0\xaf"}',
        "a proto": b'{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}',
        "twice": b'{"event":"e","event":"f","name":"n","name":"m"}',
        "5,000 digits": b'{"name":' + b"1" * 5_000 + b"}",
        "minus nothing": b'{"name":-0.0,"event":-0}',
    }
)

_TEXTS: Final = (
    *("\0", "a\0b", "\ud800", "\x1b[31m", "\ufeff", "\u202e", "\uffff", "\U0010ffff", '"', "''"),
    *("a\r\nX-B: c", "x" * 257, "é" * 1_025, "../../etc/passwd", "..\\..", "%00", "%s%s%n", "\\"),
    *("{{secrets.crm_key}}", "{{ 7 * 7 }}", "${jndi:ldap://127.0.0.1/a}", "$string($$)", "*"),
    *("{0.__class__}", "00000000-0000-0000-0000-000000000000", "a.*", "null", 'W/"1"', "1_000"),
    *("{4a4de828-f4c9-4bea-8ef4-2d705aec43bc}", "4A4DE828F4C94BEA8EF42D705AEC43BC", "0x10", "١٢"),
    *("urn:uuid:4a4de828-f4c9-4bea-8ef4-2d705aec43bc", "0001-01-01T00:00:00+14:00", "P1000Y"),
    *("9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "2026-11-22T10:00:00.123456789123Z"),
    *("24:00", "-1", "1e309", "9" * 400, "WzEsMl0=", "e30=", "bnVsbA==", "W10=", "0-0", "1-1:2-2"),
    *("WyIyMDI2LTAxLTAxIiwgIngiXQ==", "wait=-1", "wait=1e999", "00-0-0-00"),
    "respond-async, wait=99999999999999999999",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)

_VALUES: Final = (
    *(b"null", b"true", b"false", b"0", b"-1", b"1.5", b"1e308", b"-1e308", b"1e-400", b"-0.0"),
    *(b"2147483648", b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616"),
    *(b"[]", b"{}", b"[[]]", b"[null]", b'[""]', b'{"":""}', b'{"kind":"x"}', b'{"a":{"b":[1]}}'),
    *(b'["a","a"]', b'{"lang":"jsonata","src":"$"}', b'{"lang":"x","src":7}', b'{"$secret":"x"}'),
    *(b'{"__proto__":1}', b"[" * 60 + b"]" * 60, b"[" * 500 + b"]" * 500),
    *(b"[" * 230 + b"]" * 230, b'"' + b"x" * 70_000 + b'"'),
)


def documents() -> Mapping[str, bytes]:
    """Bodies by their names: JSON, what is nearly JSON, and what is nothing of the kind."""
    read = orjson.loads((_FOLDER / "json_documents.json").read_bytes())
    return {**{name: text.encode("latin-1") for name, text in read.items()}, **_DOCUMENTS}


def texts() -> list[str]:
    """Texts that have broken something somewhere; one is no text by Unicode's measure."""
    return [*orjson.loads((_FOLDER / "naughty_strings.json").read_bytes()), *_TEXTS]


def values() -> list[bytes]:
    """Values as JSON: those texts, and whatever is of another type than was expected."""
    return [*map(json_text, texts()), *_VALUES]


def json_text(text: str) -> bytes:
    """A text as JSON, whatever it holds."""
    try:
        return orjson.dumps(text)
    except orjson.JSONEncodeError:
        return b'"%b"' % b"".join(b"\\u%04x" % ord(character) for character in text)
