"""How large a part of an expression may become, by where it stands (``builds.py``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Size:
    """At most so many times what was given; for what a body makes of all items together.

    ``is_own``: the body of the innermost loop makes it of its item alone, or there is no loop.
    """

    times: float
    is_own: bool = True

    def after(self, source: "Size") -> "Size":
        """What a loop over ``source`` makes whose body makes this."""
        if self.times == 0:
            return source
        return replace(self, is_own=source.is_own) if self.is_own else UNKNOWN


SMALL: Final = Size(0.0)
UNKNOWN: Final = Size(float("inf"), is_own=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands: its context, its variables, and in what kind of loop.

    ``unit`` is the size of what is written there once; ``may_copy``: no loop around is gone through
    again for each item of another.
    """

    context: Size = Size(1.0)
    variables: dict[str, Size] = field(default_factory=dict)
    unit: float = 1.0
    is_loop: bool = False
    may_copy: bool = True

    def step(self, source: Size) -> "Place":
        """The body of a loop over ``source``, whose context is the item."""
        return replace(self.call(source), context=replace(source, is_own=True))

    def call(self, source: Size, given: Mapping[str, Size] = MappingProxyType({})) -> "Place":
        """The body of a function that is called for each item of ``source``."""
        outer = {name: replace(size, is_own=False) for name, size in self.variables.items()}
        return Place(
            context=replace(self.context, is_own=False),
            variables={**outer, **given},
            unit=max(1.0, source.times),
            is_loop=True,
            may_copy=self.may_copy and source.is_own,
        )


def made_of(sizes: Sequence[Size], place: Place, times: float = 1.0) -> Size:
    """What is made of these."""
    total = place.unit + times * sum(size.times for size in sizes)
    return Size(total, is_own=all(size.is_own for size in sizes))
