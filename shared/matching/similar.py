"""What an author may have meant by a path that an event does not have.

Expressions look through lists, as JSONata has it; filters look into them for items only
(docs/FILTERS.md).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from shared.expr.reads import Path
from shared.matching.clauses import index_of
from shared.matching.nearest import NAME_CHARS_MAX, nearest

LEAVES_MAX: Final = 8

_PATH_NAMES_MAX: Final = 32
"""A path of more resembles none."""

_PLACES_MAX: Final = 500
_FIELDS_MAX: Final = 5_000
_DEPTH_MAX: Final = 5
_LOOKED_AT_MAX: Final = 1_000
_STEPS_MAX: Final = 5_000
_END: Final = object()

_Find: TypeAlias = Callable[[Path], Sequence[Any]]
"""What a path leads to."""


def values_at(scope: Any, path: Path) -> list[Any]:
    """What a path leads to, through lists as well, as JSONata has it: the first few, in order.

    Looks at a bounded part of ``scope``.
    """
    return _spread(scope, path, iter(range(_LOOKED_AT_MAX)))


def value_at(scope: Any, path: Path) -> list[Any]:
    """What a path of a filter leads to, which may be null: one value, or none at all."""
    node = scope
    for name in path:
        if isinstance(node, dict) and name in node:
            node = node[name]
        elif isinstance(node, list):
            index = index_of(name)
            if index is None or not -len(node) <= index < len(node):
                return []
            node = node[index]
        else:
            return []
    return [node]


def list_within(scope: Any, path: Path) -> Path | None:
    """The beginning of a filter's path that leads to a list, where it names no item of that."""
    node = scope
    for n, name in enumerate(path):
        if isinstance(node, list) and index_of(name) is None:
            return path[:n]
        [node] = value_at(node, (name,)) or [None]
    return None


def similar(scope: Any, path: Path) -> Path | None:
    """A path of ``scope`` that resembles one that leads nowhere there; None: there is none.

    It is spelt nearly alike, in whichever case, has one name less, or ends alike and begins
    elsewhere. Looks at a bounded part of ``scope``, and takes some 10 ms at most.
    """
    steps = iter(range(_STEPS_MAX))
    return _similar(scope, path, lambda at: _spread(scope, at, steps))


def similar_in_filter(scope: Any, path: Path) -> Path | None:
    """As ``similar``, of paths that a filter may ask for."""
    return _similar(scope, path, lambda at: value_at(scope, at))


def _spread(scope: Any, path: Path, steps: Iterator[int]) -> list[Any]:
    """As ``values_at``; what it looks at is taken of ``steps``."""
    found: list[Any] = []
    left: list[tuple[Iterator[Any], int]] = [(iter((scope,)), 0)]
    for _ in islice(steps, _LOOKED_AT_MAX):
        if not left or len(found) > LEAVES_MAX:
            break
        nodes, at = left[-1]
        node = next(nodes, _END)
        if node is _END:
            left.pop()
            continue
        while isinstance(node, dict) and at < len(path) and path[at] in node:
            node, at = node[path[at]], at + 1
        if at == len(path):
            found.append(node)
        elif isinstance(node, list):
            left.append((iter(node), at))
    return found


def _similar(scope: Any, path: Path, find: _Find) -> Path | None:
    if len(path) > _PATH_NAMES_MAX:
        return None
    there = next((n for n in range(len(path)) if not find(path[: n + 1])), len(path))
    if there == len(path):
        return None
    return _spelt_alike(path, there, find) or _shorter(path, find) or _elsewhere(scope, path, find)


def _spelt_alike(path: Path, there: int, find: _Find) -> Path | None:
    """With another name in the place of the first that is not there."""
    before, missing, rest = path[:there], path[there], path[there + 1 :]
    by_case = {name.lower(): name for name in islice(_names(find(before)), _FIELDS_MAX)}
    near = nearest(missing.lower(), by_case, count=3)
    for name in (by_case[each] for each in near):
        if find((*before, name, *rest)):
            return (*before, name, *rest)
    return None


def _names(nodes: Iterable[Any]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, dict):
            yield from (key for key in node if len(key) <= NAME_CHARS_MAX)
        elif isinstance(node, list):
            yield from _names(item for item in node[:1] if isinstance(item, dict))


def _shorter(path: Path, find: _Find) -> Path | None:
    shorter = ((*path[:n], *path[n + 1 :]) for n in range(1, len(path) - 1))
    return next((meant for meant in shorter if find(meant)), None)


def _elsewhere(scope: Any, path: Path, find: _Find) -> Path | None:
    """The same names below another beginning, or all but the first below it."""
    places = list(_places(scope))
    for names in (path, path[1:]):
        for place in places if names else ():
            if find((*place, *names)):
                return (*place, *names)
    return None


def _places(scope: Any) -> Sequence[Path]:
    """Where objects stand, the nearest first."""
    found: list[Path] = []
    fields = iter(range(_FIELDS_MAX))
    left = deque[tuple[Path, Any]]([((), scope)])
    while left and len(found) < _PLACES_MAX:
        place, node = left.popleft()
        found.append(place)
        if len(place) < _DEPTH_MAX and isinstance(node, dict):
            below = zip(node.items(), fields, strict=False)
            left += [((*place, key), value) for (key, value), _ in below if isinstance(value, dict)]
    return found
