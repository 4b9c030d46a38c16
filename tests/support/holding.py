"""An environment that may have few executions in memory, so that others of it are held."""

from typing import Any, Final
from uuid import UUID

from tests.support.eventually import eventually
from tests.support.works import Works

OTHER: Final = UUID("00000000-0000-4000-8000-0000000000aa")
MOST: Final = 3
LIMITED: Final[dict[str, Any]] = {"concurrency": {"executions_max": MOST}}
HELD: Final = "turnout_executions_held"


async def held(works: Works, count: int) -> None:
    """Return when so many executions are held."""
    await eventually(lambda: works.metric(HELD) == count)
