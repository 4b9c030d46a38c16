"""``$jsonToParquet``: what is written is read back by another's reader."""

import base64
import io
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest

from shared.domain.workflows import Dialect
from shared.expr.bounds import STEP
from shared.expr.errors import ExpressionError
from shared.expr.jsonata import Document, compile_expression
from tests.unit.expr.support import NOW


def in_truto(source: str, given: Any = None) -> Any:
    """What an expression in Truto's words comes to in a step."""
    expression = compile_expression(source, dialect=Dialect.TRUTO)
    return expression.evaluate(Document.of(given or {}), bounds=STEP, now=NOW, seed=7)


def read(written: dict[str, Any]) -> Any:
    """The file, opened."""
    raw = base64.b64decode(written["base64"])
    assert len(raw) == written["byteLength"]
    return import_module("pyarrow.parquet").ParquetFile(io.BytesIO(raw))


def kinds(file: Any) -> dict[str, str]:
    """The types of the columns as Parquet names them."""
    columns = [file.schema.column(i) for i in range(len(file.schema.names))]
    assert {one.max_definition_level for one in columns} == {1}, "every column may have nulls"
    return {
        one.name: f"{one.physical_type} {one.logical_type.type}".removesuffix(" NONE")
        for one in columns
    }


def test_a_table_comes_back_as_it_was() -> None:
    """A value of each kind, a field that is missing, a name with a dot: nothing is lost."""
    rows = [
        {"yes": True, "i": 1, "long": 3_000_000_000, "d": 1.5, "s": "hé", "none": None, "a.b": 2},
        {"yes": False, "i": -(2**31), "long": -1, "d": 2, "s": "", "none": None, "late": "x"},
    ]
    file = read(in_truto("$jsonToParquet(rows)", {"rows": rows}))
    assert kinds(file) == {
        "yes": "BOOLEAN",
        "i": "INT32",
        "long": "INT64",
        "d": "DOUBLE",
        "s": "BYTE_ARRAY STRING",
        "none": "BYTE_ARRAY",
        "a.b": "INT32",
        "late": "BYTE_ARRAY STRING",
    }
    names = kinds(file)
    assert file.read().to_pylist() == [{name: row.get(name) for name in names} for row in rows]


@pytest.mark.parametrize(
    ("cells", "kind", "read_back"),
    [
        ([1, "x", True, 1.5], "BYTE_ARRAY STRING", ["1", "x", "true", "1.5"]),
        ([None, {"k": [1]}, "x", 2], "BYTE_ARRAY JSON", [None, '{"k":[1]}', '"x"', "2"]),
        ([1e20, 1], "DOUBLE", [1e20, 1.0]),
        ([2**53, None], "INT64", [2**53, None]),
        ([2**31], "INT64", [2**31]),
        ([2**31 - 1], "INT32", [2**31 - 1]),
    ],
)
def test_a_column_is_what_all_its_values_are(
    cells: list[Any], kind: str, read_back: list[Any]
) -> None:
    """Kinds that do not go together are texts; one object makes the column JSON."""
    file = read(in_truto("$jsonToParquet(cells.{'c': $})", {"cells": cells}))
    assert kinds(file) == {"c": kind}
    assert file.read().column("c").to_pylist() == read_back


def test_a_date_is_its_text_and_nothing_is_no_row() -> None:
    """What JavaScript takes for false is passed over; one object is a row."""
    file = read(in_truto("$jsonToParquet([{'at': $dtFromIso('2024-01-01', 'UTC')}, null, 0])"))
    assert file.read().to_pylist() == [{"at": "2024-01-01T00:00:00.000Z"}]
    assert read(in_truto("$jsonToParquet({'a': 1})")).read().to_pylist() == [{"a": 1}]


@pytest.mark.parametrize("codec", ["SNAPPY", "GZIP", "ZSTD", "UNCOMPRESSED"])
def test_a_codec_is_the_codec(codec: str) -> None:
    """The file says which it is, and it is read by that."""
    rows = [{"s": "the same again"}] * 100
    file = read(in_truto("$jsonToParquet(rows, o)", {"rows": rows, "o": {"codec": codec}}))
    assert file.metadata.row_group(0).column(0).compression == codec
    assert file.read().to_pylist() == rows


@pytest.mark.parametrize(
    ("size", "groups"), [(2, [2, 2, 1]), ([1, 3], [1, 3, 1]), (9, [5]), (None, [5])]
)
def test_rows_are_in_groups(size: Any, groups: list[int]) -> None:
    """By a size, or one after the other by sizes of which the last goes on."""
    source = "$jsonToParquet([1..5].{'n': $}, {'rowGroupSize': size})"
    file = read(in_truto(source, {"size": size}))
    metadata = file.metadata
    found = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert found == groups
    assert file.read().column("n").to_pylist() == [1, 2, 3, 4, 5]


def test_a_long_table_has_a_small_group_first() -> None:
    """A thousand rows, then up to a hundred thousand, where no size is said."""
    metadata = read(in_truto("$jsonToParquet([1..1500].{'n': $})")).metadata
    assert [metadata.row_group(i).num_rows for i in range(2)] == [1000, 500]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("[{}]", "INVALID_ARGUMENT"),
        ("[{'a': 1}, 'b']", "INVALID_ARGUMENT"),
        ("[{'a': 1}], {'codec': 'LZ9'}", "INVALID_OPTION"),
        ("[{'a': 1}], {'rowGroupSize': 0}", "INVALID_OPTION"),
        ("[{'a': 1}], {'rowGroupSize': 1.5}", "INVALID_OPTION"),
        ("[{'a': 1}], {'rowGroupSize': [2, 'x']}", "INVALID_OPTION"),
    ],
)
def test_what_makes_no_file_is_refused(given: str, code: str) -> None:
    """A file that nobody could read is never made."""
    with pytest.raises(ExpressionError) as refused:
        in_truto(f"$jsonToParquet({given})")
    assert refused.value.code == code


def test_a_blob_holds_the_file() -> None:
    """The other functions of bytes take it."""
    uri = in_truto("$getDataUri($jsonToParquet({'a': 1}), 'application/vnd.apache.parquet')")
    assert base64.b64decode(uri.partition(",")[2]).startswith(b"PAR1")


def test_without_the_extra_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workflow compiles, and the step fails with what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExpressionError, match=r"pip install 'turnout\[parquet\]'") as refused:
        in_truto("$jsonToParquet({'a': 1})")
    assert refused.value.code == "NOT_CONFIGURED"


def test_who_writes_none_loads_no_writer() -> None:
    """Arrow is loaded when a text that names the function is compiled, and not before."""
    code = (
        "import sys\n"
        "from shared.expr.jsonata import compile_expression\n"
        "compile_expression('$jsonToCsv(a)')\n"
        "assert 'pyarrow' not in sys.modules\n"
        "compile_expression('$jsonToParquet(a)')\n"
        "assert 'pyarrow.parquet' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=110)
