"""What a process sets for itself once, at its edge."""

import gc
from typing import Final

GENERATIONS: Final = (100_000, 50, 100)


def tune_garbage_collection() -> None:
    """Look for cycles less often.

    Records live for milliseconds and leave no cycles, definitions live for ever: with Python's own
    thresholds an executor spent a tenth of its time searching the latter for garbage.
    """
    gc.set_threshold(*GENERATIONS)
