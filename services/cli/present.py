"""How things look: JSON for programs, tables for people. Data goes to standard output.

The one module that knows rich. NO_COLOR is rich's to obey.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from shared.domain.errors import Problem

_WIDTH_PIPED: Final = 2_000  # a file has no width: nothing is folded there
_IDS: Final = frozenset({"id", "key"})
_CELL_CHARS_MAX: Final = 400


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
    """A table, its columns named."""
    _console(sys.stdout).print(_table(columns, rows, title))


def show_fields(fields: Mapping[str, Any], *, title: str | None = None) -> None:
    """The fields of one thing."""
    table = Table(box=None, show_header=False, title=title, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in fields.items():
        table.add_row(name, _cell(value))
    _console(sys.stdout).print(table)


def show_line(*words: Any) -> None:
    """A line of a stream, never folded, written at once."""
    _console(sys.stdout).print("  ".join(map(_cell, words)), soft_wrap=True)
    sys.stdout.flush()


def show_problems(problems: Sequence[Problem]) -> None:
    """What is wrong with a document, on standard error."""
    rows = [(p.pointer or "(whole)", p.code, p.detail) for p in problems]
    _console(sys.stderr).print(_table(("where", "code", "what"), rows, None))


def say(text: str) -> None:
    """A remark to people, on standard error."""
    _console(sys.stderr).print(plain(text), soft_wrap=True)


class Steps:
    """Tells what is going on: a spinner and a bar on a terminal, lines elsewhere."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)
        self._is_live = progress.console.is_terminal

    def begin(self, what: str) -> None:
        """The next of the steps starts."""
        self._progress.update(self._task, description=plain(what))
        if not self._is_live:
            say(what)

    def end(self) -> None:
        """The step that began last is done."""
        self._progress.advance(self._task)


@contextmanager
def progress(total: int) -> Iterator[Steps]:
    """A display of ``total`` steps on standard error, gone at the end."""
    console = _console(sys.stderr)
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        # Lines of results pass above the bar only if they go to the same terminal.
        redirect_stdout=sys.stdout.isatty(),
    ) as shown:
        yield Steps(shown, total)


def plain(value: Any) -> str:
    """A text that does nothing to a terminal: what does not print is escaped."""
    text = str(value)
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in _IDS)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: Any) -> str:
    match value:
        case None:
            return "–"  # noqa: RUF001 - a dash for what is not there
        case bool():
            return "yes" if value else "no"
        case str():
            text = value
        case dict() | list():
            text = orjson.dumps(value).decode()
        case _:
            text = str(value)
    return plain(text if len(text) <= _CELL_CHARS_MAX else f"{text[:_CELL_CHARS_MAX]}…")


def _console(file: Any) -> Console:
    width = None if file.isatty() else _WIDTH_PIPED
    return Console(file=file, width=width, markup=False, highlight=False, emoji=False)


def _write(raw: bytes) -> None:
    sys.stdout.buffer.write(raw + b"\n")
    sys.stdout.buffer.flush()
