"""``turnout demo``: the main job from nothing, by one command."""

import signal
from pathlib import Path

import pytest

from services.cli.demo.plan import full_workflow, minimal_workflow
from tests.integration.cli.command import eventually, running, turnout
from tests.support.kafka import need_kafka

EXAMPLES = Path(__file__).parents[2] / "examples"
KEPT = {
    "ok": True,
    "missing": [],
    "published": 11,
    "events": 10,
    "duplicates_dropped": 1,
    "matched": 4,
    "executions_completed": 4,
    "calls_received": 4,
}


def test_demo_on_the_local_bus() -> None:
    """The demo keeps every promise within 20 s, and leaves nothing behind."""
    done = turnout("demo", "--json")
    assert done.code == 0, done.err
    assert KEPT.items() <= done.json.items()
    assert done.json["elapsed_s"] < 20
    assert len({result["id"] for result in done.json["results"]}) == 4


def test_demo_shows_results_and_reasons() -> None:
    """People see each step result, the sums, and why the other events started nothing."""
    done = turnout("demo")
    assert done.code == 0, done.err
    assert done.out.count("step result") == 4
    for reason in ("RUN_IF_FALSE", "NO_TRIGGER"):
        assert reason in done.out


def test_demo_minds_its_own_settings() -> None:
    """Settings meant for other processes neither reach nor harm the demo."""
    env = {
        "DATABASE_URL": "postgresql://u@127.0.0.1:1/db",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "TURNOUT_TOKEN": "0123456789abcdef",
        "TURNOUT_TOPIC_PREFIX": "other",
        "TURNOUT_EGRESS__DENY_NETWORKS": '["127.0.0.0/8"]',
    }
    done = turnout("demo", "--json", env=env)
    assert done.code == 0, done.err
    assert KEPT.items() <= done.json.items()


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
@pytest.mark.slow
def test_demo_on_apache_kafka() -> None:
    """The same over real Apache Kafka."""
    need_kafka()
    done = turnout("demo", "--bus", "kafka", "--json", within_s=110)
    assert done.code == 0, done.err
    assert KEPT.items() <= done.json.items()
    assert done.json["bus"] == "kafka"


def test_demo_on_kafka_names_what_is_missing(tmp_path: Path) -> None:
    """Without Java and Maven the demo on Kafka ends with 5 and says what to install."""
    done = turnout("demo", "--bus", "kafka", env={"PATH": str(tmp_path)})
    assert done.code == 5
    assert "java and mvn" in done.err
    assert "Traceback" not in done.err


def test_a_demo_cut_short_cleans_up(tmp_path: Path) -> None:
    """Ctrl-C in the middle ends the demo with 130; its folders are gone."""
    with running("demo", folder=tmp_path, env={"TMPDIR": str(tmp_path)}) as demo:
        eventually(lambda: "Starting every role" in demo.err)
        assert _names(tmp_path) != ["stderr.log"]
        assert demo.end(signal.SIGINT, within_s=20) == 130, demo.err
        assert _names(tmp_path) == ["stderr.log"]
        assert "Traceback" not in demo.err


def test_the_examples_are_what_the_demo_registers() -> None:
    """The bodies under examples/ are those of the demo, byte for byte."""
    assert (EXAMPLES / "minimal.json").read_bytes() == minimal_workflow()
    assert (EXAMPLES / "run-sync-job.json").read_bytes() == full_workflow()


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
