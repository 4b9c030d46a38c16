"""The workflows of a chaos run: together they use what the engine can do, and all end under load.

Every call says in its body which execution and step it is for, and hands on what the step before
it came to: were a result recorded twice, or lost, the bodies would tell.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from tests.chaos.names import RECEIVER

RETRY: Final = {"max_attempts": 20, "initial_interval_s": 0.2, "max_interval_s": 4.0}
ATTEMPT_S: Final = 4.0
ANSWERED_WITHIN_S: Final = 15.0
BOSS: Final = "boss"

STEADY, MIXED, REFUSE, TOLD = "/steady", "/mixed", "/refuse", "/told"
"""The receiver's ways to answer: see ``answers.py``; the last is the subscriber's."""


def workflow_id(key: str) -> UUID:
    """The id under which a workflow of the plan is registered."""
    return uuid5(NAMESPACE_URL, f"chaos:{key}")


def definitions(receiver_url: str) -> list[dict[str, Any]]:
    """The workflows as they are registered at first, called ones before their callers."""
    to = _Calls(receiver_url)
    by_name = _Calls(receiver_url.replace("127.0.0.1", RECEIVER))
    return [
        to.flow("child", [{"kind": "workflow"}], to.call("work", MIXED, given="{{payload.n}}")),
        to.flow("sequence", ["order:placed"], *_sequence(to)),
        to.flow("branch", ["order:placed"], *_branch(to), edges=_BRANCH_EDGES),
        to.flow("retry", ["job:flaky"], to.call("flaky", MIXED), to.call("then", MIXED, "flaky")),
        to.flow("compensate", ["trip:booked"], *_compensate(to)),
        to.flow("sleep", ["nap:taken"], *_sleep(to)),
        to.flow("approval", ["expense:filed"], *_approval(to), edges=_APPROVAL_EDGES),
        to.flow("wait", ["cart:opened"], *_wait(to), edges=_WAIT_EDGES),
        to.flow("iterate", ["batch:ready"], _iterator(to), to.call("after", STEADY)),
        to.flow("parent", ["family:met"], *_parent(to)),
        to.flow("selective", ["order:*"], by_name.call("picked", STEADY), **_SELECTIVE),
        to.flow(
            "toggled",
            ["order:placed"],
            to.call("on", STEADY),
            run_if="payload.total % 3 = 0",
            is_active=False,
        ),
        updated(receiver_url, 1),
    ]


def updated(receiver_url: str, version: int) -> dict[str, Any]:
    """The workflow that gets a second version while events flow."""
    to = _Calls(receiver_url)
    return to.flow(
        "updated", ["order:placed"], to.call(f"v{version}", STEADY), run_if="payload.total % 3 = 1"
    )


def ticking(receiver_url: str, instants: Sequence[datetime]) -> dict[str, Any]:
    """A workflow that the clock starts, once at each instant."""
    to = _Calls(receiver_url)
    triggers: list[str | dict[str, Any]] = [
        {
            "id": f"at-{number}",
            "kind": "schedule",
            "schedule": {"kind": "once", "value": at.astimezone(UTC).isoformat()},
        }
        for number, at in enumerate(instants)
    ]
    return to.flow("tick", triggers, to.call("tock", STEADY, given="{{payload.scheduled_at}}"))


class _Calls:
    """Makes workflows and steps that call the receiver."""

    def __init__(self, url: str) -> None:
        self._url = url

    def flow(
        self,
        key: str,
        triggers: list[str | dict[str, Any]],
        *steps: dict[str, Any],
        **more: Any,
    ) -> dict[str, Any]:
        """A workflow; a trigger that is a text names an event."""
        named = [{"event_name": t} if isinstance(t, str) else t for t in triggers]
        id_ = str(workflow_id(key))
        return {"id": id_, "name": key, "key": key, "triggers": named, "steps": [*steps], **more}

    def request(self, step: str, path: str, given: str | None = None) -> dict[str, Any]:
        """The input of a call."""
        body = {"execution": "{{execution.id}}", "step": step, "given": given}
        src = {"url": f"{self._url}{path}", "method": "POST", "json": body}
        return {"lang": "placeholder", "src": src}

    def call(
        self, step: str, path: str, after: str | None = None, *, given: str | None = None
    ) -> dict[str, Any]:
        """A step that calls; it hands on the number of the call ``after``."""
        if after is not None:
            given = "{{steps." + after + ".output.body.call}}"
        return {
            "id": step,
            "action": "http_request",
            "input": self.request(step, path, given),
            "retry": RETRY,
            "timeout_s": ATTEMPT_S,
        }


def _sequence(to: _Calls) -> list[dict[str, Any]]:
    return [to.call("a", MIXED), to.call("b", STEADY, "a"), to.call("c", MIXED, "b")]


def _branch(to: _Calls) -> list[dict[str, Any]]:
    return [
        {"id": "large", "kind": "condition", "condition": "payload.total > 500"},
        to.call("big", STEADY),
        to.call("small", MIXED),
        to.call("gift", STEADY),
        to.call("join", STEADY),
    ]


_BRANCH_EDGES: Final = [
    {"from": "large", "to": "big", "handle": "true"},
    {"from": "large", "to": "small", "handle": "false"},
    {"from": "big", "to": "gift", "condition": "payload.kind = 'web'"},
    {"from": "big", "to": "join"},
    {"from": "small", "to": "join"},
]


def _compensate(to: _Calls) -> list[dict[str, Any]]:
    def undone(step: dict[str, Any]) -> dict[str, Any]:
        undo = to.request(f"{step['id']}!", MIXED, "{{steps." + step["id"] + ".output.body.call}}")
        compensation = {"action": "http_request", "input": undo, "retry": RETRY, "timeout_s": 4.0}
        return {**step, "compensation": compensation}

    pay = to.call("pay", STEADY)
    pay["input"]["src"]["url"] += "{{payload.pay}}"
    pay["input"]["src"]["url"] = pay["input"]["src"]["url"].replace(STEADY, "")
    return [
        undone(to.call("hotel", STEADY)),
        undone(to.call("flight", MIXED, "hotel")),
        {**pay, "on_failure": "compensate"},
        to.call("thanks", STEADY),
    ]


def _sleep(to: _Calls) -> list[dict[str, Any]]:
    nap = {"lang": "placeholder", "src": {"duration_s": "{{payload.seconds:any}}"}}
    return [
        to.call("before", STEADY),
        {"id": "nap", "kind": "sleep", "input": nap},
        to.call("after", STEADY, "before"),
    ]


def _approval(to: _Calls) -> list[dict[str, Any]]:
    approval = {
        "approver": {"type": "user", "id": BOSS},
        "timeout_s": ANSWERED_WITHIN_S,
        "on_timeout": "approve",
    }
    return [
        {"id": "ask", "kind": "approval", "approval": approval},
        to.call("pay", MIXED),
        to.call("shelve", STEADY),
    ]


_APPROVAL_EDGES: Final = [
    {"from": "ask", "to": "pay", "handle": "approved"},
    {"from": "ask", "to": "shelve", "handle": "rejected"},
]


def _wait(to: _Calls) -> list[dict[str, Any]]:
    wait = {
        "event_name": "cart:paid",
        "match": "payload.cart = $input.cart",
        "timeout_s": ANSWERED_WITHIN_S,
    }
    given = {"lang": "placeholder", "src": {"cart": "{{payload.cart}}"}}
    return [
        {"id": "paid", "kind": "wait", "input": given, "wait": wait},
        to.call("ship", STEADY),
        to.call("remind", STEADY),
    ]


_WAIT_EDGES: Final = [
    {"from": "paid", "to": "ship"},
    {"from": "paid", "to": "remind", "handle": "timeout"},
]


def _iterator(to: _Calls) -> dict[str, Any]:
    body = {
        "action": "http_request",
        "input": to.request("each[{{index}}]", MIXED, "{{item}}"),
        "retry": RETRY,
        "timeout_s": ATTEMPT_S,
    }
    items = {"lang": "jsonata", "src": "payload.items"}
    block = {"items": items, "body": body, "concurrency": 2}
    return {"id": "each", "kind": "iterator", "iterator": block}


def _parent(to: _Calls) -> list[dict[str, Any]]:
    given = {"lang": "placeholder", "src": {"n": "{{payload.n}}"}}
    call = {"workflow_id": str(workflow_id("child"))}
    return [
        {"id": "call", "kind": "subworkflow", "subworkflow": call, "input": given, "retry": RETRY},
        to.call("after", STEADY),
    ]


_SELECTIVE: Final[dict[str, Any]] = {
    "filters": {
        "payload.kind": {"~in": ["web", "app"]},
        "~or": [{"payload.total": {"~gte": 300}}, {"payload.tags": {"~contains": "vip"}}],
        "~not": {"payload.region": {"~starts": "x"}},
    },
    "run_if": "$uppercase(payload.region) in ['EU','US'] and $count(payload.tags) < 4",
}
