"""What a workflow of the cases says, in the patterns of event-ruler and of quamina."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.matching.rules import WILDCARD
from tests.benchmarks.match_cases import Case

Pattern = Mapping[str, Any]

_BOUNDS: Final = {"~gte": ">=", "~gt": ">", "~lte": "<=", "~lt": "<"}


class Unsaid(Exception):
    """A peer's language has no words for it."""


def patterns_of(case: Case, n: int, count: int, *, has_numbers: bool) -> Sequence[Pattern]:
    """Of which one has to match; ``has_numbers``: event-ruler's words, else quamina's.

    Raises Unsaid.
    """
    says = case.workflow(n, count)
    if "run_if" in says:
        raise Unsaid("JSONata")
    filters = says.get("filters", {})
    name = case.trigger(n)
    named = [{"prefix": name.removesuffix(WILDCARD)}] if name.endswith(WILDCARD) else [name]
    return [
        {"type": named, **_nested(part, has_numbers=has_numbers)}
        for part in filters.get("~or", [filters])
    ]


def _nested(filters: Mapping[str, Any], *, has_numbers: bool) -> Pattern:
    root: dict[str, Any] = {}
    for path, condition in filters.items():
        *above, name = path.split(".")
        node = root
        for key in above:
            node = node.setdefault(key, {})
        node[name] = _allowed(condition, has_numbers=has_numbers)
    return root


def _allowed(condition: Any, *, has_numbers: bool) -> Sequence[Any]:
    match condition:
        case {"~in": [*values]}:
            return values
        case {"~gte": low, "~lte": high} if low == high:
            return [low]
        case dict():
            return [_worded(condition, has_numbers=has_numbers)]
        case _:
            return [condition]


def _worded(condition: Mapping[str, Any], *, has_numbers: bool) -> Mapping[str, Any]:
    match condition:
        case {"~starts": text}:
            return {"prefix": text}
        case {"~ends": text}:
            return {"suffix": text} if has_numbers else {"shellstyle": f"*{text}"}
        case {"~isnull": bool(is_null)}:
            return {"exists": not is_null}
        case _ if has_numbers and condition.keys() <= _BOUNDS.keys():
            bounds = [(_BOUNDS[name], bound) for name, bound in condition.items()]
            return {"numeric": [word for pair in bounds for word in pair]}
        case _:
            raise Unsaid(", ".join(condition))
