"""Altostrat's conditions, as JSONata over their operands.

The operands are templates: they become the step's input, ``left_0``, ``right_0`` and so on, which
the condition sees as ``$input``. Operators are known by the names of ``OPERATORS`` and by
``_ALIASES``; how Altostrat spells them is not documented.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from services.api.dialects.altostrat.templates import given
from shared.domain.errors import Invalid
from shared.wire.strict_json import invalid

DEPTH_MAX: Final = 10

_LEFT: Final = ("value", "left", "variable", "input", "field", "source", "array", "date")
_RIGHT: Final = (
    *("compare_to", "compare_value", "comparison_value", "comparison", "expected"),
    *("right", "operand", "target", "min"),
)
_SECOND: Final = ("compare_to_end", "second", "end", "max")
_GROUPS: Final = ("conditions", "rules", "clauses")

# L, R and S are the operands; a text, a number and so on is made of each before.
OPERATORS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "string": {
            "equals": "L = R",
            "not_equals": "L != R",
            "contains": "$contains(L, R)",
            "not_contains": "$not($contains(L, R))",
            "starts_with": "$substring(L, 0, $length(R)) = R",
            "ends_with": "$length(L) >= $length(R) and $substring(L, $length(L) - $length(R)) = R",
            "is_empty": '$trim(L) = ""',
            "is_not_empty": '$trim(L) != ""',
        },
        "number": {
            "equals": "L = R",
            "not_equals": "L != R",
            "greater_than": "L > R",
            "greater_or_equal": "L >= R",
            "less_than": "L < R",
            "less_or_equal": "L <= R",
            "between": "L >= R and L <= S",
        },
        "date": {
            "equals": "L = R",
            "not_equals": "L != R",
            "before": "L < R",
            "on_or_before": "L <= R",
            "after": "L > R",
            "on_or_after": "L >= R",
            "between": "L >= R and L <= S",
            "is_past": "L < $millis()",
            "is_future": "L > $millis()",
            "is_today": "$floor(L / 86400000) = $floor($millis() / 86400000)",
        },
        "boolean": {
            "is_true": "L",
            "is_false": "$not(L)",
            "equals": "L = R",
            "not_equals": "L != R",
        },
        "array": {
            "contains": "R in L",
            "not_contains": "$not(R in L)",
            "is_empty": "$count(L) = 0",
            "is_not_empty": "$count(L) > 0",
            "count_equals": "$count(L) = $number(R)",
            "count_not_equals": "$count(L) != $number(R)",
            "count_greater_than": "$count(L) > $number(R)",
            "count_greater_or_equal": "$count(L) >= $number(R)",
            "count_less_than": "$count(L) < $number(R)",
            "count_less_or_equal": "$count(L) <= $number(R)",
        },
    }
)

JOINED: Final[Mapping[str, str]] = MappingProxyType(
    {"and": "and", "all": "and", "or": "or", "any": "or"}
)
"""How conditions are joined, by the words for it."""

_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("=", "==", "===", "eq", "equal", "equal_to", "is", "on"), "equals"),
        **dict.fromkeys(("!=", "<>", "ne", "neq", "not_equal", "is_not"), "not_equals"),
        **dict.fromkeys((">", "gt"), "greater_than"),
        **dict.fromkeys((">=", "gte", "greater_than_or_equal", "at_least"), "greater_or_equal"),
        **dict.fromkeys(("<", "lt"), "less_than"),
        **dict.fromkeys(("<=", "lte", "less_than_or_equal", "at_most"), "less_or_equal"),
        **dict.fromkeys(("includes", "has"), "contains"),
        **dict.fromkeys(("does_not_contain", "excludes"), "not_contains"),
        **dict.fromkeys(("begins_with", "prefix"), "starts_with"),
        **dict.fromkeys(("suffix",), "ends_with"),
        **dict.fromkeys(("empty",), "is_empty"),
        **dict.fromkeys(("not_empty", "exists"), "is_not_empty"),
        **dict.fromkeys(("true",), "is_true"),
        **dict.fromkeys(("false",), "is_false"),
    }
)

_MADE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "string": '($exists(X) and X != null ? $string(X) : "")',
        "number": "$number(X)",
        "date": "$toMillis($string(X))",
        "boolean": '(X = true or $lowercase($string(X)) in ["true", "1", "yes"])',
        "array": '(X = null or $type(X) = "string" and $trim(X) = "" ? [] : [X])',
    }
)
_SOMETHING: Final = frozenset({"number", "date"})
_THERE: Final = '($type(X) = "string" ? $trim(X) != "" : $exists(X) and X != null)'
_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType({"boolean": "is_true"})


@dataclass(slots=True)
class Operands:
    """The operands of a node's conditions, by the names under which ``$input`` has them."""

    values: dict[str, Any] = field(default_factory=dict)
    count: int = 0

    def add(self, left: Any, right: Any, second: Any) -> tuple[str, str, str]:
        """How JSONata reads the three."""
        names = [f"{name}_{self.count}" for name in ("left", "right", "second")]
        said = zip(names, (left, right, second), strict=True)
        self.values |= {name: value for name, value in said if value is not None}
        self.count += 1
        left_name, right_name, second_name = (f"$input.{name}" for name in names)
        return left_name, right_name, second_name


def condition_of(kind: str, data: Mapping[str, Any], operands: Operands) -> str:
    """One comparison of a kind (``OPERATORS``). Raises Invalid."""
    place, left = given(data, *_LEFT)
    if left is None:
        raise invalid(place, "MISSING", "Say what is compared: 'value', and 'compare_to'.")
    beside = {"R": given(data, *_RIGHT), "S": given(data, *_SECOND)}
    for letter, (place, side) in beside.items():
        if side is None and letter in OPERATORS[kind][operator_of(kind, data)]:
            raise invalid(place, "MISSING", "Say what it is compared with.")
    return comparison(kind, data, operands.add(left, beside["R"][1], beside["S"][1]))


def comparison(kind: str, data: Mapping[str, Any], sides: Sequence[str]) -> str:
    """The test of a kind for three sides, as JSONata reads each. Raises Invalid."""
    test = OPERATORS[kind][operator_of(kind, data)]
    made = [_made(kind, data, place, side) for place, side in enumerate(sides)]
    by_letter = dict(zip("LRS", made, strict=True))
    return "".join(by_letter.get(part, part) for part in re.split("([LRS])", test))


@dataclass(frozen=True, slots=True)
class Side:
    """What items are compared with, as JSONata reads it; ``is_nothing`` None: that it will tell."""

    text: str
    is_nothing: bool | None = None


def comparison_in_items(
    kind: str, data: Mapping[str, Any], left: str, beside: Mapping[str, Side]
) -> str:
    """As ``comparison``, of what an item may lack, and of the sides ``R`` and ``S``.

    Nothing is no number and no date: it equals nothing alone, and no other comparison with it
    holds. A text of blanks is nothing, too. Raises Invalid.
    """
    operator = operator_of(kind, data)
    test = comparison(kind, data, (left, *(side.text for side in beside.values())))
    if kind not in _SOMETHING:
        return test
    there, otherwise = _THERE.replace("X", left), "false"
    sides = [side for name, side in beside.items() if name in OPERATORS[kind][operator]]
    if any(side.is_nothing for side in sides):
        return {"equals": f"$not({there})", "not_equals": there}.get(operator, otherwise)
    open_ = [_THERE.replace("X", side.text) for side in sides if side.is_nothing is None]
    if operator == "not_equals":
        otherwise = " or ".join([there, *open_]) if open_ else "true"
    elif operator == "equals" and open_:
        otherwise = f"$not({' or '.join([there, *open_])})"
    return f"{' and '.join([there, *open_])} ? ({test}) : {otherwise}"


def operator_of(kind: str, data: Mapping[str, Any]) -> str:
    """The operator that is asked for. Raises Invalid, with all that there are."""
    place, said = given(data, "operator", "condition", "comparator")
    if said is None:
        said = _DEFAULTS.get(kind, "")
    name = str(said).strip().lower().replace(" ", "_").replace("-", "_")
    found = name if name in OPERATORS[kind] else _ALIASES.get(name, name)
    if kind == "array" and found.startswith("length_"):
        found = f"count_{found.removeprefix('length_')}"
    if found not in OPERATORS[kind]:
        detail = f"No operator of a {kind}: there are {', '.join(OPERATORS[kind])}."
        raise invalid(place, "UNKNOWN_OPERATOR", detail)
    return found


def group_of(data: Mapping[str, Any], operands: Operands, depth: int = 0) -> str:
    """Conditions joined by ``and`` or ``or``, up to ``DEPTH_MAX`` levels. Raises Invalid."""
    place, clauses = given(data, *_GROUPS)
    if not isinstance(clauses, list) or not clauses or depth > DEPTH_MAX:
        detail = f"Give a list of conditions, at most {DEPTH_MAX} levels deep."
        raise invalid(place, "NOT_CONDITIONS", detail)
    word, said = given(data, "logic", "match", "operator")
    joined = JOINED.get(str(said or "and").lower())
    if joined is None:
        raise invalid(word, "UNKNOWN_OPERATOR", "Conditions are joined by 'and' or 'or'.")
    tests = list(_tests(clauses, place, operands, depth))
    return f" {joined} ".join(f"({test})" for test in tests)


def kind_of(data: Mapping[str, Any], usual: str = "string") -> str:
    """The kind of a condition within another: its ``type``, such as ``number``."""
    place, said = given(data, "type", "kind", "componentId")
    kind = str(said or usual).lower().removesuffix("_condition").removeprefix("condition_")
    if kind not in OPERATORS:
        raise invalid(place, "UNKNOWN_CONDITION", f"There are {', '.join(OPERATORS)}.")
    return kind


def _tests(clauses: list[Any], place: str, operands: Operands, depth: int) -> Iterator[str]:
    for index, clause in enumerate(clauses):
        if not isinstance(clause, dict):
            raise invalid(f"{place}/{index}", "NOT_A_CONDITION", "Write a condition as an object.")
        try:
            if any(name in clause for name in _GROUPS):
                yield group_of(clause, operands, depth + 1)
            else:
                yield condition_of(kind_of(clause), clause, operands)
        except Invalid as error:
            raise beneath(error, f"{place}/{index}") from None


def beneath(error: Invalid, place: str) -> Invalid:
    """The same faults, whose places were within what stands at ``place``."""
    fault = error.problems[0]
    return invalid(f"{place}{fault.pointer.removeprefix('/data')}", fault.code, fault.detail)


def is_nothing(value: Any) -> bool:
    """Whether a value that is written is nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def _made(kind: str, data: Mapping[str, Any], place: int, side: str) -> str:
    if kind == "array" and place:
        return side  # what a list is to contain, or how much
    made = _MADE[kind].replace("X", side)
    is_exact = data.get("case_sensitive", True) is not False
    return made if kind != "string" or is_exact else f"$lowercase({made})"
