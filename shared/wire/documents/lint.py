"""Findings about a workflow, as they are shown."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shared.matching.lint import Severity
from shared.wire.documents.parts import Id, ProblemDocument


class FindingDocument(ProblemDocument):
    """One thing found, and how much it matters."""

    severity: Severity
    event_key: Annotated[Id | None, Field(description="An archived event that shows it.")]


class FindingsDocument(TypedDict):
    """What was found, the gravest first, 1,000 at most; without any the list is empty."""

    findings: list[FindingDocument]
