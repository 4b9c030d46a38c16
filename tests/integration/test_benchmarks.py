"""The benchmarks run and say what they promise; how fast is nothing for a test to judge."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest

from tests.support.kafka import need_kafka

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.xdist_group("kafka")]


def test_the_pipeline_benchmark_executes_every_event_and_reports_positive_figures() -> None:
    """One short round of Turnout and of the floor; nothing lost, nothing twice, no zero."""
    need_kafka(embedded=True)
    program = "from services.cli.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "bench", "pipeline", "--quick", "--json"],
        check=True,
        stdout=subprocess.PIPE,
        timeout=110,
    )
    report = orjson.loads(done.stdout)

    extent = report["extent"]
    total = extent["warm_up"] + extent["events"]
    total += extent["latency_per_s"] * extent["latency_for_s"]
    assert set(report["sides"]) == {"one_process", "floor"}
    for side in report["sides"].values():
        assert [r["completed"] for r in side["rounds"]] == [total]
        assert [r["published_steps"] for r in side["rounds"]] == [total]
        assert [r["published_phases"] for r in side["rounds"]] == [3 * total]
        assert min(_figures(side)) > 0
    assert report["sides"]["floor"]["of_floor"] == 1


def _figures(side: Mapping[str, Any]) -> Iterator[float]:
    """Every figure that cannot be zero; CPU time comes in hundredths of a second."""
    yield side["of_floor"]
    yield side["python_cpu_s_per_1000"]
    for found in (side, *side["rounds"]):
        yield found["executions_per_s"]
        yield found["wal_bytes_per_execution"]
        yield found["commits_per_1000"]
        yield from found["step_began_ms"].values()
        yield from found["result_seen_ms"].values()
