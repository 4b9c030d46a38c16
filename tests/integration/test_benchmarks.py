"""The benchmarks run and say what they promise; how fast is nothing for a test to judge."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest

from tests.support.kafka import need_kafka

pytestmark = pytest.mark.slow


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
def test_the_pipeline_benchmark_executes_every_event_and_reports_positive_figures() -> None:
    """One short round of Turnout and of the floor; nothing lost, nothing twice, no zero."""
    need_kafka(embedded=True)
    report = _report("pipeline")

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


def test_the_parked_benchmark_parks_and_wakes_every_execution_and_reports_positive_figures() -> (
    None
):
    """None is lost on the way, those that are due wake, those that are not stay parked."""
    report = _report("parked")

    assert report["parked"] == report["extent"]["count"]
    late, done = report["due"]["resumed_s"], report["due"]["completed_s"]
    assert 0 <= late["p50"] <= late["p99"] <= late["max"] <= done["max"]
    assert done["max"] <= report["due"]["all_completed_s"]
    parking, memory = report["parking"], report["parking"]["resident_bytes"]
    assert 0 < memory["before"] <= memory["peak"] >= memory["after"] > 0
    assert set(parking["table_bytes_each"]) == {
        *("bus_records", "execution_log", "executions", "timers"),
    }
    assert min(parking["wal_bytes_each"], *parking["per_s"]) > 0
    assert min(report["parked_per_s"], report["of_awake"], *report["restart"].values()) > 0


def _report(name: str) -> Any:
    program = "from services.cli.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "bench", name, "--quick", "--json"],
        check=True,
        stdout=subprocess.PIPE,
        timeout=110,
    )
    return orjson.loads(done.stdout)


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
