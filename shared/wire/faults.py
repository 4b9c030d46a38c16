"""What pydantic finds wrong with what somebody wrote, in words for whoever wrote it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic_core import ErrorDetails

_BOUNDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}
)
_A_SECRET: Final = "Value"  # noqa: S105 - what pydantic calls a text that it does not show


def in_words(fault: ErrorDetails) -> str:
    """A sentence; ``fault`` needs its context. Names of Python's types are not in it."""
    if fault["type"] not in _BOUNDS:
        return f"{fault['msg'].removesuffix('.')}."
    (bound, name), said = _BOUNDS[fault["type"]], fault["ctx"]
    thing = "character" if said["field_type"] == _A_SECRET else "item"
    plural = "" if said[name] == 1 else "s"
    return f"It should have {bound} {said[name]} {thing}{plural}, not {said['actual_length']}."
