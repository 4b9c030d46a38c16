"""Whose words a document is in, told by the fields that no other system's has."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from shared.domain.errors import Invalid, Problem
from shared.domain.workflows import Dialect

OTHER_DIALECT: Final = "OTHER_DIALECT"


class Signs(NamedTuple):
    """What tells a system's documents, and where they are to be sent."""

    fields: frozenset[str]
    sent_to: str


SIGNS: Final[Mapping[Dialect, Signs]] = MappingProxyType(
    {
        Dialect.TRUTO: Signs(frozenset({"config", "trigger_name"}), "POST /truto/workflow"),
        Dialect.ALTOSTRAT: Signs(
            frozenset({"nodes", "authorization_id", "schedule_type"}), "POST /altostrat/workflows"
        ),
        Dialect.SIXTYFOUR: Signs(
            frozenset({"workflow_definition", "workflow_name"}),
            "POST /sixtyfour/workflows/create_workflow",
        ),
        Dialect.THENA: Signs(
            frozenset({"workflowDefinition", "triggerEvent", "subType"}),
            "POST /thena/api/v1/workflows",
        ),
        Dialect.TRANSACTIONLINK: Signs(
            frozenset({"workflowDefinitionId"}), "POST /transactionlink/workflows"
        ),
        Dialect.NATIVE: Signs(frozenset({"steps", "triggers"}), "POST /v1/workflows"),
    }
)


def dialect_of(document: Mapping[str, Any]) -> Dialect | None:
    """The system whose fields a document has; None: nobody's."""
    return next((dialect for dialect, (own, _) in SIGNS.items() if own & document.keys()), None)


def told_whose(error: Invalid, document: Mapping[str, Any], dialect: Dialect) -> Invalid:
    """``error``, and before all else that ``document`` is not in the words of ``dialect``."""
    other = _other(document, dialect)
    return error if other is None else Invalid([other, *error.problems])


def check_whose(fields: Mapping[str, Any], dialect: Dialect) -> None:
    """Raises Invalid for fields that are not in the words of ``dialect``, but in another's."""
    other = _other(fields, dialect)
    if other is not None:
        raise Invalid([other])


def _other(document: Mapping[str, Any], dialect: Dialect) -> Problem | None:
    found = dialect_of(document)
    if found is None or found is dialect or SIGNS[dialect].fields & document.keys():
        return None
    detail = f"This is a document in the words of '{found}': send it to {SIGNS[found].sent_to}."
    return Problem(pointer="", code=OTHER_DIALECT, detail=detail)
