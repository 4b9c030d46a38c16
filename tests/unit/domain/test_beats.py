"""Signs of life of a remote worker in the log of an execution."""

from datetime import timedelta

import orjson

from shared.domain.executions import AttemptStatus, Entry
from shared.domain.ids import StepId
from shared.domain.outcomes import Parked, Wait, WaitKind
from shared.domain.signals import Beat, TaskEnded
from tests.unit.domain.graphs import flow, step
from tests.unit.domain.life import Life

A = StepId("a")
GIVEN = {"text": "x" * 200_000}
ENTRY_BYTES_MAX = 1_000


def waiting() -> Life:
    """An execution whose step waits for a worker that may be silent for ten seconds."""
    life = Life(flow(step("a")), None)
    data = {"action": "ship", "input": GIVEN, "heartbeat_s": 10.0, "timeout_s": 3_600.0}
    life.start()
    wait = Wait(kind=WaitKind.TASK, data=data)
    life.finish(A, Parked(wait=wait, wake_at=life.now + timedelta(seconds=10), input=GIVEN))
    return life


def beat(life: Life) -> Entry:
    """What the log says of a sign of life, five seconds later."""
    life.now += timedelta(seconds=5)
    assert life.hear(Beat(step_id=A, attempt=1, at=life.now))
    return life.log[-1]


def test_a_sign_of_life_does_not_write_down_again_what_the_task_was_given() -> None:
    """However large that is, and however many there are; the state has it all the same."""
    life = waiting()
    for _ in range(3):
        written = beat(life).attempt
        assert written is not None
        assert len(orjson.dumps(written)) < ENTRY_BYTES_MAX
    waits = life.state.waiting(A)
    assert waits is not None
    assert (waits.input, waits.output["input"]) == (GIVEN, GIVEN)
    assert waits.wake_at == life.now + timedelta(seconds=10)


def test_after_signs_of_life_and_a_crash_the_step_has_what_it_was_given() -> None:
    """Its last entry says it, as if no worker had been asked."""
    life = waiting()
    beat(life)
    life.crash()
    beat(life)
    assert life.hear(TaskEnded(step_id=A, attempt=1, output=7))
    ended = life.state.settled[A]
    assert (ended.status, ended.input, ended.output) == (AttemptStatus.COMPLETED, GIVEN, 7)


def test_what_goes_on_waiting_says_in_its_entry_all_that_an_older_owner_needs() -> None:
    """One that takes the entry for the whole attempt hears signs of life, and the answer."""
    life = waiting()
    before = life.log[-1].attempt
    written = beat(life).attempt
    assert before is not None
    assert written is not None
    words = {word: told for word, told in before.output.items() if word != "input"}
    assert written.output == {**words, "is_extended": True}
    assert (written.number, written.started_at) == (before.number, before.started_at)
