"""Truto's documents as workflows, and back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.api.dialects.truto import workflows as truto
from services.api.workflows.registration import Registration
from shared.domain.errors import Problem
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.workflows import Dialect, Lifecycle, Workflow

ID = UUID("4a4de828-f4c9-4bea-8ef4-2d705aec43bc")
AT = datetime(2026, 11, 22, tzinfo=UTC)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
EXTRA = st.dictionaries(st.text(min_size=1).map(lambda name: f"x-{name}"), JSON, max_size=3)
NAMES = st.text(min_size=1, max_size=64)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of the fields and unknown ones."""
    known = st.fixed_dictionaries({}, optional=fields)
    return st.tuples(EXTRA, known).map(lambda both: {**both[0], **both[1]})


STEPS = optional(
    type=st.just("run"),
    config=st.text() | st.dictionaries(st.text(), JSON),
    run_if=st.text(),
    cron_expression=st.just("0 */6 * * *"),
).flatmap(lambda step: NAMES.map(lambda action: {**step, "action": action}))
DOCUMENTS = optional(
    id=st.uuids(version=4).map(str),
    environment_id=st.uuids(version=4).map(str),
    label=NAMES,
    trigger_name=NAMES,
).flatmap(
    lambda around: optional(run_if=st.text(), steps=st.lists(STEPS, max_size=3)).map(
        lambda config: {**around, "config": config}
    )
)


@given(document=DOCUMENTS)
def test_every_field_comes_back(document: dict[str, Any]) -> None:
    """render(parse(document)) contains every field of the document, known or not."""
    shown = orjson.loads(orjson.dumps(truto.render(_workflow(truto.parse(document, ID)))))
    assert document.items() <= shown.items()
    assert {"id", "environment_id", "config", "created_at", "updated_at"} <= shown.keys()


@given(document=DOCUMENTS)
def test_steps_keep_their_order_and_words(document: dict[str, Any]) -> None:
    """Each step waits for the one before; a text is JSONata, an object has placeholders."""
    definition = truto.parse(document, ID).definition
    steps = document["config"].get("steps", [])
    assert [step.action for step in definition.steps] == [step["action"] for step in steps]
    for index, (step, written) in enumerate(zip(definition.steps, steps, strict=True)):
        assert step.depends_on == ((f"s{index - 1}",) if index else ())
        assert (step.run_if, step.input.src) == (written.get("run_if"), written.get("config"))
        lang = {"str": "jsonata", "dict": "placeholder"}.get(
            type(written.get("config")).__name__, "literal"
        )
        assert step.input.lang == lang


def test_problems_are_shown_where_the_author_wrote_them() -> None:
    """A pointer into the definition becomes one into Truto's document."""
    for ours, theirs in (
        ("/triggers/0/event_name", "/trigger_name"),
        ("/run_if", "/config/run_if"),
        ("/steps", "/config/steps"),
        ("/steps/3/run_if", "/config/steps/3/run_if"),
        ("/steps/3/input/src", "/config/steps/3/config"),
        ("/steps/3/input/src/a/0", "/config/steps/3/config/a/0"),
        ("/steps/3/action", "/config/steps/3/action"),
    ):
        problem = Problem(pointer=ours, code="C", detail="d")
        assert truto.place(problem).pointer == theirs


def _workflow(asked: Registration) -> Workflow:
    return Workflow(
        id=asked.workflow_id,
        environment_id=asked.environment_id or DEFAULT_ENVIRONMENT,
        version=1,
        dialect=Dialect.TRUTO,
        lifecycle=Lifecycle.READY,
        is_active=True,
        definition=asked.definition,
        source=asked.source,
        created_at=AT,
        updated_at=AT,
    )
