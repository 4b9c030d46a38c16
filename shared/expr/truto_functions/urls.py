"""``$parseUrl``: the parts of an absolute URL, as browsers name them."""

import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.javascript import text_of

URL_CHARS_MAX = 65_536
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]*:")
_HOST = re.compile(r"[a-z0-9\-._~%]+|\[[0-9a-f:.]+\]")
_UNTOUCHED = "!$&'()*+,;=:@/[]%~|"


def parse_url(url: Any = None) -> dict[str, Any]:
    """The parts; ``searchParams`` holds the pairs of the query. Raises ExpressionError."""
    text = text_of(url).strip()
    if len(text) > URL_CHARS_MAX or not _SCHEME.match(text):
        raise _invalid()
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError as error:
        raise _invalid() from error
    scheme = split.scheme
    known = scheme in _PORTS
    host = _host(split.hostname or "")
    if known and not host:
        raise _invalid()
    shown_port = "" if port is None or port == _PORTS.get(scheme) else str(port)
    place = f"{host}:{shown_port}" if shown_port else host
    path = _path(split.path) if known else quote(split.path, safe=_UNTOUCHED)
    search = f"?{quote(split.query, safe=_UNTOUCHED + '?')}" if split.query else ""
    fragment = f"#{quote(split.fragment, safe=_UNTOUCHED + '?')}" if split.fragment else ""
    username, password = split.username or "", split.password or ""
    signed = f"{username}{f':{password}' if password else ''}@" if username or password else ""
    before = f"//{signed}{place}" if known or split.netloc else ""
    pairs = parse_qsl(split.query, keep_blank_values=True)
    return {
        "href": f"{scheme}:{before}{path}{search}{fragment}",
        "origin": f"{scheme}://{place}" if known else "null",
        "protocol": f"{scheme}:",
        "username": username,
        "password": password,
        "host": place,
        "hostname": host,
        "port": shown_port,
        "pathname": path,
        "hash": fragment,
        "search": search,
        "searchParams": {"size": len(pairs)},
    }


def params_call(url: Any, asked: str, name: Any = None) -> Any:  # noqa: PLR0911
    """What one of the functions of ``searchParams`` answers."""
    wanted = text_of(name)
    pairs = parse_qsl(url["search"][1:], keep_blank_values=True)
    match asked:
        case "get":
            return next((value for key, value in pairs if key == wanted), None)
        case "has":
            return any(key == wanted for key, _ in pairs)
        case "getAll":
            return [value for key, value in pairs if key == wanted]
        case "keys":
            return [key for key, _ in pairs]
        case "values":
            return [value for _, value in pairs]
        case "entries":
            return [list(pair) for pair in pairs]
        case _:
            return urlencode(pairs)


def _host(name: str) -> str:
    try:
        plain = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError as error:
        raise _invalid() from error
    if plain and not _HOST.fullmatch(plain if ":" not in plain else f"[{plain}]"):
        raise _invalid()
    return f"[{plain}]" if ":" in plain else plain


def _path(path: str) -> str:
    kept: list[str] = []
    parts = (path or "/").replace("\\", "/").split("/")[1:]
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        match part.lower().replace("%2e", "."):
            case "..":
                kept = [*kept[:-1], ""] if is_last else kept[:-1]
            case ".":
                kept += [""] if is_last else []
            case _:
                kept.append(quote(part, safe=_UNTOUCHED))
    return "/" + "/".join(kept)


def _invalid() -> ExpressionError:
    return ExpressionError("ERR_INVALID_URL", "Invalid URL")


def as_values(value: Any) -> Any:
    """A result with the addresses of URLs in the place of their parts."""
    if isinstance(value, list):
        return [as_values(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "href" in value and "searchParams" in value:
        return value["href"]
    return {key: as_values(item) for key, item in value.items()}
