"""What filters have alike that differ only in their operands."""

from collections.abc import Iterator, Sequence
from operator import methodcaller
from typing import Any, Final, TypeAlias, TypeGuard

LOGICAL: Final = ("~and", "~or", "~not")

Shape: TypeAlias = "type | tuple[Any, ...]"
"""Of an object: its keys, then the shape of each value. Of a list: ``list``, then the shapes of its
items. Of all else its type; as the value of an object it is an operand, at a path also as an item.
"""

_LISTS: Final = (list,)
_BRANCHES: Final = frozenset({dict, list})
_is_operator: Final = methodcaller("startswith", "~")


class TooDeep(Exception):
    """A tree has more levels than it may."""


def shape_of(tree: Any, operands: list[Any], levels: int) -> Shape:
    """The shape of a filter's tree, whose operands are added in the order in which they stand.

    Where trees have one shape, they ask the same of the same paths, with operands of the same
    types. Raises ``TooDeep`` where there are more than so many ``levels``, in operands too.
    """
    kind = type(tree)
    if kind is dict:
        below = _below(tree, levels)
        kinds: list[Shape] = [*map(type, tree.values())]
        if _BRANCHES.isdisjoint(kinds):
            operands += tree.values()
        else:
            kinds = [_entry(key, tree[key], operands, below) for key in tree]
        return *tree, *kinds
    if kind is list:
        below = _below(tree, levels)
        return list, *[shape_of(part, operands, below) for part in tree]
    return kind


def entries_of(shape: Sequence[Any]) -> Iterator[tuple[str, Shape]]:
    """The keys of an object, each with the shape of its value."""
    half = len(shape) // 2
    return zip(shape[:half], shape[half:], strict=True)


def is_list(shape: Shape) -> TypeGuard[tuple[Any, ...]]:
    """Whether it is a list's."""
    return isinstance(shape, tuple) and shape[:1] == _LISTS


def _entry(key: str, value: Any, operands: list[Any], levels: int) -> Shape:
    if not key.startswith("~"):
        return _condition(value, operands, levels)
    is_nested = type(value) in (_BRANCHES if key == "~not" else _LISTS) and key in LOGICAL
    return (shape_of if is_nested else _operand)(value, operands, levels)


def _condition(tree: Any, operands: list[Any], levels: int) -> Shape:
    """Of operators on a path, or of the value that it is to equal."""
    if type(tree) is not dict or not any(map(_is_operator, tree)):
        return _operand(tree, operands, levels)
    below = _below(tree, levels)
    kinds: list[Shape] = [*map(type, tree.values())]
    if _BRANCHES.isdisjoint(kinds):
        operands += tree.values()
    else:
        kinds = [_operator(key, tree[key], operands, below) for key in tree]
    return *tree, *kinds


def _operator(key: str, value: Any, operands: list[Any], levels: int) -> Shape:
    if key == "~not":
        return _condition(value, operands, levels)
    if key in LOGICAL and type(value) is list:
        below = _below(value, levels)
        return list, *[_condition(part, operands, below) for part in value]
    return _operand(value, operands, levels)


def _operand(value: Any, operands: list[Any], levels: int) -> Shape:
    operands.append(value)
    kind = type(value)
    if kind in _BRANCHES:
        _look_below(value, levels)
    return kind


def _look_below(tree: Any, levels: int) -> None:
    below = _below(tree, levels)
    parts = tree.values() if type(tree) is dict else tree
    # Whether there is more below is seen by the types alone: lists may be long.
    if not _BRANCHES.isdisjoint(map(type, parts)):
        for part in parts:
            if type(part) in _BRANCHES:
                _look_below(part, below)


def _below(tree: Any, levels: int) -> int:
    """How many levels may be below an object or a list."""
    if not levels and tree:
        raise TooDeep
    return levels - 1
