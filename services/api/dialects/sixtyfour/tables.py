"""Blocks that only work on rows, and that Turnout does itself: each is a JSONata text.

Such a text is put between ``before``, which says what ``$rows`` are, and a closing bracket; it
gives ``{"rows": …}``. Values are compared as texts, and by number where both are numbers.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from services.api.http.documents import validate

Columns = Annotated[tuple[str, ...], Field(min_length=1, max_length=200)]


class Operator(StrEnum):
    """How a column is compared."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    GREATER = "greater"
    LESS = "less"
    IN = "in"
    NOT_IN = "not_in"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"
    MATCHES = "matches"


class _Specs(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


class Condition(_Specs):
    """One comparison; ``logic`` joins it with all before it."""

    column: str
    operator: Operator
    value: Any = None
    logic: Literal["and", "or"] = "and"


class FilterSpecs(_Specs):
    """The rows that are kept; without filters all of them."""

    filters: Annotated[tuple[Condition, ...], Field(max_length=100)] = ()


class DeduplicateSpecs(_Specs):
    """Of the rows that agree in ``columns``, or in everything, the first is kept."""

    columns: Columns | None = None


class RemoveColumnsSpecs(_Specs):
    """The columns that rows lose."""

    columns: Columns


class OutgoingSpecs(_Specs):
    """Where rows are posted to."""

    url: Annotated[str, Field(min_length=1, max_length=8_192)]
    headers: dict[str, str] = Field(default_factory=dict)


class NoSpecs(_Specs):
    """Nothing is to be said."""


def json_text(value: Any) -> str:
    """A JSON value as JSONata writes it."""
    return orjson.dumps(value).decode()


def table_text(name: str, specs: Mapping[str, Any]) -> str:
    """What the block ``name``, one of ``TABLES``, makes of ``$rows``.

    Raises Invalid with every fault of its specs, with pointers into them.
    """
    model, text = _TEXTS[name]
    return text(validate(model, specs))


def _webhook(_specs: BaseModel) -> str:
    return '{"rows": $rows}'


def _filter(specs: BaseModel) -> str:
    assert isinstance(specs, FilterSpecs), "validated"
    if not specs.filters:
        return '{"rows": $rows}'
    first, *more = specs.filters
    holds = _holds(first)
    for condition in more:
        holds = f"({holds} {condition.logic} {_holds(condition)})"
    return f'({_WORDS}{{"rows": [$filter($rows, function($row){{ {holds} }})]}})'


def _deduplicate(specs: BaseModel) -> str:
    assert isinstance(specs, DeduplicateSpecs), "validated"
    if specs.columns is None:
        return '{"rows": [$distinct($rows)]}'
    # The key is the JSON of the values, in which no two lists of them look alike.
    values = ", ".join(f"[$lookup($, {json_text(column)})]" for column in specs.columns)
    return f'{{"rows": [$each($rows{{$string([{values}]): $[0]}}, function($row){{$row}})]}}'


def _remove_columns(specs: BaseModel) -> str:
    assert isinstance(specs, RemoveColumnsSpecs), "validated"
    is_kept = f"function($v, $k){{ $not($k in {json_text(specs.columns)}) }}"
    kept = f"function($row){{ $merge([$sift($row, {is_kept})]) }}"
    return f'{{"rows": [$map($rows, {kept})]}}'


_WORDS: Final = (
    "$there := function($v){ $exists($v) and $v != null };"
    "$same := function($v, $x){ $there($v) ? $string($v) = $string($x) : $x = null };"
    "$has := function($v, $x){ $there($v) and ($type($v) = 'array'"
    " ? $string($x) in $v.$string() : $contains($string($v), $string($x))) };"
    "$one_of := function($v, $x){ $there($v) and $string($v) in [$x].$string() };"
    "$number_of := function($v){ $type($v) = 'number' ? $v :"
    " $type($v) = 'string' and $contains($v, /^ *-?(0|[1-9][0-9]*)(\\.[0-9]+)? *$/)"
    " ? $number($trim($v)) };"
    "$before := function($v, $x){ ($m := $number_of($v); $n := $number_of($x);"
    " $exists($m) and $exists($n) ? $m < $n :"
    " $there($v) and $there($x) ? $string($v) < $string($x) : false) };"
    "$is_empty := function($v){ $there($v) ? $string($v) in ['', '[]'] : true };"
)


_HOLDS: Final[Mapping[Operator, str]] = MappingProxyType(
    {
        Operator.EQUALS: "$same($v, $x)",
        Operator.NOT_EQUALS: "$not($same($v, $x))",
        Operator.CONTAINS: "$has($v, $x)",
        Operator.NOT_CONTAINS: "$not($has($v, $x))",
        Operator.GREATER: "$before($x, $v)",
        Operator.LESS: "$before($v, $x)",
        Operator.IN: "$one_of($v, $x)",
        Operator.NOT_IN: "$not($one_of($v, $x))",
        Operator.IS_EMPTY: "$is_empty($v)",
        Operator.IS_NOT_EMPTY: "$not($is_empty($v))",
        Operator.MATCHES: "$there($v) and $contains($string($v), $x)",
    }
)
"""Each operator, of the column's value ``$v`` and the specs' value ``$x``."""


def _holds(condition: Condition) -> str:
    value = condition.value
    is_regex = condition.operator is Operator.MATCHES
    x = _regex(value) if is_regex else json_text(value)
    column = json_text(condition.column)
    return f"($v := $lookup($row, {column}); $x := {x}; {_HOLDS[condition.operator]})"


def _regex(value: Any) -> str:
    """A regular expression between slashes, in which a slash is written with a backslash."""
    written, is_escaped = "", False
    for character in value if isinstance(value, str) else json_text(value):
        written += "\\/" if character == "/" and not is_escaped else character
        is_escaped = character == "\\" and not is_escaped
    return f"/{written or '(?:)'}/"


_TEXTS: Final[Mapping[str, tuple[type[BaseModel], Callable[[BaseModel], str]]]] = MappingProxyType(
    {
        "webhook": (NoSpecs, _webhook),
        "filter": (FilterSpecs, _filter),
        "deduplicate": (DeduplicateSpecs, _deduplicate),
        "remove_columns": (RemoveColumnsSpecs, _remove_columns),
    }
)

TABLES: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {name: model for name, (model, _) in _TEXTS.items()}
)
"""The blocks that Turnout does itself, and what their specs are."""
