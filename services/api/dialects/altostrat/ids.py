"""Altostrat's ids: a prefix, and a UUID as 26 small characters."""

import re
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid5

from shared.domain.short_ids import UUID_PATTERN, from_short_id, short_id

WORKFLOW: Final = "fl_"
RUN: Final = "fl_run_"
LOG: Final = "fl_log_"
SECRET: Final = "vlt_"  # noqa: S105 - what the ids of secrets begin with

_PREFIXES: Final = MappingProxyType({"workflow": WORKFLOW, "execution": RUN})
_NAMED: Final = re.compile(rf"\b([Ww]orkflow|[Ee]xecution) ({UUID_PATTERN})\b")


def written(prefix: str, id_: UUID) -> str:
    """An id as Altostrat's clients see it."""
    return f"{prefix}{short_id(id_).lower()}"


def parsed(prefix: str, text: str) -> UUID | None:
    """The UUID of such an id; None for anything else."""
    return from_short_id(text.removeprefix(prefix)) if text.startswith(prefix) else None


def rewritten(text: str) -> str:
    """``text`` with the ids of workflows and runs that it names as Altostrat's clients see them."""
    return _NAMED.sub(lambda m: f"{m[1]} {written(_PREFIXES[m[1].lower()], UUID(m[2]))}", text)


def log_id(execution_id: UUID, position: int) -> str:
    """The id of a line of a run's log."""
    return written(LOG, uuid5(execution_id, f"log:{position}"))
