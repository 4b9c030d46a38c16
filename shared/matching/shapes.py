"""What filters have alike that differ only in their operands."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias, TypeGuard

LOGICAL: Final = ("~and", "~or", "~not")

Shape: TypeAlias = "type | tuple[Any, ...]"
"""Of an object: its keys, then the shape of each value. Of a list: ``list``, then the shapes of its
items. Of all else its type; as the value of an object it is an operand, at a path also as an item.
"""

_LOGICAL_SET: Final = frozenset(LOGICAL)
_LISTS: Final = (list,)
_BRANCHES: Final = (dict, list)


def shape_of(tree: Any, operands: list[Any]) -> Shape:
    """The shape of a filter's tree, whose operands are added in the order in which they stand.

    Where trees have one shape, they ask the same of the same paths, with operands of the same
    types. Recurses as deep as the tree is.
    """
    kind = type(tree)
    if kind is dict:
        kinds: list[Shape] = [*map(type, tree.values())]
        if dict in kinds or list in kinds:
            kinds = [_entry(key, tree[key], operands) for key in tree]
        else:
            operands += tree.values()
        return *tree, *kinds
    if kind is list:
        return list, *[shape_of(part, operands) for part in tree]
    return kind


def entries_of(shape: Sequence[Any]) -> Iterator[tuple[str, Shape]]:
    """The keys of an object, each with the shape of its value."""
    half = len(shape) // 2
    return zip(shape[:half], shape[half:], strict=True)


def is_list(shape: Shape) -> TypeGuard[tuple[Any, ...]]:
    """Whether it is a list's."""
    return isinstance(shape, tuple) and shape[:1] == _LISTS


def _entry(key: str, value: Any, operands: list[Any]) -> Shape:
    if not key.startswith("~"):
        return _condition(value, operands)
    is_nested = type(value) in (_BRANCHES if key == "~not" else _LISTS) and key in LOGICAL
    return shape_of(value, operands) if is_nested else _operand(value, operands)


def _condition(tree: Any, operands: list[Any]) -> Shape:
    """Of operators on a path, or of the value that it is to equal."""
    if type(tree) is not dict or not any(key.startswith("~") for key in tree):
        return _operand(tree, operands)
    if _LOGICAL_SET.isdisjoint(tree):
        operands += tree.values()
        return *tree, *map(type, tree.values())
    return *tree, *[_operator(key, tree[key], operands) for key in tree]


def _operator(key: str, value: Any, operands: list[Any]) -> Shape:
    if key == "~not":
        return _condition(value, operands)
    if key in LOGICAL and type(value) is list:
        return list, *[_condition(part, operands) for part in value]
    return _operand(value, operands)


def _operand(value: Any, operands: list[Any]) -> Shape:
    operands.append(value)
    return type(value)
