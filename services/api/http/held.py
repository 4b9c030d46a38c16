"""Conditions on what documents hold, as a body has them: as JSON, or as a text of JSON."""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from services.api.http.conditions import Condition
from shared.wire.envelope import dumps


def _written(given: Any) -> str:
    if given is None:
        raise ValueError("Leave it out instead")
    return given if isinstance(given, str) else dumps(given).decode()


Held = Annotated[Condition, BeforeValidator(_written), WithJsonSchema({})]
"""Any JSON that a document must hold, as ``Condition``."""
