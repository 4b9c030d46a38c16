"""What past events would do if the workflow of a file took the place of the one that is there."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import click

from services.cli.client import Client
from services.cli.onward import onward
from services.cli.present import say, show_rows, tallied
from services.cli.workflow.syncing import Planned, refused
from shared.domain.errors import Rejected

AT_ONCE_MAX: Final = 1_000

_KINDS: Final = ("newly_matched", "no_longer_matched", "newly_failing")
_SAMPLE_MAX: Final = 10
_UNITS: Final = MappingProxyType({"m": "minutes", "h": "hours", "d": "days"})
_SPAN: Final = re.compile(r"(\d{1,5})([mhd])", re.ASCII)


class Span(click.ParamType[timedelta]):
    """A span of time in words such as ``24h``."""

    name = "SPAN"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        found = _SPAN.fullmatch(str(value))
        if found is None:
            self.fail("Say it as 30m, 24h or 7d.", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


async def what_if(
    client: Client,
    plan: Planned,
    workflow: Mapping[str, Any],
    since: timedelta | None,
    last: int | None,
) -> dict[str, Any]:
    """The answers to all calls about a file and the workflow that is there, in one.

    Between the calls it says how far it is.

    Raises as ``Client.call``, naming the file.
    """
    now = datetime.now(UTC)
    body: dict[str, Any] = {
        "document": plan.document,
        "from": None if since is None else (now - since).isoformat(),
        "to": now.isoformat(),
        "limit": min(last or AT_ONCE_MAX, AT_ONCE_MAX),
    }
    path = f"v1/workflows/{workflow['id']}/what-if"
    total: dict[str, Any] | None = None
    try:
        async for told in onward(client, path, body):
            total = told if total is None else _sum(total, told)
            if told["next_cursor"] is None or (last is not None and total["looked_at"] >= last):
                break
            if last is not None:
                body["limit"] = min(last - total["looked_at"], AT_ONCE_MAX)
            say(f"{plan.path}: {total['looked_at']} events looked at …")
    except Rejected as error:
        raise refused(plan.path, error) from None
    return total or {}


def _sum(total: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    span_s = total["span_s"] + told["span_s"]
    matched = {side: total["matched"][side] + told["matched"][side] for side in total["matched"]}
    return {
        **told,
        "is_same": total["is_same"] and told["is_same"],
        "looked_at": total["looked_at"] + told["looked_at"],
        "span_s": span_s,
        "matched": matched,
        "per_hour": {side: n * 3_600 / span_s for side, n in matched.items()} if span_s else None,
        "reasons": {
            side: _added(total["reasons"][side], told["reasons"][side]) for side in matched
        },
        **{kind: _changes(total[kind], told[kind]) for kind in _KINDS},
        "plans_compared": total["plans_compared"] + told["plans_compared"],
        "plans": _plans([*total["plans"], *told["plans"]]),
    }


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))


def _changes(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "count": one["count"] + other["count"],
        "reasons": _added(one["reasons"], other["reasons"]),
        "sample": [*one["sample"], *other["sample"]][:_SAMPLE_MAX],
    }


def _plans(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each once, with the events of all."""
    found: list[dict[str, Any]] = []
    for plan in listed:
        known = next((one for one in found if one["steps"] == plan["steps"]), None)
        if known is None:
            found.append({**plan, "event_keys": [*plan["event_keys"]]})
        else:
            known["event_keys"] += plan["event_keys"]
    return found


def show_what_if(plan: Planned, told: Mapping[str, Any]) -> None:
    """The difference as tables."""
    matched, rates = told["matched"], told["per_hour"] or {}
    rows = [
        (side, matched[side], f"{rates.get(side, 0):,.2f}", tallied(told["reasons"][side]))
        for side in matched
    ]
    title = f"{plan.path}: {told['looked_at']} events"
    show_rows(("definition", "starts", "an hour", "decided"), rows, title=title)
    for kind in _KINDS:
        changes = told[kind]
        if changes["count"]:
            show_rows(
                ("event", "type", "before", "after", "why"),
                [_event(one) for one in changes["sample"]],
                title=f"{kind.replace('_', ' ')}: {changes['count']}",
            )
    for changed in told["plans"]:
        show_rows(
            ("step", "before", "after", "other input"),
            [(s["id"], s["before"], s["after"], s["has_other_input"]) for s in changed["steps"]],
            title=f"Other steps, as with the event {changed['event_keys'][0]}"
            f" ({len(changed['event_keys'])} of {told['plans_compared']} compared)",
        )


def _event(one: Mapping[str, Any]) -> tuple[Any, ...]:
    before, after = one["before"], one["after"]
    why = after["detail"] or before["detail"]
    return one["event_key"], one["event_type"], before["reason"], after["reason"], why
