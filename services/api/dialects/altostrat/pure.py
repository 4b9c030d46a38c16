"""Altostrat's components that only compute, as steps that do."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from orjson import dumps

from services.api.dialects.altostrat.conditions import (
    JOINED,
    OPERATORS,
    Side,
    beneath,
    comparison_in_items,
    is_nothing,
    kind_of,
    operator_of,
)
from services.api.dialects.altostrat.templates import (
    as_text,
    given,
    is_template,
    liquid,
    path_of,
    piped,
    quoted,
)
from shared.domain.errors import Invalid
from shared.domain.values import Lang, Value
from shared.wire.strict_json import invalid

_DATE_FORMAT: Final = "Y-m-d H:i:s"
_MODES: Final = ("include", "exclude")
_RIGHT: Final = ("value", "compare_to", "min")
_SECOND: Final = ("max", "compare_to_end")


def _transform(value: Value) -> dict[str, Any]:
    return {"action": "transform", "input": value}


def _text(data: Mapping[str, Any]) -> dict[str, Any]:
    place, text = given(data, "template", "text", "value", "input")
    if not isinstance(text, str):
        raise invalid(place, "REQUIRED", "Give the text, with Liquid in it.")
    return _transform(liquid(as_text(text)))


def _mapper(data: Mapping[str, Any]) -> dict[str, Any]:
    """An object of templates, or a list of what goes where."""
    place, mapping = given(data, "mapping", "mappings", "fields", "template")
    if isinstance(mapping, list) and all(isinstance(entry, dict) for entry in mapping):
        mapping = {
            str(given(entry, "target", "key", "to", "name")[1]): given(
                entry, "source", "value", "from"
            )[1]
            for entry in mapping
        }
    if not isinstance(mapping, dict):
        raise invalid(place, "REQUIRED", "Give an object, or a list of {target, source}.")
    return _transform(liquid(mapping))


def _json(data: Mapping[str, Any]) -> dict[str, Any]:
    place, text = given(data, "json", "input", "value", "text", "source")
    return _transform(liquid(piped(text, "parse_json", place)))


def _date(data: Mapping[str, Any]) -> dict[str, Any]:
    place, date = given(data, "date", "value", "input", "source")
    form_place, form = given(data, "format", "output_format", "to_format")
    form = quoted(str(form or _DATE_FORMAT), form_place)
    return _transform(liquid(piped(date, f"carbon_date: {form}", place)))


def _filter(data: Mapping[str, Any]) -> dict[str, Any]:
    """The items for which the conditions hold, or with ``mode`` exclude do not."""
    place, items = given(data, "items", "array", "list", "input", "source")
    path, test = path_of(items, place), _item_test(data)
    mode = str(data.get("mode") or "include").lower()
    if mode not in _MODES:
        raise invalid("/data/mode", "UNKNOWN_MODE", f"There are {', '.join(_MODES)}.")
    if mode == "exclude":
        # A comparison with what is absent comes to nothing, of which $not makes nothing as well.
        test = f"({test}) ? false : true"
    kept = f"[$filter([{path}], function($item) {{ {test} }})]"
    return _transform(Value(lang=Lang.JSONATA, src=f"{path} = null ? [] : {kept}"))


def _item_test(data: Mapping[str, Any]) -> str:
    place, clauses = given(data, "conditions", "rules", "filters")
    if not isinstance(clauses, list) or not clauses:
        raise invalid(place, "REQUIRED", "Give a list of {field, operator, value}.")
    word, said = given(data, "logic", "match", "operator")
    joined = JOINED.get(str(said or "and").lower())
    if joined is None:
        raise invalid(word, "UNKNOWN_OPERATOR", "Conditions are joined by 'and' or 'or'.")
    tests: list[str] = []
    for index, clause in enumerate(clauses):
        try:
            tests.append(_clause_test(clause))
        except Invalid as error:
            raise beneath(error, f"{place}/{index}") from None
    return f" {joined} ".join(f"({test})" for test in tests)


def _clause_test(clause: Any) -> str:
    if not isinstance(clause, dict):
        raise invalid("/data", "NOT_A_CONDITION", "Write a condition as an object.")
    if any(name in clause for name in ("conditions", "rules", "filters")):
        return _item_test(clause)
    field = clause.get("field") or ""
    if not isinstance(field, str) or "`" in field:
        raise invalid("/data/field", "NOT_A_FIELD", "Name a field of the items.")
    left = ".".join(["$item", *(f"`{name}`" for name in field.split(".") if name)])
    kind = kind_of(clause)
    test, beside = OPERATORS[kind][operator_of(kind, clause)], {"R": _RIGHT, "S": _SECOND}
    for letter, names in beside.items():
        if letter in test and not any(name in clause for name in names):
            raise invalid(f"/data/{names[0]}", "MISSING", "Say what it is compared with.")
    said = {letter: _side(*given(clause, *names)) for letter, names in beside.items()}
    return comparison_in_items(kind, clause, left, said)


def _side(place: str, said: Any) -> Side:
    """What items are compared with: what a path leads to, or the value itself. Raises Invalid."""
    if is_template(said):
        return Side(text=f"$$.{path_of(said, place, of='value')}")
    return Side(text=dumps(said).decode(), is_nothing=is_nothing(said))


PURE: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = MappingProxyType(
    {
        **dict.fromkeys(("texttransform", "transformtext"), _text),
        **dict.fromkeys(("datamapper", "mapper"), _mapper),
        **dict.fromkeys(("jsonparser", "parsejson"), _json),
        **dict.fromkeys(("datetransform", "transformdate"), _date),
        **dict.fromkeys(("arrayfilter", "filterarray"), _filter),
    }
)
