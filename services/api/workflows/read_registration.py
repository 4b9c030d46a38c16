"""The registration that a document asks for, in whichever words it is written."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.api.dialects import native, truto
from services.api.workflows.register_workflow import Registration


def registration_of(document: Mapping[str, Any], fallback_id: UUID) -> Registration:
    """In Turnout's own words, or as the body of Truto's ``POST /workflow`` (it has ``config``).

    Raises Invalid for faults of a body of Truto's; others stand in the registration.
    """
    parse = truto.parse if "config" in document else native.parse
    return parse(document, fallback_id)
