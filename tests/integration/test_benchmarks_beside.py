"""What waits, idles, sleeps or is flooded is measured beside what it is compared with.

How fast it is, is nothing for a test to judge.
"""

from pathlib import Path
from statistics import median

import pytest

from services.cli.process.roles import ROLES
from tests.support.benches import check_page, quick_report
from tests.support.kafka import need_kafka

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_the_parked_benchmark_parks_and_wakes_every_execution_beside_those_awake(
    tmp_path: Path,
) -> None:
    """None is lost, those that are due wake; each round has its ratios, which have their median."""
    report = quick_report("parked")
    check_page(report, tmp_path)

    assert report["parked"] == report["extent"]["count"]
    rounds = report["rounds"]
    assert len(rounds) == len(report["restart"]["rounds"]) == report["extent"]["rounds"] > 1
    for found in rounds:
        parked, awake = found["parking"], found["awake"]
        assert found["of_awake"] == found["parked_per_s"] / found["awake_per_s"]
        by_cpu = awake["all_cpu_s_per_1000"] / parked["all_cpu_s_per_1000"]
        assert found["of_awake_by_cpu"] == by_cpu
        for cost in (parked, awake, found["due"]):
            assert min(cost["wal_bytes_per_execution"], cost["commits_per_1000_steps"]) > 0
    for figure in ("of_awake", "of_awake_by_cpu", "parked_per_s", "awake_per_s"):
        assert report[figure] == median(found[figure] for found in rounds) > 0
    late, done = report["due"]["resumed_s"], report["due"]["completed_s"]
    assert 0 <= late["p50"] <= late["p99"] <= late["max"] <= done["max"]
    assert done["max"] <= report["due"]["all_completed_s"]
    parking, memory = report["parking"], report["parking"]["resident_bytes"]
    assert 0 < memory["before"] <= memory["peak"] >= memory["after"] > 0
    assert set(parking["table_bytes_each"]) == {
        *("bus_records", "execution_log", "executions", "timers"),
    }
    assert memory["growth"] == memory["peak"] - memory["before"]
    assert min(parking["wal_bytes_per_execution"], *parking["per_s"]) > 0
    for restart in report["restart"]["rounds"]:
        assert restart["of_none"] == restart["over_parked_s"] / restart["over_none_s"]


def test_the_latency_benchmark_counts_every_event_from_the_instant_it_was_due(
    tmp_path: Path,
) -> None:
    """At every level each event is followed to its end, and no percentile is out of order."""
    report = quick_report("latency", "--bus", "local")
    check_page(report, tmp_path)

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
    assert not any("of_floor" in level for level in levels.values()), "there is none"


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
def test_the_latency_benchmark_sets_every_level_beside_the_floor_at_the_same_rate(
    tmp_path: Path,
) -> None:
    """Each ratio is the quotient of both sides' figures, each hop's of it and the floor's one."""
    need_kafka(embedded=True)
    report = quick_report("latency")
    text = check_page(report, tmp_path)

    turnout, floor = (report["sides"][name]["levels"] for name in ("turnout", "floor"))
    assert set(turnout) - set(floor) == {"unloaded_calls"}
    for label, bare in floor.items():
        level = turnout[label]
        ratios = level["of_floor"]
        for figure in ("per_s", "all_cpu_s_per_1000", "wal_bytes_per_execution"):
            assert ratios[figure] == level[figure] / bare[figure]
        for figure in ("began_ms", "seen_ms"):
            assert ratios[figure] == {c: level[figure][c] / bare[figure][c] for c in bare[figure]}
        assert bare["of_floor"]["per_s"] == 1
        assert f"| {ratios['all_cpu_s_per_1000']:.2f} |" in text
    assert {turnout[f"{n}%"]["of_floor"]["per_s"] for n in (10, 50, 80)} == {1}
    hops, bare_hops = turnout["unloaded"]["hops_ms"], floor["unloaded"]["hops_ms"]
    assert list(bare_hops) == ["publisher", "executor", "commit", "consumer"]
    assert turnout["unloaded"]["of_floor"]["hops_ms"] == {
        **{n: hops[n] / bare_hops["executor"] for n in ("trigger_ingest", "matcher", "executor")},
        "commit": hops["commit"] / bare_hops["commit"],
    }


def test_the_idle_benchmark_names_what_idle_roles_ask_of_postgres(tmp_path: Path) -> None:
    """Every role is looked at; statements are those of Turnout, none without it.

    All of it stands beside what the servers use by themselves.
    """
    report = quick_report("idle")
    text = check_page(report, tmp_path)

    idle, alone = report["sides"]["local"], report["sides"]["servers_alone"]
    roles = {"api", "trigger-ingest", "matcher", "executor", "scheduler", "webhooks"}
    assert set(idle["cpu_percent"]) == {*roles, "postgres"}
    assert set(idle["wakeups_per_s"]) == roles
    assert sum(idle["wakeups_per_s"].values()) > 0
    assert 0 < sum(idle["statements"].values()) <= idle["statements_per_s"] + 1e-9
    assert set(alone["cpu_percent"]) == {"postgres"}
    assert alone["statements_per_s"] == 0
    assert idle["all_cpu_percent"] == pytest.approx(sum(idle["cpu_percent"].values()))
    base = idle["servers_alone_cpu_percent"]
    assert base == alone["cpu_percent"]["postgres"] > 0, "it wakes every few seconds"
    assert idle["of_servers_alone"] == idle["all_cpu_percent"] / base > 1
    assert alone["of_servers_alone"] == 1
    assert f"| {idle['of_servers_alone']:.2f} | 1.00 |" in text
    for figure in ("wal_bytes_per_s", "commits_per_s"):  # alone: of housekeeping, which may come
        assert idle[figure] > 0 <= alone[figure]


def test_the_pressure_benchmark_does_everything_once_and_looks_at_memory_and_lag(
    tmp_path: Path,
) -> None:
    """Whatever was sent is completed, with its results; every process and role is looked at."""
    report = quick_report("pressure", "--bus", "local")
    check_page(report, tmp_path)

    assert report["marks"]["all_once"]
    assert report["completed"] == report["sent"] > 0
    assert set(report["memory"]) == set(report["event_loops"]) == set(ROLES)
    assert set(report["lag_max"]) == set(ROLES) - {"api", "scheduler"}
    assert max(report["lag_max"].values()) > 0
    assert set(report["samples"][-1]["lag"].values()) == {0}
    assert report["poured_s"] <= report["took_s"]
    loops = report["event_loops"].values()
    assert all(loop["looks"] >= 1 for loop in loops)
    assert max(loop["mean_s"] for loop in loops) > 0
    assert report["marks"]["told_once"]
    assert report["told"]["received"] == report["told"]["wanted"] > 0
    assert report["api"]["answered"] == len(report["samples"])
    assert report["marks"]["api_answers"]
