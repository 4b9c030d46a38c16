"""Texts with Liquid in them, as Altostrat's nodes have them."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from shared.domain.values import Lang, Value
from shared.wire.strict_json import invalid

_OPENS: Final = re.compile(r"\{\{|\{%")
_CLOSES: Final = MappingProxyType({"{{": "}}", "{%": "%}"})
_SINGLE: Final = re.compile(r"\s*\{\{-?((?:(?!\}\}|\{\{).)*?)-?\}\}\s*", re.DOTALL)
_PATH: Final = re.compile(r"\s*[A-Za-z_][\w-]*(\.[\w-]+)*\s*", re.ASCII)
_SECRET: Final = re.compile(r"(?<!\w)vlt_[0-9a-z]{26}(?!\w)")
# Within markup quotes make it a text, and a point before it a field of something else.
_SECRET_READ: Final = re.compile(rf"(?<![.'\"]){_SECRET.pattern}")


def liquid(tree: Any) -> Value:
    """A tree with templates, in which each ``vlt_…`` stands for its secret."""
    return Value(lang=Lang.LIQUID, src=_mapped(tree, _with_secrets))


def is_template(value: Any) -> bool:
    """Whether it is a text with Liquid in it."""
    return isinstance(value, str) and next(_markup(value), None) is not None


def as_text(value: str) -> str:
    """A template that comes to a text, whatever its value is."""
    return f'{value}{{{{ "" }}}}' if is_template(value) else value


def piped(value: Any, filter_: str, pointer: str) -> str:
    """A template that puts ``value`` through a filter. Raises Invalid for what cannot be."""
    single = _SINGLE.fullmatch(value) if isinstance(value, str) else None
    if single is not None:
        return f"{{{{ {single[1].strip()} | {filter_} }}}}"
    if isinstance(value, str) and not is_template(value):
        return f"{{{{ {quoted(value, pointer)} | {filter_} }}}}"
    raise invalid(pointer, "NOT_A_VALUE", "Write one '{{ … }}', or a text without any.")


def quoted(text: str, pointer: str) -> str:
    """A text as Liquid writes it. Raises Invalid for one with both kinds of quotes."""
    mark = next((mark for mark in "\"'" if mark not in text), None)
    if mark is None or "}}" in text:
        raise invalid(pointer, "UNQUOTABLE", "Use one kind of quotes only, and no '}}'.")
    return f"{mark}{text}{mark}"


def path_of(value: Any, pointer: str, *, of: str = "list") -> str:
    """The path that ``{{ a.b.c }}`` reads, as JSONata writes it. Raises Invalid."""
    single = _SINGLE.fullmatch(value) if isinstance(value, str) else None
    if single is None or not _PATH.fullmatch(single[1]):
        detail = f"Write the path of a {of}, such as '{{{{ n1.body.items }}}}', without filters."
        raise invalid(pointer, "NOT_A_PATH", detail)
    return ".".join(f"`{name}`" for name in single[1].strip().split("."))


def given(data: Mapping[str, Any], *names: str) -> tuple[str, Any]:
    """The first of some fields that says something: its place in the data, and what it says."""
    found = next((name for name in names if data.get(name) is not None), names[0])
    return f"/data/{found}", data.get(found)


def _with_secrets(text: str) -> str:
    """Within markup a secret is read, anywhere else it is put out."""
    done, at = "", 0
    for start, end in _markup(text):
        done += _SECRET.sub(r"{{ secrets.\g<0> }}", text[at:start])
        done += _SECRET_READ.sub(r"secrets.\g<0>", text[start:end])
        at = end
    return done + _SECRET.sub(r"{{ secrets.\g<0> }}", text[at:])


def _markup(text: str) -> Iterator[tuple[int, int]]:
    """Where markup stands; each end is looked for once, as a text may be nothing but beginnings."""
    at, unclosed = 0, set[str]()
    while found := _OPENS.search(text, at):
        at = found.start() + 1
        end = -1 if found[0] in unclosed else text.find(_CLOSES[found[0]], found.end())
        if end < 0:
            unclosed.add(found[0])
        else:
            at = end + 2
            yield found.start(), at


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case list() | tuple():
            return [_mapped(item, change) for item in value]
        case dict():
            return {key: _mapped(item, change) for key, item in value.items()}
        case _:
            return value
