"""Options that many commands share."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_URL: Final = "http://127.0.0.1:8080"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
limit_option = click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="At most so many.",
)


def api_options(command: F) -> F:
    """Add ``--url``, ``--token`` and ``--json``; the command gets url, token and as_json."""
    url = click.option(
        "--url", envvar="TURNOUT_URL", default=DEFAULT_URL, show_default=True, show_envvar=True,
        help="Where the API is.",
    )  # fmt: skip
    token = click.option(
        "--token", envvar="TURNOUT_TOKEN", show_envvar=True, help="The API's token."
    )
    return json_option(token(url(command)))


def example(*lines: str) -> str:
    """The end of a command's help; click keeps its lines as they are."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
