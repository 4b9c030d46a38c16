"""Secrets as references: what an expression sees is a marker, not the secret.

A marker is put in place of the secret's value while values are resolved, and is replaced by it at
the moment of sending only. It holds a nonce, so that nobody outside can write one: a marker with
another nonce is just text. What comes back is searched for the values themselves.

An expression can move and concatenate a marker; one that takes it apart or encodes it gets a text
that is no marker any more, and sends that. So its author can learn the nonce, wherever he sees what
the expression comes to. Hence each attempt has one of its own, which is worth nothing elsewhere.
"""

import base64
import hmac
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from shared.expr.errors import ExpressionError
from shared.expr.json_escapes import readings, replace_escaped

NAME_CHARS_MAX = 256
TRACKED_CHARS_MIN = 4
"""What is shorter is recognised only as a whole text: inside others it would be everywhere."""

_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKER = re.compile(
    f"{_OPEN}secret:([^:{_OPEN}{_CLOSE}]+):([^{_OPEN}{_CLOSE}]{{1,{NAME_CHARS_MAX}}}){_CLOSE}"
)
"""Anybody's: its nonce, and the name of the secret."""
_REFERENCE = re.compile(
    r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?<![\w$.`])(?:context\.)?secrets\.
    (?:(?P<word>\w+)|`(?P<ticked>[^`]+)`|"(?P<quoted>[^"]+)"))""",
    re.VERBOSE | re.DOTALL,
)


class SecretScope(dict[str, str]):
    """Markers by the names of the secrets there are; asking for another is ``ExpressionError``."""

    def __contains__(self, name: object) -> bool:
        """Every name may be asked for: the answer says which is missing."""
        return isinstance(name, str)

    def __missing__(self, name: str) -> str:
        """Raise; the message names the secret."""
        raise _unknown(name)

    def refuse_unknown(self, source: str) -> None:
        """Raise for a ``secrets.name`` in a JSONata text that is none of these.

        The engine takes what is missing for undefined and never asks. A name that is computed is
        not seen here and stays undefined.
        """
        for found in _REFERENCE.finditer(source):
            name = found["word"] or found["ticked"] or found["quoted"]
            if name is not None and name not in self.keys():
                raise _unknown(name)


class SecretMarks:
    """Gives markers and takes them back; one for each attempt of a step.

    ``nonce`` is unguessable and without ``:``. Functions take any JSON tree that a record can
    carry, look at its texts and its keys, and change nothing in place.
    """

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce

    def of(self, *whose: str) -> "SecretMarks":
        """Marks of whoever ``whose`` names, always the same; they tell nothing of others'."""
        named = json.dumps(whose).encode()
        return SecretMarks(hmac.digest(self._nonce.encode(), named, "sha256")[:16].hex())

    def scope(self, names: Collection[str]) -> SecretScope:
        """What expressions see as ``secrets``."""
        return SecretScope({name: f"{_OPEN}secret:{self._nonce}:{name}{_CLOSE}" for name in names})

    def names(self, value: Any) -> set[str]:
        """The secrets that ``value`` refers to."""
        found = (marker for text in _texts(value) for marker in _MARKER.finditer(text))
        return {marker[2] for marker in found if marker[1] == self._nonce}

    def reveal(self, value: Any, values: Mapping[str, str]) -> Any:
        """``value`` with the secrets in it, for sending; never to be kept or logged.

        Raises ``ExpressionError`` for a name that is not in ``values``.
        """

        def put(name: str) -> str:
            if name not in values:
                raise _unknown(name)
            return values[name]

        return _mapped(value, lambda text: self._named(text, put))

    def conceal(self, value: Any, values: Mapping[str, str]) -> Any:
        """``value`` with ``[secret NAME]`` for every marker and every occurrence of a secret.

        A secret is found as it is, in base64 (also inside a longer text that was encoded),
        percent-encoded and escaped for JSON, or as a number. One shorter than
        ``TRACKED_CHARS_MIN`` is found only where it, or a form of it, is the whole text.
        """
        whole, parts = _forms(values)
        everything = "\0".join(readings("\0".join(_texts(value))))
        # Few secrets occur in a value, most often none: only those are looked for text by text.
        present = sorted((part for part in parts if part in everything), key=len, reverse=True)
        any_part = re.compile("|".join(map(re.escape, present))) if present else None

        def put(found: re.Match[str]) -> str:
            return _redacted(parts[found[0]])

        def hide(text: str) -> str:
            for reading in readings(text):
                if reading in whole:
                    return _redacted(whole[reading])
            text = self._replaced(text, _redacted)
            return text if any_part is None else replace_escaped(text, any_part, put)

        def hide_number(number: float) -> Any:
            name = parts.get(str(number))
            return number if name is None else _redacted(name)

        return _mapped(value, hide, hide_number)

    def shown(self, value: Any) -> Any:
        """``value`` with ``{{secrets.NAME}}`` for every marker, for keeping and showing."""
        return _mapped(
            value, lambda text: self._replaced(text, lambda name: f"{{{{secrets.{name}}}}}")
        )

    def _replaced(self, text: str, named: Callable[[str], str]) -> str:
        """``text`` without markers; nor does one that was cut or escaped tell the nonce."""
        return self._named(text, named).replace(self._nonce, "…")

    def _named(self, text: str, named: Callable[[str], str]) -> str:
        """``text`` with what ``named`` makes of the names in the markers of ours."""

        def put(found: re.Match[str]) -> str:
            return named(found[2]) if found[1] == self._nonce else found[0]

        return _MARKER.sub(put, text)


def _forms(values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Names of secrets by what gives them away: as a whole text, and as a part of one."""
    whole: dict[str, str] = {}
    parts: dict[str, str] = {}
    for name, secret in values.items():
        raw = secret.encode(errors="surrogatepass")
        written = {
            secret,
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            quote(raw, safe=""),
            quote(raw),
            quote_plus(raw),
        }
        encoded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
        encoded |= {form.rstrip("=") for form in encoded}
        whole |= dict.fromkeys(filter(None, written | encoded), name)
        if len(secret) >= TRACKED_CHARS_MIN:
            tracked = written | encoded | set(_inside_base64(raw))
            parts |= {form: name for form in tracked if len(form) >= TRACKED_CHARS_MIN}
    return whole, parts


def _inside_base64(raw: bytes) -> Iterator[str]:
    """What of ``raw`` can be read in the base64 of a longer text, wherever in it ``raw`` stands."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        # A character of base64 is 6 bits; those that hold bits of a neighbour are left out.
        first, last = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
        inner = encoded[first:last].decode()
        yield inner
        yield inner.translate(str.maketrans("+/", "-_"))


def _texts(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            pending += [*node.keys(), *node.values()]
        elif isinstance(node, list):
            pending += node


def _mapped(
    value: Any, change: Callable[[str], str], number: Callable[[float], Any] | None = None
) -> Any:
    match value:
        case str():
            return change(value)
        case list():
            return [_mapped(item, change, number) for item in value]
        case dict():
            return {change(key): _mapped(item, change, number) for key, item in value.items()}
        case int() | float() if number is not None and not isinstance(value, bool):
            return number(value)
        case _:
            return value


def _redacted(name: str) -> str:
    return f"[secret {name}]"


def _unknown(name: str) -> ExpressionError:
    return ExpressionError("UNKNOWN_SECRET", f"There is no secret {name!r} in this environment.")
