"""Whatever stands in a node of Altostrat's is a step, or is refused."""

from contextlib import suppress
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.api.dialects.altostrat.components import COMPONENTS
from services.api.dialects.altostrat.workflows import parse
from shared.domain.actions import OURS
from shared.domain.errors import Invalid
from shared.matching.check import definition_problems
from tests.support.processor import measured
from tests.unit.dialects.altostrat_documents import FLOW_ID, ID, flow, node

FIELDS = (
    *("url", "method", "headers", "body", "value", "operator", "compare_to", "max", "type"),
    *("conditions", "logic", "cases", "duration", "unit", "items", "workflow_id", "payload"),
    *("wait", "status", "message", "output", "buttons", "fields", "mapping", "template", "input"),
    *("date", "format", "mode", "field", "name", "id", "handle", "key", "event_name"),
    *("continue_on_error", "case_sensitive", "required"),
)
WORDS = (
    *("", "x", "5", "nan", "inf", "-1", "1e400", "{{ a }}", "{{ a.b }}", "{{ a | b: 'c' }}", "{{"),
    *("}}", "{% if %}", "\"'", "`", "a/b", "number", "string", "date", "array", "equals", "is"),
    *("gt", "between", "or", "exclude", "GET", "minutes", "completed", FLOW_ID, "fl_", "x" * 300),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=8,
)
COMPONENT = st.sampled_from([*COMPONENTS, "get_site", "event_trigger", "moon_trigger"])


@given(component=COMPONENT, data=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6))
def test_a_node_is_a_step_or_refused(component: str, data: dict[str, Any]) -> None:
    """It raises nothing else, and what it becomes can be checked."""
    with suppress(Invalid):
        definition_problems(parse(flow(node("a", component, **data)), ID).definition, OURS)


def test_a_text_of_nothing_but_beginnings_is_read_in_linear_time() -> None:
    """Each is looked at once for where it ends, which is nowhere."""
    for said in ("{%" * 32_000, "{{" * 32_000, "{{{%" * 16_000):
        _, took_s = measured(partial(read, said), below_s=1)
        assert took_s < 1


def read(template: str) -> None:
    """Read a node with this text, whether it can be read or not."""
    with suppress(Invalid):
        parse(flow(node("a", "text_transform", template=template)), ID)


@given(
    kind=st.none() | st.sampled_from(["interval", "cron", "daily", "weekly", "monthly", "manual"]),
    said=st.none() | st.text(max_size=30) | st.from_regex(r"[\w,]{0,9} ?\d{1,2}:\d{2}"),
)
def test_a_schedule_is_one_or_refused(kind: str | None, said: str | None) -> None:
    """What is taken has no fault left."""
    with suppress(Invalid):
        found = parse(flow(schedule_type=kind, schedule_value=said), ID).definition
        assert definition_problems(found, OURS) == []
