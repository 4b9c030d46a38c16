"""``$jsonToCsv``: objects as rows of comma separated values."""

from collections.abc import Callable
from typing import Any

from shared.expr.truto_functions.javascript import (
    as_list,
    found_at,
    is_truthy,
    json_text,
    text_of,
)

Column = tuple[str, Callable[[Any], Any]]

CELLS_MAX = 1_000_000


def json_to_csv(rows: Any = None, options: Any = None) -> str:
    """The rows, a header first; texts are quoted, and told to no spreadsheet apart from formulas.

    Options: ``delimiter``, ``eol``, ``header``, ``fields`` (names, or label and value),
    ``defaultValue``, ``includeEmptyRows``, ``withBOM``. No rows give an empty text.
    """
    chosen = options or {}
    kept = [row for row in as_list(rows) if is_truthy(row)]
    if not kept:
        return ""
    columns = _columns(kept, chosen)
    if len(columns) * len(kept) > CELLS_MAX:
        raise ValueError(f"The table would have more than {CELLS_MAX} cells.")
    delimiter = chosen.get("delimiter") or ","
    lines = [] if chosen.get("header") is False else [[_cell(label) for label, _ in columns]]
    for row in kept:
        cells = [_cell(value_of(row)) for _, value_of in columns]
        if chosen.get("includeEmptyRows") or any(cells):
            lines.append(cells)
    text = (chosen.get("eol") or "\n").join(delimiter.join(cells) for cells in lines)
    return f"\ufeff{text}" if chosen.get("withBOM") else text


def _columns(rows: list[Any], chosen: dict[str, Any]) -> list[Column]:
    default = chosen.get("defaultValue")
    fields = chosen.get("fields")
    if fields is None:
        names = dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
        return [(name, _own(name, default)) for name in names]
    return [_column(field, default) for field in fields]


def _column(field: Any, default: Any) -> Column:
    if isinstance(field, str):
        return field, _at(field, default)
    path = text_of(field["value"])
    return field.get("label") or path, _at(path, field.get("default", default))


def _own(name: str, default: Any) -> Callable[[Any], Any]:
    return lambda row: row.get(name, default) if isinstance(row, dict) else default


def _at(path: str, default: Any) -> Callable[[Any], Any]:
    return lambda row: found_at(row, path, default)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return f'"{value.replace(chr(34), chr(34) * 2)}"'
        case list() | dict():
            return _cell(json_text(value))
        case _:
            return text_of(value)
