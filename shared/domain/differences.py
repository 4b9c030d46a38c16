"""What one definition says that another does not, by meaning: no matter how either is written.

Steps, triggers, edges and annotations are matched by what they are called, not by their places. The
order of steps counts where it is the order in which they run, that of edges and triggers never.
Null is nothing: what was null is added, what is null now is removed.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from shared.domain.workflows import Definition


class DifferenceKind(StrEnum):
    """What became of a place."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place at which two definitions differ.

    ``pointer`` leads into the later definition, for what is removed into the earlier one. ``name``
    says of which step, trigger, edge or annotation it is; None: of none.
    """

    pointer: str
    kind: DifferenceKind
    name: str | None = None
    before: Any = None
    after: Any = None

    @property
    def field(self) -> str:
        """The field of the definition that it is in."""
        return self.pointer.split("/")[1]

    @property
    def is_whole(self) -> bool:
        """Whether a whole step, trigger, edge or annotation came or went."""
        return self.name is not None and self.pointer.count("/") == _DEPTH_OF_A_PART


_DEPTH_OF_A_PART: Final = 2


def differences(before: Definition, after: Definition) -> list[Difference]:
    """Every place at which they differ, in the order of the fields of a definition."""
    old, new = _document(before), _document(after)
    return [found for field in new for found in _in_field(field, old[field], new[field])] + [
        *_in_order(before, after)
    ]


def _document(definition: Definition) -> dict[str, Any]:
    document = definition.model_dump(mode="json")
    for step in document["steps"]:
        step["depends_on"] = sorted(set(step["depends_on"]))
    return document


def _in_field(field: str, old: Any, new: Any) -> Iterator[Difference]:
    if field not in _NAMES:
        yield from _unlike(f"/{field}", old, new, None)
        return
    before, after = (_named(parts, _NAMES[field]) for parts in (old, new))
    for key, (index, part) in before.items():
        if key not in after:
            pointer, name = f"/{field}/{index}", str(key[0])
            kind = DifferenceKind.REMOVED
            yield Difference(pointer=pointer, kind=kind, name=name, before=part)
    for key, (index, part) in after.items():
        earlier = before[key][1] if key in before else None
        yield from _unlike(f"/{field}/{index}", earlier, part, str(key[0]))


def _named(
    parts: Sequence[Any], name_of: Callable[[Any], Hashable]
) -> dict[tuple[Hashable, int], tuple[int, Any]]:
    """Parts and their places, by what they are called; several of one name count from 0."""
    seen: Counter[Hashable] = Counter()
    found: dict[tuple[Hashable, int], tuple[int, Any]] = {}
    for index, part in enumerate(parts):
        name = name_of(part)
        found[name, seen[name]] = (index, part)
        seen[name] += 1
    return found


def _trigger_name(trigger: Mapping[str, Any]) -> str:
    names = ("id", "event_name", "event_uid", "kind")
    return next(str(trigger[name]) for name in names if trigger[name] is not None)


def _edge_name(edge: Mapping[str, Any]) -> str:
    by = "" if edge["handle"] is None else f" ({edge['handle']})"
    return f"{edge['from']} → {edge['to']}{by}"


_NAMES: Final[Mapping[str, Callable[[Any], Hashable]]] = MappingProxyType(
    {
        "triggers": _trigger_name,
        "annotations": lambda annotation: annotation["target_path"],
        "steps": lambda step: step["id"],
        "edges": _edge_name,
    }
)


def _unlike(pointer: str, old: Any, new: Any, name: str | None) -> Iterator[Difference]:
    match old, new:
        case dict(), dict():
            for key in {**old, **new}:
                at = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
                yield from _unlike(at, old.get(key), new.get(key), name)
        case list(), list() if len(old) == len(new):
            for index, (earlier, later) in enumerate(zip(old, new, strict=True)):
                yield from _unlike(f"{pointer}/{index}", earlier, later, name)
        case _:
            # As a new version is made: Python takes 1, 1.0 and true for equal.
            if type(old) is not type(new) or old != new:
                kind = _kind(old, new)
                yield Difference(pointer=pointer, kind=kind, name=name, before=old, after=new)


def _kind(old: Any, new: Any) -> DifferenceKind:
    if old is None:
        return DifferenceKind.ADDED
    return DifferenceKind.REMOVED if new is None else DifferenceKind.CHANGED


def _in_order(before: Definition, after: Definition) -> Iterator[Difference]:
    """Steps that run in the order they are written, in another order."""
    if not (_is_sequence(before) or _is_sequence(after)):
        return
    there = {step.id for step in before.steps} & {step.id for step in after.steps}
    old, new = ([s.id for s in one.steps if s.id in there] for one in (before, after))
    if old != new:
        kind = DifferenceKind.CHANGED
        yield Difference(pointer="/steps", kind=kind, before=old, after=new)


def _is_sequence(definition: Definition) -> bool:
    return not definition.edges and not any(step.depends_on for step in definition.steps)
