"""The benchmarks run and say what they promise; how fast is nothing for a test to judge."""

import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest

from shared.domain.errors import Rejected, Unavailable
from tests.benchmarks.api import BARE
from tests.benchmarks.api_cases import CASES
from tests.benchmarks.open_loop import arrivals
from tests.benchmarks.peers.installed import install
from tests.benchmarks.peers.known import PEERS
from tests.benchmarks.report import write_report
from tests.support.kafka import need_kafka

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
def test_the_pipeline_benchmark_executes_every_event_and_reports_positive_figures(
    tmp_path: Path,
) -> None:
    """One short round of Turnout and of the floor; nothing lost, nothing twice, no zero."""
    need_kafka(embedded=True)
    report = _report("pipeline")
    _check_page(report, tmp_path)

    extent = report["extent"]
    total = extent["warm_up"] + extent["events"]
    total += extent["latency_per_s"] * extent["latency_for_s"]
    assert set(report["sides"]) == {"one_process", "floor"}
    for side in report["sides"].values():
        assert [r["completed"] for r in side["rounds"]] == [total]
        assert [r["published_steps"] for r in side["rounds"]] == [3 * total]
        assert [r["published_phases"] for r in side["rounds"]] == [3 * total]
        assert min(_figures(side)) > 0
    assert report["sides"]["floor"]["of_floor"] == 1


def test_the_parked_benchmark_parks_and_wakes_every_execution_and_reports_positive_figures(
    tmp_path: Path,
) -> None:
    """None is lost on the way, those that are due wake, those that are not stay parked."""
    report = _report("parked")
    _check_page(report, tmp_path)

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


def test_the_run_benchmark_ends_what_it_started_in_three_steps_each_beside_its_floors(
    tmp_path: Path,
) -> None:
    """On every side: what was counted is in the database, with three results an execution."""
    report = _report("run")
    _check_page(report, tmp_path)

    [(width, at)] = report["concurrency"].items()
    assert [int(width)] == report["extent"]["concurrency"]
    assert min(at["of_floor"], at["of_floor_at_once"]) > 0
    for side in ("turnout", "floor", "floor_at_once"):
        [found] = at[side]["rounds"]
        assert found["ended"] == found["completed"] > 0
        assert found["steps"] == 3 * found["ended"]
        assert at[side]["executions_per_s"] == found["executions_per_s"] > 0
        assert min(found["cost"]["wal_bytes_per_execution"], at[side]["all_cpu_s_per_1000"]) > 0
    commits = {side: at[side]["commits_per_1000_steps"] for side in ("floor", "floor_at_once")}
    assert 0 < commits["floor_at_once"] < commits["floor"] / 2


def test_the_scale_benchmark_sets_two_processes_beside_one(tmp_path: Path) -> None:
    """Both sides execute, and the ratios are those of the sides."""
    report = _report("scale")
    _check_page(report, tmp_path)

    one, two = report["sides"]["one"], report["sides"]["two"]
    assert min(one["executions_per_s"], two["executions_per_s"]) > 0
    assert report["cpu_of_one"] == two["turnout_cpu_s_per_1000"] / one["turnout_cpu_s_per_1000"]
    assert report["marks"]["cpu_within_a_tenth"] == (report["cpu_of_one"] <= 1.1)


def test_the_latency_benchmark_counts_every_event_from_the_instant_it_was_due(
    tmp_path: Path,
) -> None:
    """At every level each event is followed to its end, and no percentile is out of order."""
    report = _report("latency", "--bus", "local")
    _check_page(report, tmp_path)

    [levels] = report["sides"]["turnout"]["rounds"]
    assert list(levels) == ["saturation", "unloaded", "unloaded_calls", "10%", "50%", "80%"]
    rate = levels["saturation"]["per_s"]
    assert [levels[f"{share}%"]["per_s"] / rate for share in (10, 50, 80)] == pytest.approx(
        [0.1, 0.5, 0.8]
    )
    for level in levels.values():
        assert level["executions"] >= 2
        for figure in ("began_ms", "overhead_ms", "seen_ms"):
            found = list(level[figure].values())
            assert found == sorted(found)
        assert 0 < level["began_ms"]["p50"] <= level["seen_ms"]["p50"]
    hops = levels["unloaded"]["hops_ms"]
    assert list(hops)[1:4] == ["trigger_ingest", "matcher", "executor"]
    assert min(hops.values()) > 0


def test_the_idle_benchmark_names_what_idle_roles_ask_of_postgres(tmp_path: Path) -> None:
    """Every role is looked at; statements are those of Turnout, none without it."""
    report = _report("idle")
    _check_page(report, tmp_path)

    idle, alone = report["sides"]["local"], report["sides"]["servers_alone"]
    roles = {"api", "trigger-ingest", "matcher", "executor", "scheduler", "webhooks"}
    assert set(idle["cpu_percent"]) == {*roles, "postgres"}
    assert set(idle["wakeups_per_s"]) == roles
    assert sum(idle["wakeups_per_s"].values()) > 0
    assert 0 < sum(idle["statements"].values()) <= idle["statements_per_s"] + 1e-9
    assert set(alone["cpu_percent"]) == {"postgres"}
    assert alone["statements_per_s"] == 0


def test_the_pressure_benchmark_does_everything_once_and_looks_at_memory_and_lag(
    tmp_path: Path,
) -> None:
    """Whatever was sent is completed, with its results; every process and role is looked at."""
    report = _report("pressure", "--bus", "local")
    _check_page(report, tmp_path)

    assert report["marks"]["all_once"]
    assert report["completed"] == report["sent"] > 0
    roles = {"trigger-ingest", "matcher", "executor", "scheduler"}
    assert set(report["memory"]) == roles
    assert set(report["lag_max"]) == roles - {"scheduler"}
    assert max(report["lag_max"].values()) > 0
    assert set(report["samples"][-1]["lag"].values()) == {0}
    assert report["poured_s"] <= report["took_s"]


def test_the_neighbours_benchmark_sets_a_quiet_environment_beside_a_noisy_one(
    tmp_path: Path,
) -> None:
    """Each side follows every event of the quiet environment; alone there is no noise."""
    report = _report("neighbours", "--bus", "local")
    _check_page(report, tmp_path)

    sides = report["sides"]
    assert list(sides) == ["alone", "unread", "own_topic", "own_topic_quota", "same_topic"]
    assert [side["noise_per_s"] > 0 for side in sides.values()] == [False, *[True] * 4]
    for side in sides.values():
        assert 0 < side["began_ms"]["p50"] <= side["began_ms"]["p99"]
        assert side["executions"] >= 2
    assert sides["alone"]["p99_of_alone"] == sides["unread"]["p99_of_unread"] == 1
    assert set(report["marks"]) == set(sides) - {"alone", "unread"}


def test_the_api_benchmark_asks_everything_of_everyone(tmp_path: Path) -> None:
    """Events are taken by every side in both forms, and every question is answered."""
    report = _report("api", "--bus", "local")
    _check_page(report, tmp_path)

    assert set(report["sides"]) == {"turnout", "produces", "answers"}
    for side in report["sides"].values():
        for form in ("single", "batch"):
            assert min(side[form]["per_s"], side[form]["per_cpu_s"]) > 0
    assert set(report["reads"]) == {BARE, *CASES}
    for took in report["reads"].values():
        assert 0 < took["p50"] <= took["p99"] <= took["max"]


def test_the_webhooks_benchmark_delivers_to_every_side(tmp_path: Path) -> None:
    """Every delivery is taken, signed or not, by a workflow's address and by an endpoint's."""
    report = _report("webhooks", "--bus", "local")
    _check_page(report, tmp_path)

    assert set(report["sides"]) == {"produces", "open", "signed", "endpoint"}
    for side in report["sides"].values():
        assert 0 < side["ms"]["p50"] <= side["ms"]["p99"] <= side["ms"]["max"]


def test_the_deliveries_benchmark_tells_each_record_once(tmp_path: Path) -> None:
    """All that was published arrives, at a cost that is told beside the bare loop's."""
    report = _report("deliveries", "--bus", "local")
    _check_page(report, tmp_path)

    turnout, floor = report["sides"]["turnout"], report["sides"]["floor"]
    assert turnout["received"] == turnout["wanted"] > report["extent"]["deliveries"]
    assert floor["received"] == report["extent"]["deliveries"]
    assert report["marks"]["each once"]
    for side in (turnout, floor):
        assert min(side["deliveries_per_s"], side["per_cpu_s"], side["of_floor_by_cpu"]) > 0
    assert 0 < turnout["told_ms"]["p50"] <= turnout["told_ms"]["p99"]
    assert turnout["commits_per_1000"] > 0
    assert floor["of_floor"] == 1


def test_the_report_refuses_what_no_benchmark_said(tmp_path: Path) -> None:
    """A folder without results, and a file that is none, are named instead of rendered."""
    with pytest.raises(Rejected, match="There is no"):
        write_report([tmp_path], tmp_path)
    (tmp_path / "other.json").write_text('{"benchmark": "another"}')
    with pytest.raises(Rejected, match="is not what a benchmark says"):
        write_report([tmp_path], tmp_path)


def test_events_are_due_at_instants_that_the_seed_alone_decides() -> None:
    """They ascend within the time, as many as the rate says, the same ones for the same seed."""
    drawn = arrivals(100, 50, random.Random(1))
    assert drawn == arrivals(100, 50, random.Random(1))
    assert list(drawn) == sorted(drawn)
    assert 0 <= drawn[0] <= drawn[-1] < 50
    assert len(drawn) == pytest.approx(5_000, rel=0.1)


async def test_a_peer_that_cannot_be_installed_says_why(tmp_path: Path) -> None:
    """Where its environment cannot be made it is unavailable, with the reason."""
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(Unavailable, match="cannot be made"):
        await install(PEERS["dbos"], tmp_path / "cache")


def test_a_peer_that_was_not_measured_is_shown_with_its_reason_and_never_as_zero(
    tmp_path: Path,
) -> None:
    """Its line says why; the picture has a bar for those that were measured, and no other."""
    set_up = {"pins": [], "settings": "as it comes", "advice": [], "rounds": []}
    figures = {"executions_per_s": 2.5, "all_cpu_s_per_1000": 1.0, "turnout_of_it": 1.0}
    load = {"before": 0.1, "after": 2.0}
    found = {
        "benchmark": "peers",
        "machine": {"cpus": 2, "python": "3.11", "was_idle": True, "load_average": load},
        "extent": {"rounds": 1},
        "peers": {
            "turnout": {**set_up, **figures, "concurrency": 16, "tried": {"16": 2.5}},
            "other": {**set_up, "not_measured": "there is none"},
        },
    }
    (tmp_path / "found.json").write_bytes(orjson.dumps(found))
    page = (write_report([tmp_path], tmp_path) / "peers.md").read_text("utf-8")

    assert "| other | not measured: there is none |" in page
    assert "other" not in (tmp_path / "found-1.svg").read_text("utf-8")


def _check_page(found: Mapping[str, Any], folder: Path) -> None:
    """The report of a result has its table and its pictures, which are well-formed."""
    (folder / "found.json").write_bytes(orjson.dumps(found))
    text = (write_report([folder], folder / "page") / "report.md").read_text("utf-8")
    pictures = sorted((folder / "page").glob("*.svg"))

    assert "| --- |" in text
    assert pictures
    for picture in pictures:
        assert f"({picture.name})" in text
        rectangles = ET.parse(picture).iter("{http://www.w3.org/2000/svg}rect")
        assert all(float(r.attrib["width"]) > 0 for r in rectangles)


def _report(name: str, *options: str) -> Any:
    program = "from services.cli.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "bench", name, "--quick", "--json", *options],
        check=True,
        stdout=subprocess.PIPE,
        timeout=380,
    )
    return orjson.loads(done.stdout)


def _figures(side: Mapping[str, Any]) -> Iterator[float]:
    """Every figure that cannot be zero; CPU time comes in hundredths of a second."""
    yield side["of_floor"]
    yield side["python_cpu_s_per_1000"]
    for found in (side, *side["rounds"]):
        yield found["executions_per_s"]
        yield found["wal_bytes_per_execution"]
        yield found["commits_per_1000_steps"]
        yield from found["step_began_ms"].values()
        yield from found["result_seen_ms"].values()
