"""The corpus of broken definitions, by the way that a request goes, but for HTTP and Postgres."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.dialects import native
from services.api.workflows.registration import problems_within
from shared.domain.actions import OURS
from shared.domain.errors import Invalid, Problem
from shared.domain.steps import Step
from shared.domain.workflows import Definition
from shared.wire.strict_json import JsonLimits, read_json
from tests.support.broken import Broken, list_broken

CORPUS = list_broken()
BY_ITSELF = [broken for broken in CORPUS if not broken.before]


def test_the_corpus_is_large_and_many_of_it_have_many_faults() -> None:
    """Sixty definitions at least, twenty of them with three faults or more."""
    assert len(CORPUS) >= 60
    assert sum(len(broken.faults) >= 3 for broken in CORPUS) >= 20


@pytest.mark.parametrize("broken", BY_ITSELF, ids=lambda broken: broken.name)
def test_every_fault_is_told(broken: Broken) -> None:
    """Exactly the faults that the file names, in their order, each with a sentence to mend it."""
    problems = _problems(broken.body)
    assert [(problem.pointer, problem.code) for problem in problems] == broken.faults
    for problem in problems:
        assert problem.detail[-1] in ".?", problem.detail
        assert len(problem.detail) < 500


WORDS = sorted({*Definition.model_fields, *Step.model_fields, *native.Envelope.model_fields})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["a", "b", "", "sleep", "{"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(document=st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=3), JSON, max_size=6))
def test_whatever_is_sent_is_answered(document: dict[str, Any]) -> None:
    """No object makes the check fail, and what has no fault of its shape has all its parts."""
    asked = native.parse(document, UUID(int=1))
    problems_within(asked, OURS)
    assert asked.faults or asked.definition.name == document["name"]


def _problems(body: bytes) -> list[Problem]:
    try:
        document = read_json(body, JsonLimits())
    except Invalid as error:
        return list(error.problems)
    return problems_within(native.parse(document, UUID(int=1)), OURS)
