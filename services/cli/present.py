"""How things look: JSON for programs, tables for people. Data goes to standard output.

Tables are rich's, as is obeying NO_COLOR. It is slow to load: what prints JSON goes without.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from services.cli.widths import widths_of
from shared.domain.errors import Problem

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDTH_PIPED: Final = 2_000  # a file has no width: nothing is folded there
_CELL_CHARS_MAX: Final = 400
_TOLD_EVERY: Final = 100


def write_json(document: Any) -> None:
    """One document, indented."""
    _write(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def write_json_line(document: Any) -> None:
    """One document of a stream, on a line of its own, written at once."""
    _write(orjson.dumps(document))


def show_listed(
    fields: Sequence[str], items: Sequence[Mapping[str, Any]], *, as_json: bool
) -> None:
    """What was listed: whole, as JSON, or these fields of it as a table."""
    if as_json:
        write_json(items)
    else:
        show_rows(fields, [[one[field] for field in fields] for one in items])


def show_rows(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None
) -> None:
    """A table, its columns named; where it has no room, a block of lines for each row."""
    _show_table(sys.stdout, columns, rows, title)


def show_fields(fields: Mapping[str, Any], *, title: str | None = None) -> None:
    """The fields of one thing."""
    console_on(sys.stdout).print(_block(fields, title))


def show_line(*words: Any) -> None:
    """A line of a stream, never folded, written at once."""
    console_on(sys.stdout).print("  ".join(map(_cell, words)), soft_wrap=True)
    sys.stdout.flush()


def show_problems(problems: Sequence[Problem]) -> None:
    """What is wrong with a document, on standard error."""
    rows = [(p.pointer or "(whole)", p.code, p.detail) for p in problems]
    _show_table(sys.stderr, ("where", "code", "what"), rows, None)


def say(text: str) -> None:
    """A remark to people, on standard error."""
    console_on(sys.stderr).print(plain(text), soft_wrap=True)


def tell_how_far(done: int, total: int, what: str) -> None:
    """Say from time to time how many of ``total`` are ``what``, as in "files compared"."""
    if done % _TOLD_EVERY == 0 and done < total:
        say(f"{done:,} of {total:,} {what} …")


def counted(count: int, one: str, many: str | None = None) -> str:
    """So many of something: of ``one``, or else of ``many``, which is ``one`` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def tallied(counts: Mapping[str, int]) -> str:
    """How many of each."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def plain(value: Any) -> str:
    """A text that does nothing to a terminal: what does not print is escaped."""
    text = str(value)
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def _show_table(
    file: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None
) -> None:
    console, cells = console_on(file), [[_cell(value) for value in row] for row in rows]
    widths = widths_of(columns, cells, console.width)
    if widths is not None:
        console.print(_table(columns, cells, widths, title))
        return
    console.print()
    for index, row in enumerate(cells):
        console.print(_block(dict(zip(columns, row, strict=True)), None if index else title))
        console.print()


def _table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    title: str | None,
) -> "Table":
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - slow to load
    from rich.table import Table  # noqa: PLC0415 - slow to load

    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left")
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, overflow="fold", width=width)
    for row in rows:
        table.add_row(*row)
    return table


def _block(fields: Mapping[str, Any], title: str | None) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - slow to load

    table = Table(box=None, show_header=False, title=title, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items():
        table.add_row(name, _cell(value))
    return table


def _cell(value: Any) -> str:
    match value:
        case None:
            return "–"  # noqa: RUF001 - a dash for what is not there
        case bool():
            return "yes" if value else "no"
        case str():
            text = value
        case [str(), *_] if all(isinstance(item, str) for item in value):
            text = ", ".join(value)
        case dict() | list():
            text = orjson.dumps(value).decode()
        case _:
            text = str(value)
    return plain(text if len(text) <= _CELL_CHARS_MAX else f"{text[:_CELL_CHARS_MAX]}…")


def console_on(file: Any) -> "Console":
    """A terminal, or a file that folds nothing; what is printed there is printed as it stands."""
    from rich.console import Console  # noqa: PLC0415 - slow to load

    width = None if file.isatty() else _WIDTH_PIPED
    return Console(file=file, width=width, markup=False, highlight=False, emoji=False)


def _write(raw: bytes) -> None:
    sys.stdout.buffer.write(raw + b"\n")
    sys.stdout.buffer.flush()
