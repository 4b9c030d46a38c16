"""Replacing parts of the product from outside, or failing loudly where they are not as expected."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any


class Unfit(Exception):
    """The code has changed: the patch must follow it."""


def patch(place: str, change: Callable[[Any], Any], *, parameters: str | None = None) -> None:
    """Put ``change(what is there)`` at ``module:name.name``.

    ``parameters`` are the names it must take, with spaces between. Raises Unfit when there is
    nothing, or something that takes others.
    """
    owner, name = _find(place)
    try:
        found = vars(owner)[name]
    except KeyError:
        raise Unfit(f"{place} is gone: look for what does its work now.") from None
    if parameters is not None:
        taken = " ".join(inspect.signature(found).parameters)
        if taken != parameters:
            raise Unfit(f"{place} takes '{taken}', not '{parameters}' any more: look again.")
    setattr(owner, name, change(found))


def rewritten(text: str, old: str, new: str) -> str:
    """``text`` with ``old``, which must be in it once, replaced. Raises Unfit."""
    if (times := text.count(old)) != 1:
        raise Unfit(f"{old!r} is {times} times in the text: look again.")
    return text.replace(old, new)


def _find(place: str) -> tuple[Any, str]:
    module, _, names = place.partition(":")
    *path, name = names.split(".")
    try:
        owner: Any = importlib.import_module(module)
        for step in path:
            owner = getattr(owner, step)
    except (ImportError, AttributeError) as error:
        raise Unfit(f"{place} is gone: {error}") from error
    return owner, name
