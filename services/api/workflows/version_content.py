"""What of a workflow makes a version of it, and what else may change."""

from typing import Final

import orjson

from shared.domain.workflows import Dialect, Workflow

_ADDRESS: Final = frozenset({"id", "environment_id"})
_OUR_WORDS: Final = frozenset({Dialect.NATIVE, Dialect.TRANSACTIONLINK})


def content(workflow: Workflow) -> object:
    """All that a document says of a workflow."""
    return workflow.is_active, version_content(workflow)


def version_content(workflow: Workflow) -> object:
    """What makes a version: compared as bytes, since Python takes 1, 1.0 and true for equal."""
    told = workflow.definition.model_dump(mode="json")
    if workflow.dialect not in _OUR_WORDS:  # theirs may say more than the definition holds
        told["source"] = {k: v for k, v in workflow.source.items() if k not in _ADDRESS}
    return workflow.lifecycle, orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
