"""YAML as another spelling of JSON: version 1.2's core schema, without aliases.

Plain PyYAML reads version 1.1, where ``on`` and ``no`` are booleans and ``010`` is eight.
"""

import re
from collections import deque
from collections.abc import Callable, Generator, Hashable
from typing import Any, Final

import yaml

from shared.domain.errors import Invalid
from shared.wire.envelope import dumps
from shared.wire.strict_json import JsonFault, invalid

# Each kind of scalar, how it is written, and the characters it can begin with.
_CORE_SCHEMA: Final = (
    ("null", r"(~|null|Null|NULL|)\Z", ("~", "n", "N", "")),
    ("bool", r"(true|True|TRUE|false|False|FALSE)\Z", tuple("tTfF")),
    ("int", r"[-+]?[0-9]+\Z", tuple("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z", tuple("-+.0123456789")),
)


_EVENTS_AT_ONCE: Final = 500


class _CoreLoader(yaml.SafeLoader):
    """Reads the core schema; aliases, which can multiply without end, are refused."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own name, never changed
        first: [
            (f"tag:yaml.org,2002:{kind}", re.compile(pattern))
            for kind, pattern, firsts in _CORE_SCHEMA
            if first in firsts
        ]
        for _, _, every in _CORE_SCHEMA
        for first in every
    }

    def read(self) -> Generator[None, None, Any]:
        """The value. What takes longest of all, to find its parts, it does some at a time."""
        found = deque[yaml.Event]()
        next_event: Callable[[], yaml.Event] = super().get_event
        while super().check_event():
            found.append(next_event())
            if not len(found) % _EVENTS_AT_ONCE:
                yield
        self._found = found
        yield
        return self.get_single_data()

    def check_event(self, *choices: Any) -> bool:
        return bool(self._found) and (not choices or isinstance(self._found[0], choices))

    def peek_event(self) -> yaml.Event | None:
        return self._found[0] if self._found else None

    def get_event(self) -> yaml.Event | None:
        return self._found.popleft() if self._found else None

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        is_next: Callable[[type[yaml.Event]], bool] = self.check_event
        if is_next(yaml.AliasEvent):
            raise _unreadable("Aliases are not supported; write the value out.")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in seen:
                line = key.start_mark.line + 1
                raise _unreadable(f"'{key.value[:64]}' stands there twice (line {line}).")
            seen.add((key.tag, str(key.value)))
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        return int(node.value)


_CoreLoader.add_constructor("tag:yaml.org,2002:int", _CoreLoader.construct_yaml_int)


# A parser in Python: this much takes it half a second.
YAML_BYTES_MAX: Final = 65_536


def yaml_to_json(raw: bytes) -> bytes:
    """The same document in JSON. Raises Invalid when it is not YAML, or holds what JSON cannot."""
    parts = yaml_in_parts(raw)
    while True:
        try:
            next(parts)
        except StopIteration as end:
            document: bytes = end.value
            return document


def yaml_in_parts(raw: bytes) -> Generator[None, None, bytes]:
    """As ``yaml_to_json``, in parts between which others may have their turn."""
    if len(raw) > YAML_BYTES_MAX:
        raise invalid(
            "", JsonFault.TOO_LARGE, f"Send at most {YAML_BYTES_MAX} bytes of YAML, or JSON."
        )
    try:
        return dumps((yield from _CoreLoader(raw).read()))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
        raise _unreadable(f"This is not YAML: {error.problem}{place}.") from None
    except yaml.YAMLError:
        raise _unreadable("This is not YAML: it holds characters that YAML forbids.") from None
    except RecursionError:
        raise invalid("", JsonFault.TOO_DEEP, "It is nested too deep.") from None
    except (ArithmeticError, AttributeError, LookupError):
        # PyYAML tests nothing that has a tag of its own: "!!bool x" is a KeyError.
        raise _unreadable("This is not YAML: a value is not what its tag says.") from None
    except (TypeError, ValueError) as error:
        raise _unreadable(f"This YAML has no like in JSON: {error}.") from None


def _unreadable(detail: str) -> Invalid:
    return invalid("", JsonFault.UNREADABLE, detail)
