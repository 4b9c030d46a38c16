"""What else the machine did meanwhile."""

import os
import platform
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

Tell = Callable[[str], None]
"""Says a line of progress."""

IDLE_LOAD_MAX = 0.5


@asynccontextmanager
async def observed(tell: Tell) -> AsyncIterator[dict[str, Any]]:
    """What to report of the machine; complete when the block has ended.

    Warns when others used it before: then figures say little, and only ratios mean something.
    """
    before = os.getloadavg()[0]
    was_idle = before <= IDLE_LOAD_MAX
    if not was_idle:
        tell(f"WARNING: the machine is not idle (load average {before:.2f}): compare ratios only")
    seen: dict[str, Any] = {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "was_idle": was_idle,
        "load_average": {"before": before},
    }
    yield seen
    seen["load_average"]["after"] = os.getloadavg()[0]
