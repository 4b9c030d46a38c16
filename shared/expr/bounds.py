"""How much one expression may cost."""

from dataclasses import dataclass, replace

RUN_IF_BYTES_MAX = 4_096
STEP_BYTES_MAX = 65_536
"""The longest texts taken: a ``run_if`` or filter, and a step's input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The limits of one evaluation; what passes one is stopped with an ``ExpressionError``.

    The engine has none for memory: what an evaluation can hold is what it can write in
    ``timeout_s``, but where it calls what looks (``limits.py``) or is evaluated apart
    (``apart.py``).
    """

    timeout_s: float
    depth_max: int
    steps_max: int
    string_bytes_max: int
    array_items_max: int
    result_bytes_max: int


RUN_IF = Bounds(
    timeout_s=0.1,
    depth_max=100,
    steps_max=100_000,
    string_bytes_max=262_144,
    array_items_max=10_000,
    result_bytes_max=262_144,
)
"""For what decides: evaluated for every event and workflow, and answered by yes or no."""

STEP = Bounds(
    timeout_s=0.15,
    depth_max=200,
    steps_max=500_000,
    string_bytes_max=1_048_576,
    array_items_max=50_000,
    result_bytes_max=1_048_576,
)
"""For what builds: a step's input, once per step."""

LIQUID = replace(STEP, timeout_s=0.1)
"""For a tree of Liquid templates: one filter at work is not stopped, so the clock stops earlier."""
