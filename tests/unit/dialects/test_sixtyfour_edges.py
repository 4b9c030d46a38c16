"""Which rows go along Sixtyfour's edges, as an executor finds it out."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.api.dialects.sixtyfour import workflows as sixtyfour
from services.executor.prepare import Prepared, prepare
from services.executor.runs import Owned, Run
from services.executor.view import Views
from shared.domain.causes import cause_of
from shared.domain.decide import begin
from shared.domain.executions import Attempt, AttemptStatus
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, ExecutionId, StepId
from shared.domain.outcomes import Outcome, Skipped
from shared.domain.plans import plan
from shared.domain.readiness import todo
from shared.domain.workflows import Dialect, Lifecycle, Workflow
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver
from shared.expr.secrets import SecretMarks
from shared.wire.results import Origin
from tests.rules.lives import event_of

AT = datetime(2026, 11, 22, tzinfo=UTC)
VIEWS = Views(Resolver(ExpressionCache(50), TemplateCache(10)), SecretMarks("n0nce"))
SKIPPED = AttemptStatus.SKIPPED
FIVES, ONE, TEXT = [{"x": 5}, {"x": 5}], [{"x": 1}], [{"x": "n/a"}]
GIVEN = [{"x": 0}]
MANY = "rows[0].x > 3"
ORDERS = [("a", "b"), ("b", "a")]


def joined(into: str | None, beside: str | None = None, *, c: str = "find_email") -> Run:
    """A run in which ``a`` and ``b`` lead on to ``c``, along edges with these conditions."""
    names = {"w": "webhook", "a": "find_email", "b": "find_email", "c": c}
    blocks: list[dict[str, Any]] = [
        {"sequence_number": i, "block_type": "t", "block_name": n, "specs": {}, "block_id": id_}
        for i, (id_, n) in enumerate(names.items())
    ]
    edges: list[dict[str, Any]] = [
        {"from_block_id": "w", "to_block_id": "a"},
        {"from_block_id": "w", "to_block_id": "b"},
        {"from_block_id": "a", "to_block_id": "c", "condition": into},
        {"from_block_id": "b", "to_block_id": "c", "condition": beside},
    ]
    return run_of(blocks, edges)


def run_of(blocks: list[dict[str, Any]], edges: list[dict[str, Any]]) -> Run:
    """An execution of such a graph of which nothing has settled."""
    graph = {"blocks": blocks, "edges": edges}
    document = {"workflow_name": "w", "workflow_description": "", "workflow_definition": graph}
    asked = sixtyfour.parse(document, UUID(int=1))
    made = plan(
        Workflow(
            id=asked.workflow_id,
            environment_id=DEFAULT_ENVIRONMENT,
            version=1,
            dialect=Dialect.SIXTYFOUR,
            lifecycle=Lifecycle.READY,
            is_active=True,
            definition=asked.definition,
            source=asked.source,
            created_at=AT,
            updated_at=AT,
        )
    )
    event = event_of(EventKey(UUID(int=2)), {"webhook_payload": GIVEN})
    return Run(
        origin=Origin(
            execution_id=ExecutionId(UUID(int=3)),
            workflow_id=asked.workflow_id,
            workflow_version=1,
            environment_id=DEFAULT_ENVIRONMENT,
            event_key=event.key,
            cause=cause_of(event, asked.workflow_id),
        ),
        plan=made,
        event=event,
        state=begin(made, AT).state,
        owned=Owned(partition=0, epoch=1, consumed_offset=0, written_seq=0, emitted_seq=0),
        command_offset=0,
        created_at=AT,
    )


def comes_to(run: Run, outcomes: dict[str, Any], order: tuple[str, ...]) -> Prepared | Outcome:
    """What comes of ``c`` once the others have settled in this order; SKIPPED is a skipped one."""
    settled = {StepId("w"): ended("w", {"rows": GIVEN})}
    settled |= {StepId(name): ended(name, outcomes[name]) for name in order}
    run.state = replace(run.state, settled=settled)
    (effect,) = (one for one in todo(run.plan, run.state, AT).runs if one.key == "c")
    return prepare(run, effect, VIEWS, now=AT)


def ended(name: str, output: Any) -> Attempt:
    """A step that was given GIVEN."""
    key, status = StepId(name), AttemptStatus.COMPLETED
    if output is SKIPPED:
        return Attempt(key, 1, SKIPPED, AT, AT)
    return Attempt(key, 1, status, AT, AT, input={"specs": {}, "rows": GIVEN}, output=output)


def rows_given(came: Prepared | Outcome) -> Any:
    """The rows that a block was given; None: it was skipped."""
    if isinstance(came, Skipped):
        return None
    assert isinstance(came, Prepared), came
    return came.call.input["rows"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("a", "b", "into", "beside", "rows"),
    [
        (FIVES, ONE, MANY, None, FIVES + ONE),
        (ONE, FIVES, MANY, None, FIVES),
        (FIVES, ONE, MANY, MANY, FIVES),
        (ONE, FIVES, MANY, MANY, FIVES),
        (ONE, ONE, MANY, MANY, None),
        (FIVES, TEXT, MANY, None, FIVES + TEXT),
        ([], FIVES, "$count(rows) = 0", "$count(rows) = 1", []),
        (FIVES, ONE, "rows.x = trigger.webhook_payload.x", "execution.id != ''", ONE),
        (FIVES, ONE, "$count(steps.b.output.rows) = 1", "false", FIVES),
    ],
)
def test_an_edge_is_judged_by_the_rows_of_the_block_it_begins_at(
    order: tuple[str, ...], a: Any, b: Any, into: str, beside: str | None, rows: Any
) -> None:
    """Whichever of the blocks ended last."""
    came = comes_to(joined(into, beside), {"a": {"rows": a}, "b": {"rows": b}}, order)
    assert rows_given(came) == rows


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("condition", [MANY, "steps.b.output.rows[0].x > 3"])
@pytest.mark.parametrize("b", [TEXT, FIVES, []])
def test_nobody_asks_whether_rows_go_along_an_edge_that_leads_on_no_more(
    order: tuple[str, ...], condition: str, b: Any
) -> None:
    """Where the block before was skipped; the rows of the other may be whatever they are."""
    came = comes_to(joined(condition), {"a": SKIPPED, "b": {"rows": b}}, order)
    assert rows_given(came) == b


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("output", [None, {"rows": None}, {"done": True}])
def test_an_edge_sees_the_rows_that_a_block_passes_on(order: tuple[str, ...], output: Any) -> None:
    """Those that it was given, where it put out none; also at a block that is done here."""
    for condition, rows in (("rows[0].x = 0", GIVEN + FIVES), ("rows[0].x = 5", FIVES)):
        run = joined(condition, c="find_email")
        assert rows_given(comes_to(run, {"a": output, "b": {"rows": FIVES}}, order)) == rows
    run = joined("rows[0].x = 0", "rows[0].x = 0")
    assert rows_given(comes_to(run, {"a": output, "b": {"rows": FIVES}}, order)) == GIVEN


def test_behind_a_block_that_has_no_rows_a_condition_sees_the_last_that_one_put_out() -> None:
    """As what Turnout's own actions put out is no rows, and they are given none."""
    specs = {"url": "https://acme.example", "method": "GET"}
    blocks = [
        {"sequence_number": i, "block_type": "t", "block_name": n, "specs": s, "block_id": id_}
        for i, (id_, n, s) in enumerate(
            [("w", "webhook", {}), ("a", "http_request", specs), ("c", "find_email", {})]
        )
    ]
    edges = [
        {"from_block_id": "w", "to_block_id": "a"},
        {"from_block_id": "a", "to_block_id": "c", "condition": "$count(rows) = 1"},
    ]
    run = run_of(blocks, edges)
    done = Attempt(
        *(StepId("a"), 1, AttemptStatus.COMPLETED, AT, AT),
        input=specs,
        output={"status": 200, "headers": {}, "body": ""},
    )
    run.state = replace(
        run.state, settled={StepId("w"): ended("w", {"rows": GIVEN}), StepId("a"): done}
    )
    (effect,) = todo(run.plan, run.state, AT).runs
    assert rows_given(prepare(run, effect, VIEWS, now=AT)) == []
