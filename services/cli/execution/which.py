"""Which executions are meant: the options that ``list`` and ``bulk`` share."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, Final, TypeVar

import click

from services.cli.conditions import condition
from shared.domain.executions import Status

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: Final[tuple[Callable[[Any], Any], ...]] = (
    click.option("--workflow", type=click.UUID, help="Only those of this workflow."),
    click.option(
        "--event", type=click.UUID, help="Only those that the event of this key started."
    ),
    click.option("--event-type", help="Only those that an event of this type started."),
    click.option("--root", type=click.UUID, help="All that came of the event of this key."),
    click.option("--parent", type=click.UUID, help="Those that steps of this execution started."),
    click.option(
        "--status", type=click.Choice(list(Status), case_sensitive=False), multiple=True,
        help="May be given more than once.",
    ),
    click.option(
        "--from", "from_", help="Created at this time or later, as 2026-11-22T10:00:00Z."
    ),
    click.option("--to", help="Created before this time."),
    click.option("--finished-from", help="Ended at this time or later."),
    click.option("--finished-to", help="Ended before this time."),
    click.option(
        "--input", "inputs", metavar="FIELD=VALUE", multiple=True,
        help="What the event's data holds, as order.id=42; JSON, or else a text.",
    ),
    click.option(
        "--output", "outputs", metavar="FIELD=VALUE", multiple=True,
        help="What the result holds.",
    ),
)  # fmt: skip


def which_options(command: F) -> F:
    """Add the options; what they are given is for ``where``."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), command)


def where(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say, in the words of the API; None: it is not said."""
    return {
        "workflow_id": given["workflow"],
        "event_key": given["event"],
        "event_type": given["event_type"],
        "root_event_key": given["root"],
        "parent_id": given["parent"],
        "status": ",".join(Status(status) for status in given["status"]) or None,
        "from": given["from_"],
        "to": given["to"],
        "finished_from": given["finished_from"],
        "finished_to": given["finished_to"],
        "input": condition(given["inputs"], "--input"),
        "output": condition(given["outputs"], "--output"),
    }
