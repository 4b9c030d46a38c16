"""Options that many commands share."""

from collections.abc import Callable
from typing import Any, Final, TypeVar
from uuid import UUID

import click

F = TypeVar("F", bound=Callable[..., Any])

_ENVIRONMENT: Final = "turnout.environment"
_PATIENCE: Final = "turnout.patience"

PATIENCE_S: Final = 60

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
    """Add ``--url``, ``--token``, ``--environment``, ``--patience`` and ``--json``.

    The command gets url, token and as_json; ``client.py`` asks for the others itself.
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
    patience = click.option(
        "--patience", metavar="SECONDS", envvar="TURNOUT_PATIENCE_S", type=click.IntRange(0),
        default=PATIENCE_S, show_default=True, show_envvar=True, expose_value=False,
        callback=_keep_patience,
        help="How long, for each request, to go on asking an API that says 'not now'.",
    )  # fmt: skip
    return json_option(patience(environment(token(url(command)))))


def environment_named() -> str | None:
    """The ``--environment`` of the command that runs; None: it was not given, or there is none."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(_ENVIRONMENT)


def patience_named() -> float:
    """The ``--patience`` of the command that runs, in seconds."""
    context = click.get_current_context(silent=True)
    return PATIENCE_S if context is None else context.meta.get(_PATIENCE, PATIENCE_S)


def _keep_patience(context: click.Context, _option: click.Parameter, given: int) -> None:
    context.meta[_PATIENCE] = given


def _keep_environment(context: click.Context, _option: click.Parameter, given: UUID | None) -> None:
    context.meta[_ENVIRONMENT] = None if given is None else str(given)


def example(*lines: str) -> str:
    """The end of a command's help; click keeps its lines as they are."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
