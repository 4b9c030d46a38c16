"""Which events start which workflows, reckoned anew: plain Python, and JSONata by another engine.

Nothing of the product's matching is used, so that a fault in it cannot hide itself here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An accepted event, as its archived record says."""

    key: str
    id: str
    type: str
    source: str
    time: str
    payload: Any
    subject: str | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Given":
        """The event of a record on triggers."""
        return cls(
            key=record["turnoutkey"],
            id=record["id"],
            type=record["type"],
            source=record["source"],
            time=record["time"],
            payload=record["data"],
            subject=record.get("subject"),
        )

    @property
    def scope(self) -> dict[str, Any]:
        """What a native workflow's conditions see."""
        at = datetime.fromisoformat(self.time).astimezone(UTC)
        event = {
            "key": self.key,
            "id": self.id,
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "attributes": {},
            "data": self.payload,
        }
        trigger = {"kind": "event", "event_name": self.type}
        return {"event": event, "payload": self.payload, "trigger": trigger}


def starts(definition: Mapping[str, Any], event: Given) -> bool:
    """Whether the event is to start a live workflow of this definition."""
    return (
        any(_names(trigger, event.type) for trigger in definition.get("triggers", ()))
        and passes(definition.get("filters"), event.scope)
        and holds(definition.get("run_if"), event.scope)
    )


def holds(source: str | None, scope: Mapping[str, Any]) -> bool:
    """Whether a condition holds; none does, and one that fails does not."""
    return source is None or truth(value_of(source, scope))


def truth(value: Any) -> bool:
    """JSONata's boolean cast: what is no JSON, such as a function, is false."""
    if isinstance(value, list):
        return any(truth(item) for item in value)
    return isinstance(value, str | int | float | Mapping) and bool(value)


@lru_cache(maxsize=1_000)
def _expression(source: str) -> Jsonata:
    return Jsonata(source)


def _names(trigger: Mapping[str, Any], event_type: str) -> bool:
    name = trigger.get("event_name")
    if name is None or trigger.get("kind", "event") != "event":
        return False
    return event_type.startswith(name[:-1]) if name.endswith("*") else event_type == name


# --- filters, by docs/FILTERS.md


def passes(tree: Any, scope: Any) -> bool:
    """Whether a filter lets the scope through."""
    if isinstance(tree, Sequence) and not isinstance(tree, str):
        return all(passes(each, scope) for each in tree)
    return all(_clause(key, condition, scope) for key, condition in (tree or {}).items())


def _clause(key: str, condition: Any, scope: Any) -> bool:
    match key:
        case "~and":
            return all(passes(each, scope) for each in condition)
        case "~or":
            return any(passes(each, scope) for each in condition)
        case "~not":
            return not passes(condition, scope)
        case _:
            return _satisfies(_at(key, scope), condition)


def _at(path: str, scope: Any) -> Any:
    value = scope
    for name in path.strip().removeprefix("{{").removesuffix("}}").strip().split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and re.fullmatch(r"-?\d+", name):
            index = int(name)
            value = value[index] if -len(value) <= index < len(value) else None
        else:
            return None
    return value


def _satisfies(value: Any, condition: Any) -> bool:
    if not isinstance(condition, dict) or not any(key.startswith("~") for key in condition):
        return _equal(value, condition)
    return all(_operated(key, value, operand) for key, operand in condition.items())


def _operated(name: str, value: Any, operand: Any) -> bool:
    match name:
        case "~and":
            return all(_satisfies(value, each) for each in operand)
        case "~or":
            return any(_satisfies(value, each) for each in operand)
        case "~not":
            return not _satisfies(value, operand)
    if name in _OPERATORS:
        return _OPERATORS[name](value, operand)
    return not _OPERATORS[f"~{'eq' if name == '~neq' else name[2:]}"](value, operand)


def _equal(left: Any, right: Any) -> bool:
    """JSON's equality: numbers by value, and no boolean is one."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[k], right[k]) for k in left)
    return bool(left == right)


def _ordered(value: Any, operand: Any, holds_: Callable[[Any, Any], bool]) -> bool:
    if isinstance(value, str) and isinstance(operand, str):
        return holds_(value, operand)
    numbers = [isinstance(v, int | float) and not isinstance(v, bool) for v in (value, operand)]
    return all(numbers) and holds_(value, operand)


def _contains(value: Any, operand: Any) -> bool:
    if isinstance(value, str):
        return isinstance(operand, str) and operand in value
    return isinstance(value, list) and any(_equal(item, operand) for item in value)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "~eq": _equal,
    "~gt": lambda v, o: _ordered(v, o, lambda a, b: bool(a > b)),
    "~gte": lambda v, o: _ordered(v, o, lambda a, b: bool(a >= b)),
    "~lt": lambda v, o: _ordered(v, o, lambda a, b: bool(a < b)),
    "~lte": lambda v, o: _ordered(v, o, lambda a, b: bool(a <= b)),
    "~in": lambda v, o: any(_equal(v, item) for item in o),
    "~contains": _contains,
    "~starts": lambda v, o: isinstance(v, str) and v.startswith(o),
    "~ends": lambda v, o: isinstance(v, str) and v.endswith(o),
    "~regex": lambda v, o: isinstance(v, str) and re.search(o, v) is not None,
    "~isnull": lambda v, o: (v is None) is o,
    "~isempty": lambda v, o: _is_empty(v) is o,
}


# --- the way that an execution takes through its steps, and what they hand on


def scope_of(log: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What an execution's conditions see, by its log; nothing while that is empty."""
    record = log[0]["input"] if log else None
    return Given.of(record).scope if isinstance(record, dict) else {}


def value_of(source: str, scope: Mapping[str, Any]) -> Any:
    """What an expression comes to; None where it fails."""
    try:
        return _expression(source).evaluate(dict(scope))
    except (JException, TypeError, ValueError):
        return None


def items_of(step: Mapping[str, Any], scope: Mapping[str, Any]) -> list[Any]:
    """What an iterator is to do, item by item."""
    found = value_of(step["iterator"]["items"]["src"], scope)
    return found if isinstance(found, list) else []


def call_of(definition: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """The block by which what a log names so calls a receiver; None: it calls none.

    That is a step, an iterator's item (``each[0]``) or what undoes a step (``hotel!``).
    """
    id_ = name.partition("[")[0].removesuffix("!")
    step = next((s for s in definition["steps"] if s["id"] == id_), None)
    if step is None:
        return None
    block = step["iterator"]["body"] if "[" in name else step
    block = step.get("compensation") if name.endswith("!") else block
    return block if block is not None and block.get("action") == "http_request" else None


def filled(text: str | None, scope: Mapping[str, Any]) -> str | None:
    """A text that is one placeholder or none at all, with what it stands for; without: itself."""
    value = None if text is None else _at(text, scope)
    return text if value is None else str(value)


def outcomes(
    definition: Mapping[str, Any], scope: Mapping[str, Any], handles: Mapping[str, str | None]
) -> dict[str, str]:
    """COMPLETED or SKIPPED for each step, where none fails.

    ``handles`` say by which way steps were left that others decided upon: people, and time.
    """
    edges = definition.get("edges") or []
    left = {step["id"]: step for step in definition["steps"]}
    found: dict[str, str] = {}
    ways = dict(handles)
    while left:
        ready = [s for s in left if all(e["from"] not in left for e in edges if e["to"] == s)]
        for step in ready:
            block = left.pop(step)
            incoming = [e for e in edges if e["to"] == step]
            is_live = not incoming or any(_live(e, found, ways, scope) for e in incoming)
            found[step] = "COMPLETED" if is_live else "SKIPPED"
            if block.get("kind") == "condition":
                ways[step] = "true" if holds(block["condition"], scope) else "false"
    return found


def _live(
    edge: Mapping[str, Any],
    found: Mapping[str, str],
    ways: Mapping[str, str | None],
    scope: Mapping[str, Any],
) -> bool:
    source, handle = edge["from"], edge.get("handle")
    return (
        found[source] == "COMPLETED"
        and handle in (None, ways.get(source))
        and holds(edge.get("condition"), scope)
    )
