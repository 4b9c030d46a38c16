"""What keeps a workflow's triggers from starting it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from shared.domain.errors import Problem
from shared.domain.workflows import Definition, Trigger, TriggerKind, Webhook
from shared.matching.rules import WILDCARD
from shared.matching.senders import kept_header_problems, sender_problems
from shared.matching.times import schedule_problems

_KIND_OF: Final[Mapping[str, TriggerKind]] = MappingProxyType(
    {
        "event_uid": TriggerKind.EVENT,
        "schedule": TriggerKind.SCHEDULE,
        "webhook": TriggerKind.WEBHOOK,
    }
)


def trigger_problems(definition: Definition) -> Iterator[Problem]:
    """The faults that triggers have whatever the steps are."""
    taken: set[str] = set()
    for index, (name, trigger) in enumerate(definition.named_triggers):
        pointer = f"/triggers/{index}"
        if name in taken:
            detail = f"Trigger id '{name}' is taken by an earlier trigger; give each its own."
            yield Problem(pointer=f"{pointer}/id", code="DUPLICATE_TRIGGER", detail=detail)
        taken.add(name)
        yield from _own_problems(trigger, pointer)


def _own_problems(trigger: Trigger, pointer: str) -> Iterator[Problem]:
    if WILDCARD in (trigger.event_name or "").removesuffix(WILDCARD):
        detail = f"A '{WILDCARD}' may stand only at the end, as in 'ticket:{WILDCARD}'."
        yield Problem(pointer=f"{pointer}/event_name", code="INVALID_EVENT_NAME", detail=detail)
    for field, kind in _KIND_OF.items():
        if trigger.kind is not kind and getattr(trigger, field) is not None:
            detail = (
                f"A trigger of kind '{trigger.kind}' has no '{field}':"
                f" remove it, or make it '{kind}'."
            )
            yield Problem(pointer=f"{pointer}/{field}", code="MISPLACED_BLOCK", detail=detail)
    if trigger.kind is TriggerKind.WEBHOOK and trigger.id is None:
        detail = "Give a webhook an id: its address belongs to that, wherever the trigger stands."
        yield Problem(pointer=f"{pointer}/id", code="MISSING_TRIGGER_ID", detail=detail)
    if trigger.webhook is not None:
        yield from _webhook_problems(trigger.webhook, f"{pointer}/webhook")
    if trigger.schedule is not None:
        yield from schedule_problems(trigger.schedule, f"{pointer}/schedule")


def _webhook_problems(webhook: Webhook, pointer: str) -> Iterator[Problem]:
    if webhook.auth is not None:
        yield from sender_problems(webhook.auth, f"{pointer}/auth")
    yield from kept_header_problems(webhook.keep_headers, webhook.auth, f"{pointer}/keep_headers")
