"""What can be done on the way to the receiver, and to it. Each is mended when it returns."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.faults import Done, Moment
from tests.chaos.names import SILENT, UNKNOWN


async def lose_names(at: Moment) -> Done:
    """Who looks up the receiver's name finds none, or waits in vain (F25)."""
    how = at.chance.choice((SILENT, UNKNOWN))
    with _there(at.stage.names_file, how):
        await at.last()
    return {"how": how}


async def overwhelm_receiver(at: Moment) -> Done:
    """Every call is answered 503, and told when to come back (F42)."""
    with _there(at.stage.busy_file, ""):
        await at.last()
    return {}


@contextmanager
def _there(file: Path, text: str) -> Iterator[None]:
    """The file, written whole at once, for a while."""
    draft = file.with_suffix(".new")
    draft.write_text(text)
    draft.rename(file)
    try:
        yield
    finally:
        file.unlink()
