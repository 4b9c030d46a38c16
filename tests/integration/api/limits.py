"""Limits of what may be sent over HTTP: how much fits, and what is said to more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import orjson

FLOW: Final = "4a4de828-f4c9-4bea-8ef4-2d705aec43bc"
NOBODY: Final = "00000000-0000-4000-8000-00000000dead"
DAY_S: Final = 86_400
JSON: Final = MappingProxyType({"Content-Type": "application/json"})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request."""

    method: str = "POST"
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Refusal = tuple[int, str | None]
"""A status, and the pointer to what is too much; None: it is in no problem document."""

WHOLE: Final[Refusal] = (413, "")
BY_SERVER: Final[Refusal] = (400, None)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """``most`` is what fits, and is answered with ``fits``; ``ask`` makes a request with so much.

    One more is refused as ``refused`` says, and so is a hundred times as much, unless it meets
    another limit first, and is refused as ``far`` says.
    """

    most: int
    ask: Callable[[int], Asked]
    refused: Refusal
    fits: int = 201
    far: Refusal | None = None


def sent(path: str, document: Any, method: str = "POST") -> Asked:
    """A request with a document."""
    return Asked(method=method, path=path, body=orjson.dumps(document), headers=JSON)


def flow(**parts: Any) -> Asked:
    """A new workflow."""
    return sent("/v1/workflows", {"name": "n", **parts})


def step(**parts: Any) -> Asked:
    """A new workflow with one step."""
    return flow(steps=[{"id": "s", "action": "transform", **parts}])


def of_kind(kind: str, **parts: Any) -> Asked:
    """A new workflow with one step that is not an action; a draft, for what else it lacks."""
    return flow(steps=[{"id": "s", "kind": kind, kind: parts}], lifecycle="draft")


def event(**parts: Any) -> Asked:
    """An event."""
    return sent("/v1/events", {"event": "e", **parts})


def filled(path: str, length: int, document: dict[str, Any], *place: str) -> Asked:
    """A document of so many bytes."""
    inner: dict[str, Any] = {place[-1]: ""}
    for name in reversed(place[:-1]):
        inner = {name: inner}
    empty = orjson.dumps({**document, **inner})
    body = empty.replace(b'""', b'"%b"' % (b"x" * (length - len(empty))))
    return Asked(path=path, body=body, headers=JSON)
