"""The JSON Schema of a file that holds a workflow: editors check it and tell what may stand where.

It has the shape of a workflow. That steps, handles and actions it names are there is for
``POST /v1/workflows/validate`` to say.
"""

from typing import Any, Final

from services.api.describe.json_schemas import Schemas, schemas_of
from services.api.describe.workflow_words import WORDS
from services.api.dialects.native import SAID_BY_US, WorkflowRequest
from services.api.dialects.truto.workflows import TrutoWorkflow

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PLACE: Final = "#/$defs/"
_OURS: Final = {"readOnly": True, "description": "What Turnout says of it; it means nothing here."}


def workflow_schema() -> dict[str, Any]:
    """The schema, in JSON Schema 2020-12; a file may be written in Truto's words, too."""
    schemas = schemas_of([WorkflowRequest, TrutoWorkflow], _PLACE)
    add_words(schemas)
    return {
        "$schema": _DIALECT,
        "title": "Workflow",
        "description": "A workflow of Turnout; with 'config', in the words of Truto.",
        "type": "object",
        "if": {"required": ["config"]},
        "then": schemas.of[TrutoWorkflow],
        "else": schemas.of[WorkflowRequest],
        "$defs": schemas.shared,
    }


def add_words(schemas: Schemas) -> None:
    """Say of the parts of a workflow what they mean, and which are not an author's to say."""
    for model, words in WORDS.items():
        properties = schemas.shared.get(model, {}).get("properties", {})
        for name in words.keys() & properties.keys():
            properties[name] = {**properties[name], "description": words[name]}
    written = schemas.shared.get(WorkflowRequest.__name__)
    if written is not None:
        written["properties"] |= dict.fromkeys(sorted(SAID_BY_US), _OURS)
