"""What an author may have meant by a path that an event does not have."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final

from shared.expr.reads import Path

LEAVES_MAX: Final = 8

_NAMES_COMPARED_MAX: Final = 200
_NAME_CHARS_MAX: Final = 64
_PLACES_MAX: Final = 500
_DEPTH_MAX: Final = 5
_LOOKED_AT_MAX: Final = 1_000


def values_at(scope: Any, path: Path) -> list[Any]:
    """What a path leads to, through lists as well, as JSONata has it: the first few, in order.

    Looks at a bounded part of ``scope``.
    """
    found: list[Any] = []
    left = [(scope, 0)]
    for _ in range(_LOOKED_AT_MAX):
        if not left or len(found) > LEAVES_MAX:
            break
        node, at = left.pop()
        if at == len(path):
            found.append(node)
        elif isinstance(node, list):
            left += [(item, at) for item in reversed(node[:_LOOKED_AT_MAX])]
        elif isinstance(node, dict) and path[at] in node:
            left.append((node[path[at]], at + 1))
    return found


def similar(scope: Any, path: Path) -> Path | None:
    """A path of ``scope`` that resembles one that leads nowhere there; None: there is none.

    It is spelt nearly alike, in whichever case, has one name less, or ends alike and begins
    elsewhere. Looks at a bounded part of ``scope``.
    """
    return _spelt_alike(scope, path) or _shorter(scope, path) or _elsewhere(scope, path)


def _spelt_alike(scope: Any, path: Path) -> Path | None:
    there = next((n for n in range(len(path)) if not values_at(scope, path[: n + 1])), len(path))
    if there == len(path):
        return None
    before, missing, rest = path[:there], path[there], path[there + 1 :]
    known = islice(_names(values_at(scope, before)), _NAMES_COMPARED_MAX)
    by_case = {name.lower(): name for name in known}
    near = get_close_matches(missing[:_NAME_CHARS_MAX].lower(), by_case, n=3, cutoff=0.6)
    for name in (by_case[each] for each in near):
        if values_at(scope, (*before, name, *rest)):
            return (*before, name, *rest)
    return None


def _names(nodes: Iterable[Any]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, dict):
            yield from (key for key in node if len(key) <= _NAME_CHARS_MAX)
        elif isinstance(node, list):
            yield from _names(item for item in node[:1] if isinstance(item, dict))


def _shorter(scope: Any, path: Path) -> Path | None:
    shorter = ((*path[:n], *path[n + 1 :]) for n in range(1, len(path) - 1))
    return next((meant for meant in shorter if values_at(scope, meant)), None)


def _elsewhere(scope: Any, path: Path) -> Path | None:
    """The same names below another beginning, or all but the first below it."""
    places = list(_places(scope))
    for names in (path, path[1:]):
        for place in places if names else ():
            if values_at(scope, (*place, *names)):
                return (*place, *names)
    return None


def _places(scope: Any) -> Sequence[Path]:
    """Where objects stand, the nearest first."""
    found: list[Path] = []
    left = deque[tuple[Path, Any]]([((), scope)])
    while left and len(found) < _PLACES_MAX:
        place, node = left.popleft()
        found.append(place)
        if len(place) < _DEPTH_MAX and isinstance(node, dict):
            below = islice(node.items(), _PLACES_MAX)
            left += [((*place, k), v) for k, v in below if isinstance(v, dict)]
    return found
