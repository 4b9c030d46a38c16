"""What a function beyond JSONata's own is made of."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One function.

    ``around`` is JSONata, statements that end in semicolons: they define the function as authors
    see it, and find the implementation under its name with ``turnout_`` before it; without them
    the implementation is the function. ``beside`` are further functions of Python that they call.
    ``finish`` is done to what the whole expression comes to. ``outside_run_if`` says why the
    function is not for conditions, and is empty where it gives equal answers to equal arguments.
    """

    implementation: Callable[..., Any]
    around: tuple[str, ...] = ()
    beside: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    finish: Callable[[Any], Any] | None = None
    outside_run_if: str = ""

    def named(self, name: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        """The functions of Python, each with the name that it is registered by."""
        yield f"turnout_{name}" if self.around else name, self.implementation
        yield from self.beside.items()
