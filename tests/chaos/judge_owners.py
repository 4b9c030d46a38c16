"""I14: nobody loses a partition for nothing, and not because servers are slow."""

from collections.abc import Iterator

from tests.chaos.epochs import Takeover
from tests.chaos.evidence import Evidence, Violation
from tests.chaos.troubles import REJOIN_S, moves_partitions


def judge_owners(evidence: Evidence) -> Iterator[Violation]:
    """Every fault of I14: takeovers for nothing, from when all have joined until they leave."""
    begun, ended = evidence.phase("drive"), evidence.phase("end")
    for takeover in evidence.takeovers:
        is_of_start = begun is not None and takeover.since <= begun + REJOIN_S
        is_of_end = ended is not None and takeover.until >= ended
        if not (is_of_start or is_of_end or _is_explained(evidence, takeover)):
            yield Violation(
                invariant="I14",
                subject=f"partition {takeover.partition}",
                detail=f"epoch {takeover.epoch} began for nothing, {_about(evidence, takeover)}",
            )


def _is_explained(evidence: Evidence, takeover: Takeover) -> bool:
    since, until = takeover.since, takeover.until
    return any(moves_partitions(trouble, since, until) for trouble in evidence.troubles)


def _about(evidence: Evidence, takeover: Takeover) -> str:
    """When it was, and what went on then that is no reason."""
    names = {x.name for x in evidence.troubles if x.since <= takeover.until <= x.until + REJOIN_S}
    after_s = takeover.until - evidence.lines[0].mono
    return f"{after_s:.1f} s after the first line, beside {sorted(names) or 'nothing'}"
