"""Whose words a document is in."""

import pytest

from services.api.dialects.recognise import OTHER_DIALECT, check_whose, dialect_of, told_whose
from shared.domain.errors import Invalid, Problem
from shared.domain.workflows import Dialect

FAULT = Problem(pointer="/config", code="MISSING", detail="Field required.")


@pytest.mark.parametrize(
    ("field", "dialect"),
    [
        ("config", Dialect.TRUTO),
        ("nodes", Dialect.ALTOSTRAT),
        ("workflow_definition", Dialect.SIXTYFOUR),
        ("workflowDefinition", Dialect.THENA),
        ("workflowDefinitionId", Dialect.TRANSACTIONLINK),
        ("steps", Dialect.NATIVE),
        ("colour", None),
    ],
)
def test_a_field_tells_whose_document_it_is(field: str, dialect: Dialect | None) -> None:
    """A field that everybody has tells nothing."""
    assert dialect_of({"name": "w", "id": "1", field: {}}) is dialect


def test_another_systems_document_is_told_where_it_belongs() -> None:
    """Before its faults; a document that is one's own is not sent away, whatever else it has."""
    told = told_whose(Invalid([FAULT]), {"nodes": []}, Dialect.TRUTO)
    assert [p.code for p in told.problems] == [OTHER_DIALECT, "MISSING"]
    assert "POST /altostrat/workflows" in told.problems[0].detail
    own = told_whose(Invalid([FAULT]), {"nodes": [], "config": 1}, Dialect.TRUTO)
    assert own.problems == (FAULT,)


def test_a_change_in_anothers_words_is_refused() -> None:
    """Though each field may be one that is only kept; what has a field of one's own is let in."""
    with pytest.raises(Invalid) as refusal:
        check_whose({"name": "w", "nodes": []}, Dialect.TRUTO)
    assert [p.code for p in refusal.value.problems] == [OTHER_DIALECT]
    check_whose({"nodes": [], "config": 1}, Dialect.TRUTO)
    check_whose({"colour": 1}, Dialect.TRUTO)
