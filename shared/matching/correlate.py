"""Which of many events a wait may be for, without evaluating its expression over each.

Most waits ask for equality with something that they know: ``payload.order = $input.order``. A
thousand such waits for a thousand events would be a million evaluations; an index of the events by
what stands at that path leaves those few that can be meant.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.domain.workflows import Dialect
from shared.matching.view import EventView

_PATH = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_AND: Final = re.compile(r"\s+and\s+")
_EQUALITY: Final = re.compile(
    rf"\s*(?:(?P<event>(?:payload|event)\.{_PATH})|[-+\w.]+|\"[^\"\\]*\"|'[^'\\]*')"
    rf"\s*=\s*(?:\$input\.(?P<input>{_PATH})|[-+\w.]+|\"[^\"\\]*\"|'[^'\\]*')\s*",
    re.ASCII,
)

Key = float | str
_Places = tuple[Mapping[Key, Sequence[int]], Sequence[int]]


class Correlated:
    """Some events, in order, indexed by what waits ask for."""

    def __init__(self, views: Sequence[EventView]) -> None:
        self._views = views
        self._by_path: dict[str, _Places] = {}

    def candidates(self, data: Mapping[str, Any]) -> Sequence[EventView]:
        """Every event that the wait ``data`` can be for, in order, and as few others as may be."""
        paths = _equal(data["match"])
        key = None if paths is None else _key(data["input"], paths[1])
        if paths is None or key is None:
            return self._views
        known, unknown = self._places(paths[0])
        return [self._views[n] for n in sorted((*known.get(key, ()), *unknown))]

    def _places(self, path: str) -> _Places:
        """Where the events stand by what is at ``path``, and those where it is no plain value."""
        if path not in self._by_path:
            known: defaultdict[Key, list[int]] = defaultdict(list)
            unknown: list[int] = []
            for n, view in enumerate(self._views):
                key = _key(view.scope(Dialect.NATIVE), path)
                (unknown if key is None else known[key]).append(n)
            self._by_path[path] = known, unknown
        return self._by_path[path]


def _equal(source: str | None) -> tuple[str, str] | None:
    """The paths, in the event and in the input, that must lead to the same for ``source`` to hold.

    Only of equalities joined by "and", where each must hold.
    """
    parts = [] if source is None else [_EQUALITY.fullmatch(part) for part in _AND.split(source)]
    if None in parts:
        return None
    pairs = ((part["event"], part["input"]) for part in parts if part is not None)
    return next(((event, given) for event, given in pairs if event and given), None)


def _key(value: Any, path: str) -> Key | None:
    """What stands at a path, such that what JSONata calls equal has one key; None: to be tried."""
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    if isinstance(value, str):
        return value
    try:
        return float(value) if isinstance(value, int | float) else None
    except OverflowError:
        return None
