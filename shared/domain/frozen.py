"""Values that nothing changes once they are made; mypy sees to it, so that making one is cheap.

``dataclass(frozen=True)`` also refuses at run time, for which each field of each object made is
set by a function call: making the small values of one execution cost a twelfth of its time.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[_T]) -> type[_T]:
    """A dataclass with slots, frozen to the type checker.

    It is made with names; but what is made for every log entry, in the order of its fields, for
    Python puts names into a dict at each call of a class, which doubles its price.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
