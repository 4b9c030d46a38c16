"""What of a workflow makes a version of it, and what else may change."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from shared.domain.workflows import Dialect, Lifecycle, Workflow

_ADDRESS: Final = frozenset({"id", "environment_id"})
_OUR_WORDS: Final = frozenset({Dialect.NATIVE, Dialect.TRANSACTIONLINK})


def is_the_same(
    old: Workflow, new: Workflow, said: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> bool:
    """Whether a document asks for what there is; ``said`` is what its author said, of one kept.

    In words that are not ours the documents are compared. What is made of one may be another in
    each release, and it may run no more, since other things have gone: no author has changed it.
    """
    if (old.dialect, old.is_active) != (new.dialect, new.is_active):
        return False
    if old.dialect in _OUR_WORDS:
        return version_content(old) == version_content(new)
    is_as_ready = old.lifecycle in (Lifecycle.READY, new.lifecycle)
    return is_as_ready and _text(said(old.source)) == _text(said(new.source))


def version_content(workflow: Workflow) -> object:
    """What makes a version: compared as bytes, since Python takes 1, 1.0 and true for equal."""
    told = workflow.definition.model_dump(mode="json")
    if workflow.dialect not in _OUR_WORDS:  # theirs may say more than the definition holds
        told["source"] = _without_address(workflow.source)
    return workflow.lifecycle, orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _text(source: Mapping[str, Any]) -> bytes:
    return orjson.dumps(_without_address(source), option=orjson.OPT_SORT_KEYS)


def _without_address(source: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in source.items() if name not in _ADDRESS}
