"""Groups of commands that are imported only when one of them is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from shared.domain.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command by its place, ``module:name``, and its line in the group's help.

    ``absent`` is said where the module is not there; None: it always is.
    """

    place: str
    summary: str
    absent: str | None = None

    def load(self) -> click.Command:
        """The command, imported. Raises Unavailable when it may be absent and is."""
        module, _, name = self.place.partition(":")
        try:
            command = getattr(import_module(module), name)
        except ModuleNotFoundError as fault:
            if self.absent is None or not module.startswith(fault.name or module):
                raise
            raise Unavailable(self.absent) from None
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.place} is no command")
        return command


class LazyGroup(click.Group):
    """Shows its help from ``lazy`` alone, and imports no command but the one asked for.

    A group that does something by itself gives no ``summary``: its help is its function's.
    """

    def __init__(
        self,
        name: str,
        *,
        summary: str | None = None,
        lazy: Mapping[str, Lazy | click.Group],
        **more: Any,
    ) -> None:
        if summary is not None:
            more |= {"help": summary, "short_help": summary}
        super().__init__(name, **more)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self._lazy)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        found = self._lazy.get(cmd_name)
        return found.load() if isinstance(found, Lazy) else found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's; a name that there is not is told with the one that it resembles."""
        asked, near = args[0], get_close_matches(args[0], self._lazy, n=1)
        if near and asked not in self._lazy and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{asked}'. Did you mean '{near[0]}'?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, c.summary if isinstance(c, Lazy) else c.get_short_help_str())
                    for name, c in self._lazy.items()
                ]
            )
