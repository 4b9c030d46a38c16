"""The Liquid filters that are ours: new ones, and safe ones in place of the engine's.

``json`` writes a value as JSON, ``parse_json`` reads a text that is. ``date``, ``carbon_date`` and
``carbon_condition`` take an instant in ISO 8601, in seconds since 1970, or as ``now`` and
``today``, which are those of the rendering; without a zone it is UTC. ``date`` takes a format of
strftime (``%Y-%m-%d``), ``carbon_date`` also one of PHP (``Y-m-d H:i:s``, its default). What is no
instant comes out as it went in, as everywhere in Liquid. ``carbon_condition`` knows ``is_today``
and ``within_N_days`` (before or after now).

``replace``, ``join``, ``split``, ``uniq`` and ``strip_html`` are as everywhere, but know beforehand
how much they would make, and take linear time.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import orjson
from liquid.builtin.filters.string import strip_html
from liquid.filter import with_context
from liquid.stringify import to_liquid_string
from liquid.undefined import Undefined

from shared.expr.casts import as_json
from shared.expr.errors import ExpressionError

CHARS_MAX = 131_072
"""The longest text that a filter takes or makes."""

HTML_CHARS_MAX = 16_384
ITEMS_MAX = 50_000
FORMAT_CHARS_MAX = 256

_WITHIN = re.compile(r"within_(\d{1,4})_days", re.ASCII)
_WIDTH = re.compile(r"%([-_0^#]*)\d+", re.ASCII)
_PHP_FORMAT = "Y-m-d H:i:s"
_PHP: Mapping[str, str] = MappingProxyType(
    dict(zip("dDlNWmMFYyAhHisuTeOU", "daAuVmbBYypIHMSfZZzs", strict=True))
    | {"j": "-d", "n": "-m", "a": "P", "g": "-I", "G": "-H", "c": "Y-%m-%dT%H:%M:%S+00:00"}
)
"""What strftime calls the letters of PHP; an instant is always in UTC."""


def written(value: Any) -> str:
    """A value inside a text: the items of a list one after another, objects as JSON."""
    match value:
        case list() | tuple():
            return "".join(written(item) for item in value)
        case dict():
            return as_json(value).decode()
        case date():
            return instant_text(value)
        case _:
            return to_liquid_string(value, autoescape=False)


def instant_text(at: date) -> str:
    """An instant or a day as a JSON text (ISO 8601)."""
    if not isinstance(at, datetime):
        return at.isoformat()
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@with_context
def _date(value: Any, form: Any = "", *, context: Any) -> Any:
    at = _instant(value, context.instant)
    return value if at is None or not form else _formatted(at, written(form))


@with_context
def _carbon_date(value: Any, form: Any = _PHP_FORMAT, *, context: Any) -> Any:
    at = _instant(value, context.instant)
    if at is None:
        return value
    form = written(form) or _PHP_FORMAT
    if "%" not in form:
        form = "".join(f"%{_PHP[char]}" if char in _PHP else char for char in form)
    return _formatted(at, form)


@with_context
def _carbon_condition(value: Any, condition: Any = "", *, context: Any) -> bool:
    now = context.instant.astimezone(UTC)
    at = _instant(value, now)
    within = _WITHIN.fullmatch(str(condition))
    if condition == "is_today":
        return at is not None and at.date() == now.date()
    if within is not None:
        return at is not None and abs(at - now) <= timedelta(days=int(within[1]))
    message = f"carbon_condition knows is_today and within_7_days, not {condition!r}."
    raise ExpressionError("TEMPLATE_FAILED", message)


def _instant(value: Any, now: datetime) -> datetime | None:
    try:
        match value:
            case "now" | "today":
                at = now
            case datetime():
                at = value
            case date():
                at = datetime(value.year, value.month, value.day, tzinfo=UTC)
            case bool():
                return None
            case int() | float():
                at = datetime.fromtimestamp(value, UTC)
            case str() if value.isascii() and value.isdigit():
                at = datetime.fromtimestamp(int(value[:20]), UTC)
            case str():
                at = datetime.fromisoformat(value[:64].strip())
            case _:
                return None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _formatted(at: datetime, form: str) -> str:
    if len(form) > FORMAT_CHARS_MAX:
        raise _too_large(f"a date's format has more than {FORMAT_CHARS_MAX} characters")
    # A field may ask for a width, as in %1000000Y: no date needs one.
    plain = _WIDTH.sub(r"%\1", form).replace("%s", str(int(at.timestamp())))
    return at.strftime(plain)


def _replace(value: Any, old: Any, new: Any = "") -> str:
    text, old, new = written(value), written(old), written(new)
    _at_most(len(text) + text.count(old) * len(new), "replace")
    return text.replace(old, new)


def _join(items: Any, between: Any = " ") -> str:
    parts = [written(item) for item in _listed(items)]
    glue = written(between)
    _at_most(sum(map(len, parts)) + len(parts) * len(glue), "join")
    return glue.join(parts)


def _split(value: Any, at: Any = "") -> list[str]:
    text, at = written(value), written(at)
    if text == at:
        return []
    parts = text.split(None if at == " " else at, ITEMS_MAX) if at else list(text[: ITEMS_MAX + 1])
    if len(parts) > ITEMS_MAX:
        raise _too_large(f"split would make more than {ITEMS_MAX} items")
    return parts


def _uniq(items: Any, key: Any = None) -> list[Any]:
    first: dict[str, Any] = {}
    for item in _listed(items):
        kept_by = item if key is None else item.get(key) if isinstance(item, dict) else None
        # Decoded, because orjson's bytes keep the kilobytes they were written into.
        first.setdefault(as_json(kept_by).decode(), item)
    return list(first.values())


@with_context
def _strip_html(value: Any, *, context: Any) -> Any:
    text = written(value)
    if len(text) > HTML_CHARS_MAX:
        raise _too_large(f"strip_html takes at most {HTML_CHARS_MAX} characters")
    return strip_html(text, environment=context.env)


def _json(value: Any) -> str:
    return as_json(None if isinstance(value, Undefined) else value).decode()


def _parse_json(text: Any) -> Any:
    text = written(text)
    _at_most(len(text), "parse_json")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ExpressionError(
            "TEMPLATE_FAILED", f"parse_json: this is not JSON: {error}."
        ) from None


def _listed(items: Any) -> list[Any]:
    return list(items) if isinstance(items, list | tuple | range) else [items]


def _at_most(chars: int, name: str) -> None:
    if chars > CHARS_MAX:
        raise _too_large(f"{name} would make more than {CHARS_MAX} characters")


def _too_large(what: str) -> ExpressionError:
    return ExpressionError("TEMPLATE_SIZE", f"The template was stopped: {what}.")


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "json": _json,
        "parse_json": _parse_json,
        "date": _date,
        "carbon_date": _carbon_date,
        "carbon_condition": _carbon_condition,
        "replace": _replace,
        "join": _join,
        "split": _split,
        "uniq": _uniq,
        "strip_html": _strip_html,
    }
)
"""By name."""
