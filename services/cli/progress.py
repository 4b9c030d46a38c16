"""How far a command has come, for people who wait."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from services.cli.present import console_on, plain, say


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
    console = console_on(sys.stderr)
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
