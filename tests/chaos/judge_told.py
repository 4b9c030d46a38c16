"""I13: who subscribed is told of every end at least once: each under one id, in the same words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import orjson

from tests.chaos.evidence import ENDS, Evidence, Violation, at_of
from tests.chaos.history import Line


def judge_told(evidence: Evidence) -> Iterator[Violation]:
    """Every fault of I13, in runs in which somebody subscribed."""
    if any(evidence.of("subscribe", "ok")):
        told: defaultdict[str, list[Line]] = defaultdict(list)
        for line in evidence.of("told"):
            told[str(line.data["record"])].append(line)
        for record, detail in (*_missing(evidence, told), *_repeats(told)):
            yield Violation(
                invariant="I13",
                subject=record,
                detail=detail,
                timeline=evidence.timeline(record[:36]),
            )


def _missing(evidence: Evidence, told: Mapping[str, Sequence[Line]]) -> Iterator[tuple[str, str]]:
    since = min(
        (at_of(row["created_at"]) for row in evidence.rows("webhook_subscriptions")), default=0.0
    )
    ends: dict[str, float] = {}
    for record in evidence.topics.get("executions", ()):
        document = orjson.loads(record["value"])
        if document["data"]["phase"] in ENDS:
            ends[document["id"]] = max(record["at"], ends.get(document["id"], 0.0))
    for id_ in told.keys() - ends.keys():
        yield id_, "told, and no end that was published"
    for id_, at in ends.items():
        # What was published before a subscription, by clocks that may differ, is not its business.
        if at >= since and not any(line.outcome == "ok" for line in told.get(id_, ())):
            yield id_, "no subscriber was told of it"


def _repeats(told: Mapping[str, Sequence[Line]]) -> Iterator[tuple[str, str]]:
    """A receiver drops repetitions by their ids."""
    owners: dict[str, str] = {}
    for record, lines in told.items():
        ids = {line.id for line in lines}
        if len(ids) > 1:
            yield record, f"told under {sorted(ids)}"
        if len({line.data["body"] for line in lines}) > 1:
            yield record, "told in other words"
        for id_ in ids:
            if owners.setdefault(id_, record) != record:
                yield record, f"told under {id_}, as is {owners[id_]}"
