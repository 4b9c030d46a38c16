"""A workflow in Thena's words as an author would write it: without what goes unsaid.

Thena's answers have every documented field, also those that were left out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from services.api.dialects.thena.request import SAID_BY_US

Fields = Mapping[str, Any]

_USUAL: Final[Fields] = MappingProxyType(
    {"type": None, "subType": None, "filters": {}, "annotations": [], "metadata": {}}
)
_OF_STEP: Final[Fields] = MappingProxyType(
    {
        "input": {},
        "retryPolicy": {},
        "onFailure": "ABORT",
        "executionTimeout": 0,
        "isSleepActivity": False,
        "dependencies": [],
        "approver": {},
        "filters": {},
        "compensationActivity": {},
    }
)
_OF_RETRY: Final[Fields] = MappingProxyType(
    {"maximumAttempts": 3, "initialInterval": 1, "backoffCoefficient": 2}
)
_OF_APPROVER: Final[Fields] = MappingProxyType({"type": "TEAM", "uid": "", "timeout": 0})


def canonical_thena(document: Fields) -> dict[str, Any]:
    """A document in Thena's words; of what Turnout says itself only the uid is left."""
    said = {k: v for k, v in document.items() if k not in SAID_BY_US and k != "triggerEvent"}
    event = _event(document.get("triggerEvent"))
    steps = document.get("workflowDefinition")
    if isinstance(steps, list):
        said["workflowDefinition"] = [_step(step) for step in steps]
    return {
        **{name: document[name] for name in ("uid", "name") if name in document},
        **({} if event is None else {"triggerEvent": event}),
        **({"isActive": False} if document.get("isActive") is False else {}),
        **_without(said, _USUAL),
    }


def _event(written: Any) -> Any:
    """What names it: an answer has all that the registry knows of it."""
    return written.get("uid") or written.get("eventName") if isinstance(written, dict) else written


def _step(written: Any) -> Any:
    if not isinstance(written, dict):
        return written
    plain = dict(written)
    for name, usual in (("retryPolicy", _OF_RETRY), ("approver", _OF_APPROVER)):
        if isinstance(plain.get(name), dict):
            plain[name] = _without(plain[name], usual)
    if isinstance(plain.get("activity"), dict):
        plain["activity"] = _activity(plain["activity"])
    return _without(plain, _OF_STEP)


def _activity(written: Fields) -> dict[str, Any]:
    """The newest version counts unless it says no."""
    is_pinned = written.get("autoUpgradeToLatestVersion") is False
    usual = {"name": written.get("uniqueIdentifier"), "autoUpgradeToLatestVersion": True}
    return _without(written, usual if is_pinned else {**usual, "version": written.get("version")})


def _without(written: Fields, usual: Fields) -> dict[str, Any]:
    """What is neither null nor as it is when it is left out."""
    return {
        name: value
        for name, value in written.items()
        if value is not None and not (name in usual and usual[name] == value)
    }
