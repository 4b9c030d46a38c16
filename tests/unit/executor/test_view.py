"""What an attempt sees of the steps before it, made once and added to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest

from services.executor.runs import Owned, Run
from services.executor.view import RunView, Views
from shared.domain.causes import cause_of
from shared.domain.decide import begin
from shared.domain.executions import Attempt, AttemptStatus
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, ExecutionId, StepId, WorkflowId
from shared.domain.plans import plan
from shared.domain.readiness import RunStep
from shared.domain.values import Lang, Value
from shared.domain.workflows import Definition, Dialect, Lifecycle, Workflow
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver
from shared.expr.secrets import SecretMarks
from shared.wire.results import Origin
from tests.rules.lives import event_of

AT = datetime(2026, 11, 22, tzinfo=UTC)
WORKFLOW = WorkflowId(UUID(int=1))
VIEWS = Views(Resolver(ExpressionCache(10), TemplateCache(10)), SecretMarks("n0nce"))
STEPS = Value(lang=Lang.PLACEHOLDER, src="{{steps:any}}")


def a_run() -> Run:
    """An execution of which nothing has settled."""
    steps = [{"id": "last", "action": "transform", "input": {"src": 1}}]
    defined = orjson.dumps({"name": "w", "triggers": [{"event_name": "go"}], "steps": steps})
    made = plan(
        Workflow(
            id=WORKFLOW,
            environment_id=DEFAULT_ENVIRONMENT,
            version=1,
            dialect=Dialect.NATIVE,
            lifecycle=Lifecycle.READY,
            is_active=True,
            definition=Definition.model_validate_json(defined),
            source=None,
            created_at=AT,
            updated_at=AT,
        )
    )
    event = event_of(EventKey(UUID(int=2)), {})
    return Run(
        origin=Origin(
            execution_id=ExecutionId(UUID(int=3)),
            workflow_id=WORKFLOW,
            workflow_version=1,
            environment_id=DEFAULT_ENVIRONMENT,
            event_key=event.key,
            cause=cause_of(event, WORKFLOW),
        ),
        plan=made,
        event=event,
        state=begin(made, AT).state,
        owned=Owned(partition=0, epoch=1, consumed_offset=0, written_seq=0, emitted_seq=0),
        command_offset=0,
        created_at=AT,
    )


def settle(run: Run, *keys: str) -> None:
    """Let steps, items or compensations end, one after another."""
    done = {
        StepId(key): Attempt(StepId(key), 1, AttemptStatus.COMPLETED, AT, AT, output=key)
        for key in keys
    }
    run.state = replace(run.state, settled={**run.state.settled, **done})


def view(run: Run, *secrets: str) -> RunView:
    """What the attempt that is next sees."""
    effect = RunStep(step=run.plan.by_id["last"], key=StepId("last"))
    return RunView(run, effect, VIEWS, AT, frozenset(secrets))


def seen(run: Run) -> list[str]:
    """The steps that an attempt sees, in their order; each came to its own name."""
    told = view(run).resolve(STEPS)
    assert [outcome["output"] for outcome in told.values()] == list(told)
    return list(told)


@pytest.mark.parametrize("between", [False, True])
def test_steps_are_seen_in_the_order_in_which_they_ended(*, between: bool) -> None:
    """However often somebody looks on the way; of an iterator and an undone step only the step."""
    run = a_run()
    for keys, expected in (
        ((), []),
        (("b",), ["b"]),
        (("i[0]", "i[1]", "$turn"), ["b"]),
        (("i", "a"), ["b", "i", "a"]),
        (("a!", "c"), ["b", "i", "a", "c"]),
    ):
        settle(run, *keys)
        if between:
            assert seen(run) == expected
    assert seen(run) == ["b", "i", "a", "c"]


def test_an_input_stays_what_it_was() -> None:
    """One that is all that was seen does not grow with the steps that end after it."""
    run = a_run()
    settle(run, "a")
    given = view(run).resolve(STEPS)
    settle(run, "b")
    assert list(view(run).resolve(STEPS)) == ["a", "b"]
    assert list(given) == ["a"]


def test_each_attempt_sees_the_secrets_that_there_are() -> None:
    """One made while an execution runs is seen by its next attempt, and no other's."""
    run = a_run()
    names = Value(lang=Lang.JSONATA, src="$keys(secrets)")
    assert view(run).resolve(names) is None
    assert view(run, "A").resolve(names) == "A"
    assert view(run, "B").resolve(names) == "B"
    assert view(run).resolve(names) is None


@pytest.mark.parametrize(
    "source",
    ["$base64encode(secrets.A)", '[$substring(secrets.A, 8, 16), "-", $substring(secrets.A, 24)]'],
)
def test_the_marks_of_an_attempt_die_with_it(source: str) -> None:
    """What an expression brings out of a mark is another one at each attempt and each try of it."""
    run, later = a_run(), AT + timedelta(microseconds=1)
    other = a_run()
    other.origin = replace(other.origin, execution_id=ExecutionId(UUID(int=4)))
    effect = RunStep(step=run.plan.by_id["last"], key=StepId("last"))
    attempts = [
        (run, effect, AT),
        (run, effect, later),
        (run, replace(effect, attempt=2), AT),
        (run, replace(effect, key=StepId("last[1]")), AT),
        (other, effect, AT),
    ]
    value = Value(lang=Lang.JSONATA, src=source)
    views = [RunView(*attempt[:2], VIEWS, attempt[2], frozenset("A")) for attempt in attempts]
    told = [str(view.resolve(value)) for view in views]
    assert len({*told}) == len(told)
    marker = views[0].resolve(Value(lang=Lang.JSONATA, src="secrets.A"))
    knowing = [VIEWS.marks_of(*attempt).names(marker) for attempt in attempts]
    assert knowing == [{"A"}, set(), set(), set(), set()]
