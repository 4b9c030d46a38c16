"""Altostrat's triggers and schedules, as Turnout's."""

import re
from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from services.api.dialects.altostrat.nodes import AltostratNode, AltostratWorkflow
from services.api.dialects.altostrat.templates import given
from shared.domain.errors import Invalid, Problem
from shared.domain.schedules import Schedule, ScheduleKind
from shared.domain.workflows import Trigger, TriggerKind, Webhook
from shared.matching.times import schedule_problems
from shared.wire.strict_json import invalid

WEBHOOK: Final = "webhook"
"""The id of a webhook's trigger: the address stays when the node gets another id."""
SCHEDULE: Final = "schedule"

_KINDS: Final = MappingProxyType(
    {
        **dict.fromkeys(("manualtrigger", "manual"), TriggerKind.MANUAL),
        **dict.fromkeys(("scheduletrigger", "scheduledtrigger", "schedule"), TriggerKind.SCHEDULE),
        "webhooktrigger": TriggerKind.WEBHOOK,
        **dict.fromkeys(("apitrigger", "synctrigger", "synchronoustrigger"), TriggerKind.API_SYNC),
        "workflowtrigger": TriggerKind.WORKFLOW,
        "subflowtrigger": TriggerKind.SUBFLOW,
        **dict.fromkeys(("eventtrigger", "snstrigger", "sns"), TriggerKind.EVENT),
    }
)
_EVENTS: Final = MappingProxyType(
    {
        "siteadded": "site.added",
        "siteremoved": "site.removed",
        "siteoffline": "site.offline",
        "siteonline": "site.online",
        "waninterfaceoffline": "wan.interface_offline",
        "waninterfaceonline": "wan.interface_online",
        "wanpacketloss": "wan.packet_loss_started",
        "wanpacketlossresolved": "wan.packet_loss_resolved",
    }
)
"""Events that have a trigger of their own."""

_SECONDS: Final = MappingProxyType(
    {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
)
_INTERVAL: Final = re.compile(
    r"\s*(?:every\s+)?(\d{1,9})\s*(second|minute|hour|day|week)s?\s*", re.ASCII | re.IGNORECASE
)
_TIME: Final = r"(?P<time>\d{1,2}:\d{2})"
_CALENDAR: Final = re.compile(rf"\s*(?:(?P<days>[\w,]+)\s+)?{_TIME}?\s*", re.ASCII)
_FIRST_DAYS: Final = MappingProxyType({"daily": "", "weekly": "mon ", "monthly": "1 "})


def plain(component: str) -> str:
    """A component's name, however it is written: ``manual_trigger``, ``ManualTrigger``."""
    return re.sub(r"[^a-z0-9]", "", component.lower())


def is_trigger(component: str) -> bool:
    """Whether a node of the component starts workflows."""
    name = plain(component)
    return name.endswith("trigger") or name in _KINDS or name in _EVENTS


def triggers_of(written: AltostratWorkflow, node: AltostratNode) -> Iterator[Trigger]:
    """What starts the workflow: its trigger node, and its schedule. Raises Invalid."""
    schedule = schedule_of(written)
    name = plain(node.component)
    kind = TriggerKind.EVENT if name.removesuffix("trigger") in _EVENTS else _KINDS.get(name)
    if kind is None:
        detail = "There is no such trigger; see docs/dialects/altostrat.md for those there are."
        raise invalid("/data/componentId", "UNKNOWN_TRIGGER", detail)
    if kind is TriggerKind.WEBHOOK:
        yield Trigger(id=WEBHOOK, kind=kind, webhook=Webhook())
    elif kind is TriggerKind.EVENT:
        yield Trigger(kind=kind, event_name=_event_name(node))
    elif kind is not TriggerKind.SCHEDULE:
        yield Trigger(kind=kind)
    elif schedule is None:  # until it has one, somebody starts it
        yield Trigger(kind=TriggerKind.MANUAL)
    if schedule is not None:
        yield Trigger(id=SCHEDULE, kind=TriggerKind.SCHEDULE, schedule=schedule)


def schedule_of(written: AltostratWorkflow) -> Schedule | None:
    """The workflow's schedule; None for a manual one. Raises Invalid."""
    kind, said = written.schedule_type or "manual", written.schedule_value
    if kind == "manual":
        return None
    if kind in ("interval", "cron"):
        if not said:
            detail = f"It is required when schedule_type is {kind}."
            raise invalid("/schedule_value", "REQUIRED", detail)
        value = said if kind == "cron" else _interval(said)
    else:
        value = _calendar(kind, said or "")
    schedule = Schedule(kind=ScheduleKind(kind), value=value)
    problems = [replace(p, pointer="/schedule_value") for p in schedule_problems(schedule, "")]
    if problems:
        raise Invalid(problems)
    return schedule


def fault_of_schedule(written: AltostratWorkflow) -> tuple[Problem, ...]:
    """What is wrong with the schedule."""
    try:
        schedule_of(written)
    except Invalid as error:
        return error.problems
    return ()


def _event_name(node: AltostratNode) -> str:
    place, said = given(node.data.fields, "event_name", "event", "event_type", "topic")
    name: Any = said or _EVENTS.get(plain(node.component).removesuffix("trigger"))
    if not isinstance(name, str) or not name:
        raise invalid(place, "REQUIRED", "Name the event, such as 'wan.packet_loss_started'.")
    return name


def _interval(said: str) -> str:
    found = _INTERVAL.fullmatch(said)
    if found is None:
        detail = "Write an interval such as '5 minutes', '2 hours' or '1 day'."
        raise invalid("/schedule_value", "INVALID_INTERVAL", detail)
    return str(int(found[1]) * _SECONDS[found[2].lower()])


def _calendar(kind: str, said: str) -> str:
    """``HH:MM``, a day and ``HH:MM``, or nothing: 00:00 on Monday, or on the first."""
    found = _CALENDAR.fullmatch(said)
    if found is None:
        return said
    days = found["days"]
    if kind == "weekly" and days:
        days = ",".join(day[:3].lower() for day in days.split(","))
    before = f"{days} " if days else _FIRST_DAYS[kind]
    return f"{before}{found['time'] or '00:00'}"
