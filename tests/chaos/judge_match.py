"""I1 and I10: exactly the executions that the events ask for, and no acknowledged event is lost."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

import orjson

from tests.chaos.evidence import Evidence, Row, Violation, at_of
from tests.chaos.expected import Given, starts
from tests.chaos.identity import key_of, started_by
from tests.chaos.troubles import keeps_in_the_dark
from tests.chaos.workflows import workflow_id

KNOWN_WITHIN_S: Final = 5.0
"""So long after a change every matcher acts on it, unless it was cut off or stopped meanwhile.

It hears of it at once, or asks after ``refresh_s``, 1 s; the rest is for machines that are busy.
"""
HEALED_S: Final = 2.0
"""So long after one that was cut off or stopped goes on, it may still act on what it knew before:
until it has asked again.
"""


class Sent(NamedTuple):
    """A record of the source topic; ``body`` is what makes two of one id the same."""

    source: str
    id: str
    body: str
    is_http: bool
    origin: str


def read_sent(record: Row) -> Sent:
    """A record of the source topic, in whichever form."""
    document, named = orjson.loads(record["value"]), record["headers"]
    origin = f"{record['topic']}/{record['partition']}@{record['offset']}"
    if "ce_type" in named:
        body = [named["ce_type"], document]
        return Sent(named["ce_source"], named["ce_id"], _canonical(body), False, origin)
    kind = document.get("type") or document.get("event")
    payload = document.get("data") if "specversion" in document else document.get("payload")
    is_http = "turnoutkey" in document
    body = [kind, payload]
    return Sent(document["source"], document["id"], _canonical(body), is_http, origin)


def judge_match(evidence: Evidence) -> Iterator[Violation]:
    """Every fault of I1 and I10."""
    sent = [read_sent(record) for record in evidence.topics.get("events", ())]
    yield from _acked(evidence, sent)
    yield from _archived(evidence, sent)
    must, may = _asked_for(evidence)
    called = _called(evidence)
    ticks = _ticks(evidence)
    for id_, why in {**must, **called, **ticks}.items():
        if id_ not in evidence.executions:
            yield Violation(invariant="I1", subject=id_, detail=f"never started: {why}")
    for id_ in evidence.executions:
        if id_ not in must and id_ not in may and id_ not in called and id_ not in ticks:
            yield _violation(evidence, id_, "nothing asked for it")
    yield from _versions(evidence)


def _canonical(body: Any) -> str:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()


def _violation(evidence: Evidence, id_: str, detail: str, invariant: str = "I1") -> Violation:
    return Violation(
        invariant=invariant, subject=id_, detail=detail, timeline=evidence.timeline(id_)
    )


def _acked(evidence: Evidence, sent: list[Sent]) -> Iterator[Violation]:
    """I10: what was acknowledged is in the source topic."""
    at = {s.origin.partition("/")[2]: f"{s.source}/{s.id}" for s in sent}
    posted = Counter(f"{s.source}/{s.id}" for s in sent if s.is_http)
    acks: Counter[str] = Counter()
    for line in evidence.of("send", "ok"):
        if line.data["via"] == "http":
            acks[line.id] += 1
            continue
        place = f"{line.data['partition']}@{line.data['offset']}"
        if at.get(place) != line.id:
            detail = f"acknowledged at {place}, where there is {at.get(place)}"
            yield Violation(invariant="I10", subject=line.id, detail=detail)
    for id_, count in acks.items():
        if posted[id_] < count:
            detail = f"acknowledged {count} times over HTTP, {posted[id_]} times in the topic"
            yield Violation(invariant="I10", subject=id_, detail=detail)


def _archived(evidence: Evidence, sent: list[Sent]) -> Iterator[Violation]:
    """What was sent is archived, once; and another body under its id is flagged."""
    rows = Counter(row["key"] for row in evidence.rows("events"))
    flagged = {(row["key"], row["origin"]) for row in evidence.rows("event_conflicts")}
    by_key: defaultdict[str, list[Sent]] = defaultdict(list)
    for each in sent:
        by_key[key_of(each.source, each.id)].append(each)
    for key, copies in by_key.items():
        name = f"{copies[0].source}/{copies[0].id}"
        if rows[key] != 1:
            detail = f"archived {rows[key]} times, sent {len(copies)} times"
            yield Violation(invariant="I1", subject=name, detail=detail)
            continue
        record = evidence.events[key]
        kept = _canonical([record["type"], record["data"]])
        if kept not in {copy.body for copy in copies}:
            yield Violation(invariant="I1", subject=name, detail="archived as nobody sent it")
        wrong = {(key, copy.origin) for copy in copies if copy.body != kept}
        told = {(k, origin) for k, origin in flagged if k == key} if wrong else set()
        for _, origin in wrong - told:
            detail = f"the other body at {origin} was not flagged"
            yield Violation(invariant="I1", subject=name, detail=detail)
    honest = {(key_of(s.source, s.id), s.origin) for s in sent}
    bodies = {key: {copy.body for copy in copies} for key, copies in by_key.items()}
    for key, origin in flagged:
        if (key, origin) not in honest or len(bodies.get(key, ())) < 2:
            detail = f"flagged at {origin} without another body"
            yield Violation(invariant="I1", subject=key, detail=detail)


def _asked_for(evidence: Evidence) -> tuple[dict[str, str], set[str]]:
    """The executions that must be, with the reason, and those that may be."""
    must: dict[str, str] = {}
    may: set[str] = set()
    commanded, switched = _commanded(evidence), _Switched(evidence)
    for record in evidence.events.values():
        given = Given.of(record)
        for flow in evidence.plan.workflows:
            if not starts(flow, given):
                continue
            id_ = started_by(flow["id"], given.key)
            decided = commanded[started_by(str(workflow_id("branch")), given.key)]
            was_on = flow["key"] != "toggled" or switched.was_on(decided)
            if was_on:
                must[id_] = f"{given.source}/{given.id} starts {flow['key']}"
            elif was_on is None:
                may.add(id_)
    return must, may


def _commanded(evidence: Evidence) -> defaultdict[str, list[float]]:
    """When executions were commanded to start: each time their event was decided upon."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for record in evidence.topics.get("commands", ()):
        document = orjson.loads(record["value"])
        if document["type"].endswith(".start"):
            found[document["subject"]].append(record["at"])
    return found


class _Switched:
    """What matchers surely knew of the workflow that is switched on and off."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._on_from = _changed(evidence, "activate", "invoke")
        self._on_by = _changed(evidence, "activate", "ok")
        self._off_from = _changed(evidence, "deactivate", "invoke")
        self._off_by = _changed(evidence, "deactivate", "ok")

    def was_on(self, decided: Sequence[float]) -> bool | None:
        """Whether it was on when an event was decided upon, perhaps more than once.

        That was when the other workflow of the same trigger was commanded to start. True: at least
        once; None: it cannot be said.
        """
        if not self._evidence.has_true_clocks or self._is_mixed():
            return None
        known = {self._known(at) for at in decided}
        return True if True in known else False if known == {False} else None

    def _known(self, at: float) -> bool | None:
        since, until = self._evidence.mono(at - HEALED_S), self._evidence.mono(at)
        if self._on_from is None or at < self._on_from:
            return False
        if any(keeps_in_the_dark(x, since, until) for x in self._evidence.troubles):
            return None
        if self._off_by is not None and self._off_by + KNOWN_WITHIN_S < at:
            return False
        is_on = self._on_by is not None and self._on_by + KNOWN_WITHIN_S < at
        return True if is_on and (self._off_from is None or at < self._off_from) else None

    def _is_mixed(self) -> bool:
        """Whether it was still being switched on when it was to be switched off."""
        asked = [
            line.at for line in self._evidence.of("register") if line.data["kind"] == "activate"
        ]
        return self._off_from is not None and any(at >= self._off_from for at in asked)


def _changed(evidence: Evidence, kind: str, outcome: str) -> float | None:
    """When a change of that kind was first asked for, or acknowledged."""
    ids = {str(workflow_id("toggled")), str(workflow_id("updated"))}
    found = [
        line.at
        for line in evidence.of("register", outcome)
        if line.id in ids and line.data["kind"] == kind
    ]
    return None if not found else found[-1] if kind == "replace" else found[0]


def _called(evidence: Evidence) -> dict[str, str]:
    """The executions that steps called."""
    found: dict[str, str] = {}
    for parent, log in evidence.logs.items():
        for row in log:
            output = row["output"]
            if row["status"] == "WAITING" and isinstance(output, dict):
                if output.get("kind") != "subworkflow":
                    continue
                id_ = str(uuid5(UUID(parent), f"{row['step_id']}:{row['attempt']}"))
                found[id_] = f"called by {parent}, step {row['step_id']}"
    return found


def _ticks(evidence: Evidence) -> dict[str, str]:
    """The executions that the clock was to start."""
    id_ = str(workflow_id("tick"))
    found: dict[str, str] = {}
    for trigger in evidence.definitions.get((id_, 1), {}).get("triggers", ()):
        at = datetime.fromisoformat(trigger["schedule"]["value"]).astimezone(UTC)
        stamp = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        key = key_of(f"/turnout/workflows/{id_}/triggers/{trigger['id']}", stamp)
        found[started_by(id_, key)] = f"due at {stamp}"
    return found


def _versions(evidence: Evidence) -> Iterator[Violation]:
    """No execution of a version, or of a workflow, from before it was there."""
    if not evidence.has_true_clocks:
        return
    born = {
        (str(workflow_id("toggled")), 1): _changed(evidence, "activate", "invoke"),
        (str(workflow_id("updated")), 2): _replaced(evidence),
    }
    for id_, row in evidence.executions.items():
        place = (row["workflow_id"], row["workflow_version"])
        if place not in evidence.definitions:
            yield _violation(evidence, id_, f"of a version that never was: {place}")
        elif place in born:
            since = born[place]
            if since is None or at_of(row["created_at"]) < since:
                yield _violation(evidence, id_, "started before anybody asked for that")


def _replaced(evidence: Evidence) -> float | None:
    """When the second version was first asked for: after the first was acknowledged."""
    lines = [
        line
        for line in evidence.lines
        if line.op == "register" and line.id == str(workflow_id("updated"))
    ]
    first = next((n for n, line in enumerate(lines) if line.outcome == "ok"), len(lines))
    return next((x.at for x in lines[first + 1 :] if x.outcome == "invoke"), None)
