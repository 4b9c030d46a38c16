"""Options that many commands share."""

from collections.abc import Callable
from typing import Any, Final, TypeVar
from uuid import UUID

import click

F = TypeVar("F", bound=Callable[..., Any])

_ENVIRONMENT: Final = "turnout.environment"

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
    """Add ``--url``, ``--token``, ``--environment`` and ``--json``.

    The command gets url, token and as_json; ``client.py`` asks for the environment itself.
    """
    url = click.option(
        "--url", envvar="TURNOUT_URL", default=DEFAULT_URL, show_default=True, show_envvar=True,
        help="Where the API is.",
    )  # fmt: skip
    token = click.option(
        "--token", envvar="TURNOUT_TOKEN", show_envvar=True, help="The API's token."
    )
    environment = click.option(
        "--environment", envvar="TURNOUT_ENVIRONMENT", type=click.UUID, show_envvar=True,
        expose_value=False, callback=_keep_environment,
        help="The environment to work in; else the token's, or the default one.",
    )  # fmt: skip
    return json_option(environment(token(url(command))))


def environment_named() -> str | None:
    """The ``--environment`` of the command that runs; None: it was not given, or there is none."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(_ENVIRONMENT)


def _keep_environment(context: click.Context, _option: click.Parameter, given: UUID | None) -> None:
    context.meta[_ENVIRONMENT] = None if given is None else str(given)


def example(*lines: str) -> str:
    """The end of a command's help; click keeps its lines as they are."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
