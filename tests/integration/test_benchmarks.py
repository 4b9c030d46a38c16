"""The benchmarks run and say what they promise; how fast is nothing for a test to judge."""

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import process_time
from typing import Any

import orjson
import pytest

from shared.domain.errors import Rejected, Unavailable
from tests.benchmarks.api import BARE
from tests.benchmarks.api_cases import CASES
from tests.benchmarks.costs import medians, quotients
from tests.benchmarks.open_loop import arrivals
from tests.benchmarks.peers.installed import install
from tests.benchmarks.peers.known import PEERS
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.report import write_report
from tests.support.benches import check_page, quick_report
from tests.support.kafka import need_kafka

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
def test_the_pipeline_benchmark_executes_every_event_and_reports_positive_figures(
    tmp_path: Path,
) -> None:
    """One short round of Turnout and of the floor; nothing lost, nothing twice, no zero."""
    need_kafka(embedded=True)
    report = quick_report("pipeline")
    check_page(report, tmp_path)

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


def test_the_run_benchmark_ends_what_it_started_in_three_steps_each_beside_its_floors(
    tmp_path: Path,
) -> None:
    """On every side: what was counted is in the database, with three results an execution."""
    report = quick_report("run")
    check_page(report, tmp_path)

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
    report = quick_report("scale")
    check_page(report, tmp_path)

    one, two = report["sides"]["one"], report["sides"]["two"]
    assert min(one["executions_per_s"], two["executions_per_s"]) > 0
    assert report["cpu_of_one"] == two["turnout_cpu_s_per_1000"] / one["turnout_cpu_s_per_1000"]
    assert report["marks"]["cpu_within_a_tenth"] == (report["cpu_of_one"] <= 1.1)


def test_the_match_benchmark_finds_each_event_its_workflow(tmp_path: Path) -> None:
    """Among one and among many, beside asking each; as many are read from Postgres."""
    report = quick_report("match")
    text = check_page(report, tmp_path)

    assert set(report["cases"]) == {"equality", "presence"}
    for case in report["cases"].values():
        for count, found in case["workflows"].items():
            assert found["matches_an_event"] == 1
            assert 1 <= found["tried_an_event"] <= int(count)
            assert found["events_per_cpu_s"] > 0 < found["brute_events_per_cpu_s"]
            assert found["live_cpu_s"] > 0
            assert f"| {found['live_s']:.1f} ({found['live_cpu_s']:.1f}) |" in text


def test_the_neighbours_benchmark_sets_a_quiet_environment_beside_a_noisy_one(
    tmp_path: Path,
) -> None:
    """Each side follows every event of the quiet environment; alone there is no noise."""
    report = quick_report("neighbours", "--bus", "local")
    check_page(report, tmp_path)

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
    report = quick_report("api", "--bus", "local")
    check_page(report, tmp_path)

    assert set(report["sides"]) == {"turnout", "produces", "answers"}
    for side in report["sides"].values():
        for form in ("single", "batch"):
            assert min(side[form]["per_s"], side[form]["per_cpu_s"]) > 0
    assert set(report["reads"]) == {BARE, *CASES}
    for took in report["reads"].values():
        assert 0 < took["p50"] <= took["p99"] <= took["max"]


def test_the_webhooks_benchmark_delivers_to_every_side(tmp_path: Path) -> None:
    """Every delivery is taken, signed or not, by a workflow's address and by an endpoint's."""
    report = quick_report("webhooks", "--bus", "local")
    check_page(report, tmp_path)

    assert set(report["sides"]) == {"produces", "open", "signed", "endpoint"}
    for side in report["sides"].values():
        assert 0 < side["ms"]["p50"] <= side["ms"]["p99"] <= side["ms"]["max"]


def test_the_deliveries_benchmark_tells_each_record_once(tmp_path: Path) -> None:
    """All that was published arrives, at a cost that is told beside the bare loop's."""
    report = quick_report("deliveries", "--bus", "local")
    check_page(report, tmp_path)

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


def test_cpu_time_is_seen_below_a_tick_of_the_system() -> None:
    """What idle processes use is less than a hundredth of a second, and is not lost."""
    for _ in range(20):
        before, own_s = cpu_seconds(os.getpid()), process_time()
        while (used_s := process_time() - own_s) < 0.002:
            pass
        assert cpu_seconds(os.getpid()) - before >= used_s


def test_a_ratio_to_nothing_is_none_and_does_not_count_in_the_median() -> None:
    """Quotients keep their places; rounds without one are left out."""
    rounds = [quotients({"a": {"b": 6.0}}, {"a": {"b": base}}) for base in (0.0, 2.0, 3.0)]
    assert rounds[0] == {"a": {"b": None}}
    assert medians(rounds) == {"a": {"b": 2.5}}
    assert medians(rounds[:1]) == {"a": {"b": None}}


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
