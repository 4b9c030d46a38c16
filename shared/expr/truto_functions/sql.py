"""``$convertQueryToSql``: a query of fields and operators as the condition of an SQL statement."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.dates import from_iso
from shared.expr.truto_functions.javascript import text_of
from shared.expr.truto_functions.map_values import map_values
from shared.expr.truto_functions.moment_formats import formatted, iso_text

_OPERATORS = {
    "eq": "=",
    "ne": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "in": "in",
    "nin": "not in",
    "like": "like",
}


def convert_query_to_sql(
    query: Any = None,
    keys: Any = None,
    mapping: Any = None,
    types: Any = None,
    operators: Any = None,
    options: Any = None,
) -> str:
    """The condition; ``keys`` are the fields taken, all where there are none.

    Nothing is escaped but single quotes, and these only where the options ask for it: never put
    a text from outside into a statement by this.
    """
    asked = _Asked(mapping or {}, types or {}, operators or {}, options or {})
    return asked.condition(query or {}, keys or [])


@dataclass(frozen=True, slots=True)
class _Asked:
    mapping: dict[str, Any]
    types: dict[str, Any]
    operators: dict[str, Any]
    options: dict[str, Any]

    def condition(self, query: dict[str, Any], keys: list[str]) -> str:
        wanted = keys or list(query)
        parts = [part for key in wanted for part in self._parts(query, key, wanted)]
        word = self.options.get("conjunction") or "AND"
        if not self.options.get("groupComparisonInBrackets") or not parts:
            return f" {word} ".join(parts)
        opening = "(" * (len(parts) - 1)
        return opening + parts[0] + "".join(f" {word} {part})" for part in parts[1:])

    def _parts(self, query: dict[str, Any], key: str, wanted: list[str]) -> Iterator[str]:
        asked = query.get(key)
        if asked is None and key in query:
            # To leave the condition out would take in more than was asked for.
            raise ExpressionError("NULL_CONDITION", f"The condition of '{key}' is null.")
        if key == "or":
            yield f"({self.condition(asked or {}, wanted)})"
            return
        compared = {"in": asked} if isinstance(asked, list) else asked
        if not isinstance(compared, dict):
            compared = {"eq": asked}
        for operator, value in compared.items():
            if part := self._part(key, operator, value):
                yield part

    def _part(self, key: str, operator: str, value: Any) -> str | None:
        sign = self.operators.get(operator) or _OPERATORS.get(operator)
        if sign is None:
            raise ExpressionError("UNKNOWN_OPERATOR", f"Unknown operator: {operator}")
        if operator not in ("in", "nin"):
            typed = self._typed(value, key)
            return None if typed is None else self._compared(key, sign, typed)
        values = [self._typed(item, key) for item in value]
        if not self.options.get("useOrForIn"):
            listed = ",".join("" if one is None else text_of(one) for one in values)
            return self._compared(key, sign, f"({listed})")
        equals = self.operators.get("eq") or _OPERATORS["eq"]
        compared = (self._compared(key, equals, one) for one in values if one is not None)
        return f"({' OR '.join(compared)})"

    def _compared(self, key: str, sign: str, value: Any) -> str:
        space = "" if self.options.get("noSpaceBetweenOperator") else " "
        return f"{self.mapping.get(key) or key}{space}{sign}{space}{text_of(value)}"

    def _typed(self, value: Any, key: str) -> Any:
        kind = self.types.get(key)
        if value is None or not kind:
            return value
        if isinstance(kind, dict):
            mapped = map_values(value, kind)
            return self._quoted(mapped) if isinstance(mapped, str) else mapped
        if kind == "string":
            escaped = self.options.get("escapeSingleQuotes")
            escaped = escaped and not self.options.get("useDoubleQuotes")
            return self._quoted(text_of(value).replace("'", "\\'") if escaped else text_of(value))
        if kind == "dotnetdate":
            return f"DateTime({formatted(from_iso(value), 'yyyy,MM,dd')})"
        if kind.startswith("date"):
            _, _, form = kind.partition("|")
            moment = from_iso(value)
            date = formatted(moment, form) if form else iso_text(moment, {})
            return date if self.options.get("noQuotesForDate") else self._quoted(date)
        return value

    def _quoted(self, text: Any) -> str:
        if self.options.get("noQuotes"):
            return text_of(text)
        quote = '"' if self.options.get("useDoubleQuotes") else "'"
        return f"{quote}{text_of(text)}{quote}"
