"""How the receiver answers a call: by its path, and by chance that one seed decides."""

import random
from dataclasses import dataclass
from typing import Final

from tests.chaos.workflows import MIXED, REFUSE, STEADY, TOLD

PATIENCE: Final = 4
"""From this call of a key on, the receiver is kind: no step fails for good by its doing."""

UNASKED: Final = 502
"""The status of answers that nobody asked for, and of no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``status`` is 0 without one; ``wait_s`` is how long it takes to come, or to be given up.

    ``kind`` is ok, slow, status or busy; old (HTTP/1.0), early (after many that are none yet) or
    tail (others follow unasked); reset, hang, drip, garbage, headers (far too many), short (cut
    off) or chunks (of no size).
    """

    kind: str
    status: int = 0
    wait_s: float = 0.0


_OK: Final = Answer(kind="ok", status=200)
_WEIGHTS: Final = {
    _OK: 80.0,
    Answer(kind="slow", status=200, wait_s=0.8): 5.0,
    Answer(kind="status", status=500): 5.0,
    Answer(kind="status", status=503): 3.0,
    Answer(kind="busy", status=429): 3.0,
    Answer(kind="reset"): 2.0,
    Answer(kind="old", status=200): 0.5,
    Answer(kind="early", status=200): 0.5,
    Answer(kind="tail", status=200): 0.5,
    Answer(kind="garbage"): 1.0,
    Answer(kind="headers"): 0.5,
    Answer(kind="short"): 0.5,
    Answer(kind="chunks"): 0.5,
    Answer(kind="drip", wait_s=8.0): 0.5,
    Answer(kind="hang", wait_s=8.0): 0.5,
}


def answer_to(seed: int, path: str, key: str, number: int) -> Answer:
    """The answer to the ``number``-th call (from 1) under an idempotency key."""
    if path == REFUSE:
        return Answer(kind="status", status=402)
    if path == STEADY or number >= PATIENCE:
        return _OK
    if path not in (MIXED, TOLD):
        return Answer(kind="status", status=404)
    chance = random.Random(f"{seed}:{key}:{number}")
    return chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
