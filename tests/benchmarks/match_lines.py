"""Matching events that are given as lines of JSON, as the peers' programs do.

``python -m tests.benchmarks.match_lines CASE COUNT EVENTS WARM_S SECONDS`` says its figures.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from shared.expr.jsonata import ExpressionCache
from shared.matching.table import WorkflowTable
from shared.runtime.process import tune_garbage_collection
from tests.benchmarks.match_cases import CASES, Case
from tests.benchmarks.match_one import event_of, fill, numbers_of


def main(name: str, count: int, file: Path, warm_s: float, seconds: float) -> None:
    """Measure, and say it."""
    tune_garbage_collection()
    case, table = CASES[name], WorkflowTable(ExpressionCache(200_000))
    filled = fill(table, case, count)
    lines = file.read_bytes().splitlines()
    numbers = numbers_of(count, len(lines))
    _matched(table, case, numbers, lines, warm_s)
    done, matches, took_s = _matched(table, case, numbers, lines, seconds)
    found = {"events_per_cpu_s": done / took_s, "matches_an_event": matches / done, **filled}
    sys.stdout.buffer.write(orjson.dumps(found))


def _matched(
    table: WorkflowTable,
    case: Case,
    numbers: Sequence[int],
    lines: Sequence[bytes],
    seconds: float,
) -> tuple[int, int, float]:
    done, matches, began, took_s = 0, 0, time.process_time(), 0.0
    while took_s < seconds:
        for n, line in zip(numbers, lines, strict=True):
            event = event_of(case, n, orjson.loads(line)["payload"])
            matches += sum(decision.is_match for decision in table.match(event))
        done += len(lines)
        took_s = time.process_time() - began
    return done, matches, took_s


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
