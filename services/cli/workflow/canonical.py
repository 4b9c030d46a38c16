"""A workflow's document as an author would write it: in one order, without what goes unsaid."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic import ValidationError

from services.api.dialects.altostrat.nodes import DEFAULTS, SAID_BY_US
from services.api.dialects.sixtyfour.documents import said_by_author
from shared.domain.errors import Rejected
from shared.domain.workflows import Definition, Dialect

_FIRST: Final = ("id", "dialect", "name", "key", "description", "is_active", "draft")
_FIRST_OF_STEP: Final = ("id", "name", "description", "kind", "action")
_SAID_BY_TRUTO: Final = frozenset({"environment_id", "created_at", "updated_at"})
_SAID_BY_ALTOSTRAT: Final = SAID_BY_US - {"id"}


def canonical(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document in Turnout's own words; of what Turnout says itself only the id is left.

    Raises Rejected for what is no definition.
    """
    around = {name: document[name] for name in ("id",) if name in document}
    if document.get("dialect") == Dialect.TRANSACTIONLINK:
        around["dialect"] = Dialect.TRANSACTIONLINK.value
    if document.get("is_active") is False:
        around["is_active"] = False
    if document.get("draft") is True:
        around["draft"] = True
    said = {name: document[name] for name in Definition.model_fields if name in document}
    try:
        definition = Definition.model_validate_json(orjson.dumps(said))
    except ValidationError as error:
        raise Rejected(f"it is no definition: {error.errors()[0]['msg']}.") from None
    written = definition.model_dump(mode="json", exclude_defaults=True)
    written = _plain_numbers(written)
    for trigger in written.get("triggers", ()):
        _without_token(trigger)
    if "steps" in written:
        written["steps"] = [_ordered(step, _FIRST_OF_STEP) for step in written["steps"]]
    return _ordered({**around, **written}, _FIRST)


def canonical_truto(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document in Truto's words, without what says when and where it was made."""
    said = {name: value for name, value in document.items() if name not in _SAID_BY_TRUTO}
    return _ordered(said, ("id", "label", "trigger_name"))


def canonical_altostrat(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document in Altostrat's words; of what Turnout says itself only the id is left."""
    unsaid = {**DEFAULTS, "is_active": True}
    said = {
        name: value
        for name, value in document.items()
        if name not in _SAID_BY_ALTOSTRAT and not (name in unsaid and unsaid[name] == value)
    }
    return _ordered(said, ("id", "name", "description", "is_active", "authorization_id"))


def canonical_sixtyfour(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document in Sixtyfour's words; of what Turnout says itself only the id is left."""
    return _ordered(said_by_author(document), ("id", "workflow_name", "workflow_description"))


def _plain_numbers(node: Any) -> Any:
    """Whole seconds without a point; free trees, where 1 and 1.0 differ, stay as they are."""
    match node:
        case dict():
            return {k: v if k in _FREE else _plain_numbers(v) for k, v in node.items()}
        case list():
            return [_plain_numbers(item) for item in node]
        case float() if node.is_integer():
            return int(node)
        case _:
            return node


_FREE: Final = frozenset({"src", "filters", "input_schema", "schema", "metadata", "ext"})


def _without_token(trigger: dict[str, Any]) -> None:
    """Only Turnout makes the hash of an address."""
    webhook = trigger.get("webhook", {})
    webhook.pop("token_hash", None)
    if not webhook:
        trigger.pop("webhook", None)


def _ordered(document: Mapping[str, Any], first: tuple[str, ...]) -> dict[str, Any]:
    names = [*(name for name in first if name in document), *document]
    return {name: document[name] for name in names}
