"""What caused an execution: the event at the root, and the workflows on the way from it.

The chain travels with events as CloudEvents extension attributes. A stranger's word in them that
makes no sense counts as none.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.domain.events import Event
from shared.domain.frozen import frozen
from shared.domain.ids import EventKey, WorkflowId, known_text, text_of

ROOT = "turnoutroot"
DEPTH = "turnoutdepth"
PATH = "turnoutpath"
PATH_MAX = 64
DEPTH_HEADER = "Turnout-Depth"
"""The depth, as calls of ours carry it: one may come back to an address of our own."""

_DIGITS = re.compile(r"\d{1,6}", re.ASCII)


@frozen
class Cause:
    """``depth`` executions stand between the event ``root`` and this one; ``path`` ends with it."""

    root: EventKey
    depth: int
    path: tuple[WorkflowId, ...]

    def attributes(self) -> dict[str, Any]:
        """The chain as attributes of an event that this execution causes."""
        return {
            ROOT: text_of(self.root),
            DEPTH: self.depth + 1,
            PATH: ",".join(map(known_text, self.path[-PATH_MAX:])),
        }


def depth_of(event: Event) -> int:
    """How many executions stand between a publisher's event and this one."""
    told = event.attributes.get(DEPTH)
    if isinstance(told, str) and _DIGITS.fullmatch(told):
        return int(told)  # as CloudEvents' binary mode carries it
    return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else 0


def told_depth(header: str | None) -> Mapping[str, Any]:
    """What the header ``Turnout-Depth`` of a call says, as attributes of the event it becomes."""
    if header is None or not _DIGITS.fullmatch(header):
        return {}
    return {DEPTH: int(header)}


def cause_of(event: Event, workflow_id: WorkflowId) -> Cause:
    """The cause of the execution that ``event`` starts of a workflow."""
    depth = depth_of(event)
    if depth == 0:
        return Cause(root=event.key, depth=0, path=(workflow_id,))
    return Cause(root=_root(event), depth=depth, path=(*_path(event.attributes), workflow_id))


def _root(event: Event) -> EventKey:
    try:
        return EventKey(UUID(str(event.attributes.get(ROOT))))
    except ValueError:
        return event.key


def _path(attributes: Mapping[str, Any]) -> tuple[WorkflowId, ...]:
    told = attributes.get(PATH)
    if not isinstance(told, str):
        return ()
    try:
        return tuple(WorkflowId(UUID(part)) for part in told.split(",")[-PATH_MAX:])
    except ValueError:
        return ()
