"""Findings about a workflow, as they are shown."""

from typing_extensions import TypedDict

from shared.matching.lint import Severity
from shared.wire.documents.parts import ProblemDocument


class FindingDocument(ProblemDocument):
    """One thing found, and how much it matters."""

    severity: Severity


class FindingsDocument(TypedDict):
    """Everything found, the gravest first; without any the list is empty."""

    findings: list[FindingDocument]
