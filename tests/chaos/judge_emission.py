"""I3: what was written is published: all of it, in order, and the same however often."""

from collections import defaultdict
from collections.abc import Generator, Iterator

import orjson

from tests.chaos.evidence import Evidence, Row, Violation


def judge_emission(evidence: Evidence) -> Iterator[Violation]:
    """Every fault of I3."""
    published: dict[str, Row] = {}
    for topic in ("step-results", "executions"):
        found = yield from _topic(evidence, topic)
        published |= found
    written: set[str] = set()
    for execution, log in evidence.logs.items():
        for row in log:
            id_ = f"{execution}:{row['position']}"
            due = {f"{id_}:{phase}" for phase in row["phases"]}
            if row["step_id"] is not None:
                due.add(id_)
                if id_ in published and not _agrees(published[id_]["data"], row):
                    yield _fault(evidence, execution, f"{id_} says other than the log")
            for missing in due - published.keys():
                yield _fault(evidence, execution, f"{missing} was never published")
            written |= due
    for id_ in published.keys() - written:
        yield _fault(evidence, id_[:36], f"{id_} was published, and is not in the log")


def _topic(evidence: Evidence, topic: str) -> Generator[Violation, None, dict[str, Row]]:
    """A topic's records: repeats are the same bytes, first appearances ascend; gives them by id."""
    values: dict[str, str] = {}
    found: dict[str, Row] = {}
    last: defaultdict[str, int] = defaultdict(int)
    place: dict[str, int] = {}
    for record in evidence.topics.get(topic, ()):
        document = orjson.loads(record["value"])
        id_, execution = document["id"], document["subject"]
        if place.setdefault(execution, record["partition"]) != record["partition"]:
            yield _fault(evidence, execution, f"{id_} is in another partition than those before")
        if id_ in found:
            if values[id_] != record["value"]:
                yield _fault(evidence, execution, f"{id_} was published with two contents")
            continue
        values[id_], found[id_] = record["value"], document
        sequence = document["data"]["sequence"]
        if sequence < last[execution]:
            detail = f"{id_} appears in {topic} after {last[execution]}"
            yield _fault(evidence, execution, detail)
        last[execution] = max(sequence, last[execution])
    return found


def _agrees(data: Row, row: Row) -> bool:
    step, item = data["step_id"], data["item"]
    named = f"{step}[{item}]" if item is not None else f"{step}!" if data["compensates"] else step
    told = (named, data["attempt"], data["status"], data["output"], data["handle"])
    return told == (row["step_id"], row["attempt"], row["status"], row["output"], row["handle"])


def _fault(evidence: Evidence, execution: str, detail: str) -> Violation:
    return Violation(
        invariant="I3", subject=execution, detail=detail, timeline=evidence.timeline(execution)
    )
