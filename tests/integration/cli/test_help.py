"""What the command line says of itself."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from services.cli.__main__ import TURNOUT
from services.cli.lazy import Lazy, LazyGroup
from tests.integration.cli.command import turnout

SLOW = ("aiohttp", "aiokafka", "asyncio", "asyncpg", "pydantic", "rich", "structlog")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command but the benchmarks', by its full name."""
    groups: list[tuple[str, click.Group]] = [("turnout", TURNOUT)]
    while groups:
        path, group = groups.pop()
        context = click.Context(group)
        for name in group.list_commands(context):
            if name == "bench":
                continue
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                groups.append((f"{path} {name}", command))
            else:
                yield f"{path} {name}", command


def test_help_imports_nothing_slow() -> None:
    """The help is shown without loading any command, and so at once."""
    code = (
        "import sys; from services.cli.__main__ import TURNOUT;"
        "TURNOUT.main(['--help'], standalone_mode=False);"
        f"sys.exit(' '.join(set({SLOW!r}) & set(sys.modules)) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert "Run everything here" in done.stdout


@pytest.mark.parametrize(("path", "command"), list(commands()))
def test_each_command_has_an_example_and_json(path: str, command: click.Command) -> None:
    """Each command's help has an example of that very command, and --json is among its options."""
    text = command.get_help(click.Context(command, info_name=path))
    assert f"{path.removeprefix('turnout ')}" in text.partition("Example:")[2]
    assert "--json" in text


def test_each_entry_names_a_command() -> None:
    """Every line of the help leads to the command of that name."""
    for path, command in commands():
        assert command.name == path.rpartition(" ")[2]


def test_an_unknown_command_is_a_usage_error() -> None:
    """A wrong command line ends with 2 and points to the help."""
    done = turnout("fly")
    assert done.code == 2
    assert done.out == ""
    assert "No such command 'fly'" in done.err


def test_a_misspelt_command_is_told_with_the_one_that_was_meant() -> None:
    """In a group as well."""
    assert "Did you mean 'workflow'?" in turnout("workfow", "list").err
    done = turnout("workflow", "lst")
    assert (done.code, done.out) == (2, "")
    assert "Did you mean 'list'?" in done.err


def test_benchmarks_say_where_they_are() -> None:
    """Where the benchmarks are not installed, their command says what to do and ends with 5."""
    absent = LazyGroup(
        "x", summary="", lazy={"bench": Lazy("tests.nowhere.cli:bench", "", absent="Elsewhere.")}
    )
    with pytest.raises(Exception, match=r"Elsewhere\."):
        absent.get_command(click.Context(absent), "bench")
