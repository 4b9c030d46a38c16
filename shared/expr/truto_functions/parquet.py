"""``$jsonToParquet``: objects as a file of Apache Parquet, with the extra ``parquet``."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import chain, repeat
from typing import Any, Final

from shared.expr.errors import ExpressionError
from shared.expr.extensions import Extension
from shared.expr.truto_functions.date_objects import as_values
from shared.expr.truto_functions.javascript import (
    as_list,
    is_number,
    is_truthy,
    json_text,
    text_of,
    tidy,
)
from shared.expr.truto_functions.texts import encoded

CELLS_MAX: Final = 100_000
"""Also empty ones: rows that have no field in common make many of them."""

CHUNKS_MAX: Final = 2_000
"""Row groups times columns: each costs some 15 µs, whatever it holds."""

_CODECS = frozenset({"SNAPPY", "GZIP", "ZSTD", "UNCOMPRESSED"})
_GROUP_ROWS = [1_000, 100_000]
_INT32_MAX = 2**31 - 1
_INT64_MAX = 2**63 - 1


class WithArrow(Extension):
    """A function that needs Arrow, which is loaded when a text that names it is compiled.

    To load it takes half of the time that an evaluation has.
    """

    __slots__ = ()

    def named(self, name: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        with suppress(ExpressionError):
            _arrow()
        return super().named(name)


def json_to_parquet(rows: Any = None, options: Any = None) -> dict[str, Any]:
    """The file, as ``byteLength`` and ``base64``. A column is what all its values are.

    Options: ``codec`` (SNAPPY if it is not said), ``rowGroupSize``, a number of rows or a list of
    them, the last for all that follow. Raises ExpressionError, also without the extra.
    """
    kept = [row for row in as_list(rows) if is_truthy(row)]
    if not kept:
        raise _refused(
            "received no rows to encode; a valid Parquet file requires at least one record"
        )
    if not all(isinstance(row, dict) for row in kept):
        raise _refused("received a row that is no object")
    names = [*dict.fromkeys(chain.from_iterable(kept))]
    if not names:
        raise _refused(
            "received rows with no columns; a valid Parquet file requires at least one field"
        )
    chosen = options or {}
    sizes = _group_sizes(chosen.get("rowGroupSize"), len(kept))
    _bound(len(kept), len(names), len(sizes))
    return _written(_columns(kept, names), _codec(chosen.get("codec")), sizes)


def _refused(why: str, code: str = "INVALID_ARGUMENT") -> ExpressionError:
    return ExpressionError(code, f"$jsonToParquet {why}")


def _codec(name: Any) -> str:
    if name is None:
        return "SNAPPY"
    if name not in _CODECS:
        one_of = ", ".join(sorted(_CODECS))
        raise _refused(f"has no codec {text_of(name)}; it is one of {one_of}", "INVALID_OPTION")
    return str(name)


def _group_sizes(asked: Any, rows: int) -> list[int]:
    """How many rows each group has."""
    tiers = _GROUP_ROWS if asked is None else as_list(asked)
    if not tiers or not all(map(_counts, tiers)):
        why = "has rowGroupSize as a whole number from 1, or a list of such"
        raise _refused(why, "INVALID_OPTION")
    sizes: list[int] = []
    for tier in chain(tiers, repeat(tiers[-1])):
        if rows <= 0:
            break
        sizes.append(min(int(tier), rows))
        rows -= sizes[-1]
    return sizes


def _counts(value: Any) -> bool:
    """Whether it is a whole number from 1."""
    return is_number(value) and value >= 1 and value % 1 == 0


def _bound(rows: int, columns: int, groups: int) -> None:
    if rows * columns > CELLS_MAX:
        raise _refused(f"writes at most {CELLS_MAX} cells", "U1001")
    if groups * columns > CHUNKS_MAX:
        raise _refused(f"writes at most {CHUNKS_MAX} columns of all row groups", "U1001")


def _columns(rows: list[dict[str, Any]], names: list[str]) -> dict[str, tuple[str, list[Any]]]:
    return {name: _column([as_values(row.get(name)) for row in rows]) for name in names}


def _column(cells: list[Any]) -> tuple[str, list[Any]]:
    """The type of a column, and what its cells are in it."""
    there = [cell for cell in cells if cell is not None]
    if any(isinstance(cell, dict | list) for cell in there):
        return "json", [None if cell is None else json_text(cell) for cell in cells]
    if not there:
        return "binary", cells
    if all(isinstance(cell, bool) for cell in there):
        return "bool_", cells
    if all(map(is_number, there)):
        return _numbers(cells)
    return "string", [None if cell is None else text_of(cell) for cell in cells]


def _numbers(cells: list[Any]) -> tuple[str, list[Any]]:
    numbers = [None if cell is None else tidy(cell) for cell in cells]
    there = [number for number in numbers if number is not None]
    if all(isinstance(number, int) for number in there):
        least, most = min(there), max(there)
        for kind, limit in (("int32", _INT32_MAX), ("int64", _INT64_MAX)):
            if -limit - 1 <= least and most <= limit:
                return kind, numbers
    return "float64", [None if number is None else float(number) for number in numbers]


def _written(
    columns: dict[str, tuple[str, list[Any]]], codec: str, sizes: list[int]
) -> dict[str, Any]:
    arrow, parquet = _arrow()
    kinds = {kind: getattr(arrow, kind)() for kind, _ in columns.values() if kind != "json"}
    kinds["json"] = arrow.json_(arrow.string())
    table = arrow.table(
        {name: arrow.array(cells, kinds[kind]) for name, (kind, cells) in columns.items()}
    )
    sink, start = arrow.BufferOutputStream(), 0
    with parquet.ParquetWriter(
        sink, table.schema, compression=codec.replace("UNCOMPRESSED", "NONE"), store_schema=False
    ) as writer:
        for size in sizes:
            writer.write_table(table.slice(start, size), row_group_size=size)
            start += size
    raw = sink.getvalue().to_pybytes()
    return {"byteLength": len(raw), "base64": encoded(raw, url_safe=False)}


def _arrow() -> tuple[Any, Any]:
    """Arrow and its writer of Parquet."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        why = "needs a writer of Parquet, which is not installed: pip install 'turnout[parquet]'"
        raise _refused(why, "NOT_CONFIGURED") from error
