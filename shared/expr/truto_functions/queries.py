"""Query strings, after the rules of the library qs."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.javascript import text_of

DEPTH_MAX = 32
_OPEN_BRACKET = re.compile(r"%5b", re.IGNORECASE)
_CLOSED_BRACKET = re.compile(r"%5d", re.IGNORECASE)
_DOTTED = re.compile(r"\.([^.\[]+)")
_PARSED = {
    "allowDots": False,
    "arrayLimit": 20,
    "comma": False,
    "delimiter": "&",
    "depth": 5,
    "ignoreQueryPrefix": False,
    "parameterLimit": 1000,
    "parseArrays": True,
    "strictNullHandling": False,
}
_WRITTEN = {
    "addQueryPrefix": False,
    "allowDots": False,
    "arrayFormat": "indices",
    "delimiter": "&",
    "encode": True,
    "encodeValuesOnly": False,
    "skipNulls": False,
    "strictNullHandling": False,
}


def parse_query(text: Any = None, options: Any = None) -> dict[str, Any]:
    """``$parseQuery``: ``a[b]=1&c[]=2`` as ``{"a": {"b": "1"}, "c": ["2"]}``; values are texts."""
    chosen = _options(options, _PARSED)
    whole = "" if text is None else text_of(text)
    if chosen["ignoreQueryPrefix"]:
        whole = whole.removeprefix("?")
    found: dict[str, Any] = {}
    for part in whole.split(chosen["delimiter"])[: int(chosen["parameterLimit"])]:
        if not part:
            continue
        name, value = _named(part, chosen)
        if name:
            places = _places(name, chosen)
            _put(found, places, value, chosen)
    return {name: _listed(value, chosen) for name, value in found.items()}


def _options(given: Any, known: dict[str, Any]) -> dict[str, Any]:
    if given is None:
        return known
    if unknown := given.keys() - known.keys():
        message = f"The option '{min(unknown)}' is not known; {', '.join(known)} are."
        raise ExpressionError("UNKNOWN_OPTION", message)
    return {**known, **given}


def _named(part: str, chosen: dict[str, Any]) -> tuple[str, Any]:
    text = _CLOSED_BRACKET.sub("]", _OPEN_BRACKET.sub("[", part))
    at = text.find("]=") + 1 or text.find("=")
    if at < 0:
        return _plain(text), None if chosen["strictNullHandling"] else ""
    raw = text[at + 1 :]
    if chosen["comma"] and "," in raw:
        return _plain(text[:at]), [_plain(item) for item in raw.split(",")]
    return _plain(text[:at]), _plain(raw)


def _plain(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode(errors="replace")


def _places(name: str, chosen: dict[str, Any]) -> list[str]:
    """``a[b][]`` as ["a", "b", ""]; what is deeper than ``depth`` stays one name."""
    if chosen["allowDots"]:
        name = _DOTTED.sub(r"[\1]", name)
    depth = min(int(chosen["depth"]), DEPTH_MAX)
    first, opened, rest = name.partition("[")
    if depth <= 0 or not opened:
        return [name]
    places = [first] if first else []
    rest = opened + rest
    while rest.startswith("[") and depth:
        inner, closed, rest = rest[1:].partition("]")
        if not closed:
            return [*places, f"[{inner}"]
        places.append(inner)
        depth -= 1
    return [*places, rest] if rest.startswith("[") else places


def _put(holder: dict[str, Any], places: list[str], value: Any, chosen: dict[str, Any]) -> None:
    """Lists are objects with numbers for names until all has been read."""
    *above, last = places
    for place, below in zip(above, places[1:], strict=True):
        name = place or str(len(holder))
        before = holder.setdefault(name, {})
        if not isinstance(before, dict):
            holder[name] = {"0": before}
            if below and not below.isdecimal():
                holder, name = holder[name], "1"
                holder[name] = {}
        holder = holder[name]
    if last == "" and above and chosen["parseArrays"]:
        holder[str(len(holder))] = value
    elif last in holder:
        before = holder[last]
        if isinstance(before, dict):
            joined = before if _is_list(before) else {"0": before}
            holder[last] = joined | {str(len(joined)): value}
        else:
            holder[last] = [*before, value] if isinstance(before, list) else [before, value]
    else:
        holder[last] = value


def _is_list(holder: dict[str, Any]) -> bool:
    return all(name.isascii() and name.isdecimal() for name in holder)


def _listed(value: Any, chosen: dict[str, Any]) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(item, chosen) for name, item in value.items()}
    if not chosen["parseArrays"] or not inner or not _is_list(inner):
        return inner
    if max(map(int, inner)) >= chosen["arrayLimit"]:
        return inner
    return [inner[name] for name in sorted(inner, key=int)]


def stringify_query(value: Any = None, options: Any = None) -> str:
    """``$stringifyQuery``: the query string of an object."""
    chosen = _options(options, _WRITTEN)
    if not isinstance(value, dict):
        return ""
    pairs = [pair for name, item in value.items() for pair in _pairs(name, item, chosen)]
    text = text_of(chosen["delimiter"]).join(pairs)
    return f"?{text}" if text and chosen["addQueryPrefix"] else text


def _pairs(name: str, value: Any, chosen: dict[str, Any]) -> Iterator[str]:
    match value:
        case None if chosen["skipNulls"]:
            return
        case None:
            shown = _shown(name, chosen, is_name=True)
            yield shown if chosen["strictNullHandling"] else f"{shown}="
        case dict():
            for key, item in value.items():
                below = f"{name}.{key}" if chosen["allowDots"] else f"{name}[{key}]"
                yield from _pairs(below, item, chosen)
        case list():
            yield from _list_pairs(name, value, chosen)
        case _:
            shown = _shown(name, chosen, is_name=True)
            yield f"{shown}={_shown(text_of(value), chosen)}"


def _list_pairs(name: str, items: list[Any], chosen: dict[str, Any]) -> Iterator[str]:
    match chosen["arrayFormat"]:
        case "comma":
            if items:
                yield from _pairs(name, text_of(items), chosen)
        case "repeat":
            for item in items:
                yield from _pairs(name, item, chosen)
        case form:
            for index, item in enumerate(items):
                place = "" if form == "brackets" else str(index)
                yield from _pairs(f"{name}[{place}]", item, chosen)


def _shown(text: str, chosen: dict[str, Any], *, is_name: bool = False) -> str:
    if not chosen["encode"] or (is_name and chosen["encodeValuesOnly"]):
        return text
    return quote(text, safe="-._~", errors="replace")
