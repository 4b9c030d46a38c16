"""What must hold of every execution, told by its log alone."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from shared.domain.executions import ENDS, Attempt, AttemptStatus, Entry, Phase
from shared.domain.ids import StepId, split_key
from shared.domain.plans import Plan
from shared.domain.readiness import RunStep
from shared.domain.steps import ERROR, Edge, OnFailure, Origin

Log = Sequence[Entry]


def check(plan: Plan, log: Log) -> None:
    """Every law that concerns the log as a whole."""
    assert [entry.position for entry in log] == list(range(1, len(log) + 1))
    phases = [phase for entry in log for phase in entry.phases]
    assert phases[:2] == [Phase.CREATED, Phase.STARTED]
    assert not any(phase in ENDS for phase in phases[:-1]), "an execution ends once, at last"
    attempts = attempts_of(log)
    settled = Counter(attempt.step_id for attempt in attempts if attempt.status.settles)
    assert not settled or max(settled.values()) == 1, "a step settles once"
    is_full = len(log) >= plan.history_max
    assert not is_full or has(log, *ENDS, Phase.COMPENSATING), "a full history leads to the end"
    for key in {attempt.step_id for attempt in attempts}:
        _check_attempts(plan, log, key)
    _check_dead(plan, log)
    _check_loops(plan, log)
    _check_undoing(plan, log)


def check_run(plan: Plan, log: Log, effect: RunStep, now: datetime) -> None:
    """Whether the step may begin, or begin again, as the log stands."""
    assert not has(log, *ENDS), "nothing runs after the end"
    key = effect.key
    own = [attempt for attempt in attempts_of(log) if attempt.step_id == key]
    assert not any(attempt.status.settles for attempt in own), "nothing settled runs again"
    assert effect.compensates == has(log, Phase.COMPENSATING), "undoing is done alone"
    if not effect.compensates:
        assert len(log) < plan.history_max, "nothing begins once the history is full"
        assert not is_suspended(log), "nothing runs while suspended"
    _check_number(effect, own, now)
    if split_key(key).item is not None:
        loop = last(log, StepId(effect.step.id))
        assert loop is not None
        assert loop.status is AttemptStatus.WAITING
        assert effect.item == split_key(key).item
        assert effect.item is not None
        assert effect.item < len(loop.output["items"])
    elif not effect.compensates:
        edges = plan.incoming[effect.step.id]
        live = [edge for edge in edges if leads_on(plan, log, edge)]
        assert live or not edges, "one way at least leads to it"
        assert not any(last_settled(log, StepId(edge.source)) is None for edge in edges)
        tested = [edge for edge in live if edge.condition is not None]
        is_free = len(tested) < len(live) or effect.is_approved
        assert list(effect.edges) == ([] if is_free else tested)


def _check_number(effect: RunStep, own: Sequence[Attempt], now: datetime) -> None:
    was_approved = any(attempt.status is AttemptStatus.APPROVED for attempt in own)
    assert effect.is_approved == was_approved, "a yes is never assumed"
    if not own:
        assert effect.attempt == 1
    elif own[-1].status is AttemptStatus.APPROVED:
        assert effect.attempt == own[-1].number
    else:
        assert own[-1].status is AttemptStatus.RETRYING
        assert effect.attempt == own[-1].number + 1
        assert own[-1].wake_at is not None
        assert own[-1].wake_at <= now, "no attempt comes early"


def attempts_of(log: Log) -> list[Attempt]:
    """The attempts in a log."""
    return [entry.attempt for entry in log if entry.attempt is not None]


def last(log: Log, key: StepId) -> Attempt | None:
    """How a step stands."""
    return next((one for one in reversed(attempts_of(log)) if one.step_id == key), None)


def last_settled(log: Log, key: StepId) -> Attempt | None:
    """How a step ended."""
    return next((a for a in attempts_of(log) if a.step_id == key and a.status.settles), None)


def has(log: Log, *phases: Phase) -> bool:
    """Whether one of the phases was."""
    return any(phase in phases for entry in log for phase in entry.phases)


def is_suspended(log: Log) -> bool:
    """Whether it was suspended and not resumed."""
    turns = [p for e in log for p in e.phases if p in (Phase.SUSPENDED, Phase.RESUMED)]
    return turns[-1:] == [Phase.SUSPENDED]


def leads_on(plan: Plan, log: Log, edge: Edge) -> bool:
    """Whether an edge's source leads on along it."""
    source = last_settled(log, StepId(edge.source))
    if source is None:
        return False
    if source.status is AttemptStatus.COMPLETED:
        return edge.handle in (None, source.handle)
    if source.status is AttemptStatus.SKIPPED:
        return edge.origin in (Origin.DEPENDENCY, Origin.SEQUENCE)
    if source.status is AttemptStatus.FAILED:
        goes_on = plan.by_id[edge.source].on_failure is OnFailure.CONTINUE
        return edge.handle == ERROR or (goes_on and edge.handle is None)
    return False


def _check_attempts(plan: Plan, log: Log, key: StepId) -> None:
    """Numbers ascend one by one; tries, time and decisions are within their bounds."""
    own = [attempt for attempt in attempts_of(log) if attempt.step_id == key]
    policy = plan.step_of(key).retry
    begun_at = own[0].started_at
    for before, after in pairwise(own):
        again = before.status is AttemptStatus.RETRYING
        assert after.number == before.number + again
        assert not before.status.settles
        if before.status is AttemptStatus.APPROVED:
            begun_at = after.started_at
        assert after.started_at >= before.started_at
    for attempt in own:
        assert attempt.number <= policy.max_attempts
        if attempt.status is AttemptStatus.RETRYING:
            assert attempt.number < policy.max_attempts
            assert attempt.error is not None
            assert attempt.error.retryable
            assert attempt.error.kind not in policy.non_retryable
            assert attempt.wake_at is not None
    if policy.total_s is not None and own[-1].status is AttemptStatus.RETRYING:
        assert own[-1].wake_at is not None
        assert own[-1].wake_at <= begun_at + timedelta(seconds=policy.total_s)
    decided = [a for a in own if isinstance(a.output, dict) and "decision_id" in a.output]
    assert len(decided) <= 1, "one decision wins"


def _check_dead(plan: Plan, log: Log) -> None:
    """A step is skipped for want of a way exactly when all ways to it are dead."""
    goes_on = not has(log, *ENDS, Phase.COMPENSATING)
    for step in plan.steps:
        edges = plan.incoming[step.id]
        own = last(log, StepId(step.id))
        if own is not None and own.handle == "edges":
            assert edges
            assert own.status is AttemptStatus.SKIPPED
        elif not goes_on or own is not None or not edges:
            continue
        is_known = all(last_settled(log, StepId(edge.source)) for edge in edges)
        is_dead = is_known and not any(leads_on(plan, log, edge) for edge in edges)
        assert is_dead == (own is not None)


def _check_loops(plan: Plan, log: Log) -> None:
    """A loop that completed has the outputs of its items, in their order; a failure may end it."""
    for step_id, body in plan.bodies.items():
        own = [a for a in attempts_of(log) if a.step_id == step_id]
        iterator = plan.by_id[step_id].iterator
        assert iterator is not None
        if iterator.on_item_failure == "abort":
            items = [a for a in attempts_of(log) if a.step_id.startswith(f"{body.id}[")]
            has_failed = any(one.status is AttemptStatus.FAILED for one in items)
            assert not has_failed or own[-1].status is AttemptStatus.FAILED
        if not own or own[-1].status is not AttemptStatus.COMPLETED or own[-1].number == 0:
            continue
        items = own[-2].output["items"]
        ended = [last_settled(log, StepId(f"{body.id}[{index}]")) for index in range(len(items))]
        assert own[-1].output == [one.output for one in ended if one is not None]
        assert len(own[-1].output) == len(items)


def _check_undoing(plan: Plan, log: Log) -> None:
    """What completed is undone in reverse, after the failure; nothing else is."""
    undone = [a for a in attempts_of(log) if split_key(a.step_id).compensates]
    if not has(log, Phase.COMPENSATING):
        assert not undone
        assert not has(log, Phase.COMPENSATED)
        return
    began = next(i for i, entry in enumerate(log) if Phase.COMPENSATING in entry.phases)
    assert not any(split_key(a.step_id).compensates for a in attempts_of(log[: began + 1]))
    for attempt in attempts_of(log[began + 1 :]):
        assert attempt.status.settles or split_key(attempt.step_id).compensates
    done = [
        a.step_id
        for a in attempts_of(log)
        if a.status is AttemptStatus.COMPLETED and a.step_id in plan.undoing and a.number > 0
    ]
    ended = [split_key(a.step_id).step_id for a in undone if a.status.settles]
    expected = done[::-1]
    assert ended == expected[: len(ended)]
    assert {split_key(a.step_id).step_id for a in undone} <= set(expected[: len(ended) + 1])
    if has(log, *ENDS):
        assert log[-1].phases[-1] is Phase.FAILED
        assert ended == expected
        is_whole = all(a.status is AttemptStatus.COMPLETED for a in undone if a.status.settles)
        assert has(log, Phase.COMPENSATED) == is_whole
