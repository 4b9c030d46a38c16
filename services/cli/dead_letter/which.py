"""Which dead letters a command is about."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def which_options(command: F) -> F:
    """Add ``--reason``, ``--topic``, ``--from`` and ``--to``, by the API's names."""
    reason = click.option("--reason", help="Only those with this reason.")
    topic = click.option("--topic", help="Only those of this topic.")
    from_ = click.option("--from", "from", help="At this time or later, as 2026-11-22T10:00:00Z.")
    to = click.option("--to", help="Before this time.")
    return reason(topic(from_(to(command))))
