"""What a run does, drawn from one seed: the workflows, the events, cancellations and changes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from tests.chaos.workflows import REFUSE, STEADY, definitions, updated

EVENTS_PER_S: Final = 40.0
LATE_S: Final = 3_600
LATE: Final = 0.1
"""Of the events so many come an hour after their time."""
TIMES: Final = (
    None,
    None,
    None,
    "1970-01-01T00:00:00Z",
    "2099-12-31T23:59:59Z",
    "2026-01-01T08:00:00+02:00",
)
SOURCES: Final = ("shop", "till")
_KINDS: Final = {
    "order:placed": 8,
    "order:changed": 3,
    "job:flaky": 5,
    "trip:booked": 4,
    "nap:taken": 4,
    "expense:filed": 2,
    "cart:opened": 3,
    "batch:ready": 3,
    "family:met": 3,
    "nobody:cares": 3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One sending of an event: how, in which form, and where to.

    ``key`` is the record's key on Kafka, hence its partition; ``is_other``: it says something
    else under the same id.
    """

    after_s: float
    via: str
    form: str
    key: str
    is_other: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEvent:
    """An event; ``at_s`` counts from the start. ``copies`` are all its sendings.

    ``late_s``: its time lies so long before it is first to be sent; else ``time`` says it, or
    nothing does.
    """

    at_s: float
    id: str
    type: str
    source: str
    payload: Any
    time: str | None
    copies: tuple[Copy, ...]
    late_s: float | None = None

    def timed(self, began_at: datetime) -> "PlannedEvent":
        """With its time, in a run that began then."""
        if self.late_s is None:
            return self
        at = began_at + timedelta(seconds=self.at_s - self.late_s)
        return replace(self, time=at.isoformat(timespec="milliseconds"), late_s=None)

    @property
    def via(self) -> str:
        """How it is sent at first."""
        return self.copies[0].via

    def said(self, copy: Copy) -> Any:
        """The payload of a sending."""
        return {**self.payload, "is_other": True} if copy.is_other else self.payload


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCancel:
    """The execution that an event starts of a workflow is to be cancelled."""

    at_s: float
    source: str
    event_id: str
    workflow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """activate, deactivate, or replace: a workflow changes while events flow."""

    at_s: float
    kind: str
    workflow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that the driver does, and that the judge may know of it."""

    seed: int
    seconds: float
    receiver_url: str
    workflows: list[dict[str, Any]]
    second: dict[str, Any]
    events: list[PlannedEvent]
    cancels: list[PlannedCancel]
    changes: list[PlannedChange]
    answers: dict[str, Any] = field(default_factory=dict)


def make_plan(
    seed: int,
    seconds: float,
    *,
    rate: float = EVENTS_PER_S,
    receiver_url: str = "http://127.0.0.1:9099",
) -> Plan:
    """The plan of a seed: the same arguments give the same plan."""
    chance = random.Random(f"plan:{seed}")
    count = max(1, round(seconds * rate))
    events = [e for n in range(count) for e in _events(chance, seed, n, chance.random() * seconds)]
    events.sort(key=lambda event: event.at_s)
    return Plan(
        seed=seed,
        seconds=seconds,
        receiver_url=receiver_url,
        workflows=definitions(receiver_url),
        second=updated(receiver_url, 2),
        events=events,
        cancels=_cancels(chance, events),
        changes=[
            PlannedChange(at_s=seconds * 0.3, kind="activate", workflow="toggled"),
            PlannedChange(at_s=seconds * 0.5, kind="replace", workflow="updated"),
            PlannedChange(at_s=seconds * 0.7, kind="deactivate", workflow="toggled"),
        ],
        answers={"seed": seed},
    )


def _events(chance: random.Random, seed: int, number: int, at_s: float) -> Iterator[PlannedEvent]:
    kind = chance.choices(list(_KINDS), list(_KINDS.values()))[0]
    id_ = f"e{seed}-{number}"
    payload = _payload(chance, kind, id_)
    source = chance.choice(SOURCES)
    late_s = LATE_S if chance.random() < LATE else None
    time = None if late_s else chance.choice(TIMES)
    yield PlannedEvent(
        at_s=at_s,
        id=id_,
        type=kind,
        source=source,
        payload=payload,
        time=time,
        copies=_copies(chance, id_),
        late_s=late_s,
    )
    if chance.random() < 0.03:  # the same id from another source is another event
        twin = "till" if source == "shop" else "shop"
        yield PlannedEvent(
            at_s=at_s + chance.random(),
            id=id_,
            type=kind,
            source=twin,
            payload=payload,
            time=time,
            copies=(_copy(chance, id_, 0.0),),
        )
    if kind == "cart:opened" and chance.random() < 0.8:
        # Before, or after, the other waits for it.
        paid_at_s = max(0.0, at_s + chance.uniform(-0.5, 3.0))
        yield PlannedEvent(
            at_s=paid_at_s,
            id=f"{id_}-paid",
            type="cart:paid",
            source="bank",
            payload={"cart": payload["cart"], "by": "card"},
            time=None,
            copies=_copies(chance, id_),
        )


def _copies(chance: random.Random, id_: str) -> tuple[Copy, ...]:
    first = _copy(chance, id_, 0.0)
    if chance.random() >= 0.15:
        return (first,)
    again = [_copy(chance, id_, chance.random() * 3) for _ in range(chance.randint(1, 4))]
    if chance.random() < 0.2:
        other = _copy(chance, id_, chance.random() * 3)
        again.append(
            Copy(
                after_s=other.after_s, via=other.via, form=other.form, key=other.key, is_other=True
            )
        )
    return (first, *again)


def _copy(chance: random.Random, id_: str, after_s: float) -> Copy:
    return Copy(
        after_s=after_s,
        via=chance.choice(("kafka", "kafka", "http")),
        form=chance.choice(("plain", "structured", "binary")),
        key=chance.choice((id_, f"k{chance.randrange(100)}")),
    )


def _payload(chance: random.Random, kind: str, id_: str) -> dict[str, Any]:
    match kind:
        case "order:placed" | "order:changed":
            return {
                "id": id_,
                "total": chance.randrange(1_000),
                "kind": chance.choice(("web", "app", "phone", None)),
                "region": chance.choice(("eu", "US", "xx", "apac")),
                "tags": chance.sample(("vip", "new", "gift", "bulk", "late"), chance.randrange(5)),
            }
        case "trip:booked":
            return {"id": id_, "pay": chance.choice((STEADY, REFUSE))}
        case "nap:taken":
            return {"id": id_, "seconds": chance.choice((1, 1.5, 2, 3))}
        case "cart:opened":
            return {"id": id_, "cart": f"cart-{id_}"}
        case "batch:ready":
            return {"id": id_, "items": [f"{id_}.{n}" for n in range(chance.randrange(5))]}
        case _:
            return {"id": id_, "n": chance.randrange(100)}


_CANCELLED: Final = {
    "nap:taken": "sleep",
    "job:flaky": "retry",
    "expense:filed": "approval",
    "cart:opened": "wait",
    "family:met": "parent",
    "order:placed": "sequence",
    "batch:ready": "iterate",
}


def _cancels(chance: random.Random, events: list[PlannedEvent]) -> list[PlannedCancel]:
    found = [
        PlannedCancel(
            at_s=event.at_s + chance.uniform(0.0, 2.0),
            source=event.source,
            event_id=event.id,
            workflow=_CANCELLED[event.type],
        )
        for event in events
        if event.type in _CANCELLED and chance.random() < 0.06
    ]
    return sorted(found, key=lambda cancel: cancel.at_s)
