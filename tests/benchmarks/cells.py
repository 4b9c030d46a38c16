"""Figures as they stand in the cells of a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Found = Mapping[str, Any]
"""A result, or a part of one."""

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""The names of the columns, and the rows."""

Figures = Mapping[str, Callable[[Found], str]]
"""By what it is called, how a figure is taken out of a result."""


NONE: Final = "-"


def mebibytes(found: Mapping[str, float], *names: str) -> str:
    """Bytes in MiB."""
    return ", ".join(f"{found[name] / 2**20:,.0f}" for name in names)


def seconds(found: Mapping[str, float]) -> str:
    """A spread of seconds: the median, the 99th percentile and the most."""
    return ", ".join(f"{found[name]:.2f}" for name in ("p50", "p99", "max"))


def yes(holds: bool) -> str:  # noqa: FBT001
    """Whether a mark was reached."""
    return "yes" if holds else "NO"


def pair(found: Mapping[str, float], form: str = ".1f") -> str:
    """The median and the 99th percentile of a spread."""
    return ", ".join(format(found[name], form) for name in ("p50", "p99"))


def percentiles(ms: Mapping[str, float] | None) -> str:
    """All percentiles of a spread; None: there is none."""
    return NONE if ms is None else " / ".join(f"{value:,.1f}" for value in ms.values())


def or_dash(figure: float | None, form: str) -> str:
    """A figure that there may not be."""
    return NONE if figure is None else format(figure, form)
