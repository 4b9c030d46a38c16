"""``turnout test``, lint with past events and what-if, as commands."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.command import eventually, turnout
from tests.integration.cli.conftest import Turnout
from tests.integration.cli.test_workflow_files import new_name, written

pytestmark = pytest.mark.xdist_group("cli")

EXAMPLE = Path(__file__).parents[3] / "examples" / "tests" / "order.yaml"
SLOW = (
    *("aiohttp", "aiokafka", "asyncio", "asyncpg", "jwt", "liquid", "rich", "structlog"),
    *("services.api.resources", "shared.assembly", "shared.bus", "shared.db", "shared.egress"),
)


def test_tests_need_no_server_and_tell_by_their_exit_code(tmp_path: Path) -> None:
    """0 where all hold, 1 where one fails, 2 for a wrong command line, 4 for a refused file."""
    nowhere = {"TURNOUT_URL": "http://127.0.0.1:1", "DATABASE_URL": "postgresql://127.0.0.1:1/x"}
    report = tmp_path / "results.xml"
    done = turnout("test", str(EXAMPLE), "--json", "--junit", str(report), env=nowhere)
    assert (done.code, [one["holds"] for one in done.json]) == (0, [True] * 4), done.err
    assert '<testsuites tests="4" failures="0"' in report.read_text()
    flow = {"name": "w", "triggers": [{"event_name": "go"}], "run_if": "payload.n > 1"}
    suite = tmp_path / "suite.json"
    event = {"type": "go", "payload": {"n": 1}}
    suite.write_text(json.dumps({"workflows": [flow], "event": event, "matches": ["w"]}))
    done = turnout("test", str(suite), str(EXAMPLE))
    assert done.code == 1
    assert "suite.json: suite\n  'w' should start, and does not: RUN_IF_FALSE" in done.out
    assert "4 of 5 tests hold" in done.out
    suite.write_text("{}")
    assert turnout("test", str(suite)).code == 4
    assert turnout("test").code == 2


def test_tests_load_nothing_of_the_services() -> None:
    """Neither server, database nor bus, nor what paints tables: a run is mostly what it loads."""
    code = (
        "import sys; from services.cli.__main__ import TURNOUT;"
        f"TURNOUT.main(['test', {str(EXAMPLE)!r}], standalone_mode=False);"
        f"sys.exit(' '.join(n for n in sys.modules if n.startswith({SLOW!r})) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert "4 of 4 tests hold" in done.stdout


def sent(client: Turnout, name: str, numbers: range) -> None:
    """Events for the workflow of a file, archived."""
    events = [{"type": f"{name}:go", "payload": {"n": number}} for number in numbers]
    done = client("event", "send", "--file", "-", given=json.dumps(events))
    assert done.code == 0, done.err
    eventually(_are_archived(client, name, len(numbers)))


def _are_archived(client: Turnout, name: str, count: int) -> Callable[[], bool]:
    def are() -> bool:
        return len(client("event", "list", "--type", f"{name}:go", "--json").json) == count

    return are


def test_what_past_events_say_of_a_changed_file(client: Turnout, tmp_path: Path) -> None:
    """Which start now, and which no longer; 1 where any does otherwise, 0 where none does."""
    name = new_name()
    file = written(tmp_path, name)
    file.write_text(f"{file.read_text()}  - {{id: off, action: transform, run_if: 1 = 2}}\n")
    done = client("workflow", "apply", str(file))
    assert (done.code, "/steps/1/run_if" in done.err, "NEVER_RUNS" in done.err) == (0, True, True)
    sent(client, name, range(3))
    once = file.read_text()
    file.write_text(once.replace("payload.n > 1", "payload.n >= 1"))
    done = client("workflow", "diff", str(file), "--since", "1h", "--json")
    assert done.code == 1, done.err
    told: Any = done.json[0]["what_if"]
    assert told["matched"] == {"before": 1, "after": 2}
    assert told["newly_matched"]["count"] == 1
    shown = client("workflow", "diff", str(file), "--last", "3")
    assert (shown.code, "newly matched: 1" in shown.out) == (1, True), shown.err
    assert "RUN_IF_FALSE 1" in shown.out
    file.write_text(once.replace("id: say", "id: say\n    name: Says it"))
    assert client("workflow", "diff", str(file)).code == 1
    assert client("workflow", "diff", str(file), "--last", "3").code == 0
    assert client("workflow", "diff", str(file), "--since", "soon").code == 2
    assert client("workflow", "diff", str(file), "--since", "0h").code == 4
    found = client("workflow", "lint", str(file), "--json").json
    assert "CONDITION_FAILS" not in {one["code"] for one in found}
    file.write_text(once.replace("payload.n > 1", "payload.n = '1'"))
    found = client("workflow", "lint", str(file), "--json").json
    [finding] = [one for one in found if one["code"] == "OTHER_TYPE_SEEN"]
    assert finding["event_key"] is not None
    static = client("workflow", "lint", str(file), "--events", "0", "--json").json
    assert "OTHER_TYPE_SEEN" not in {one["code"] for one in static}
    done = client("workflow", "apply", str(file))
    assert f"OTHER_TYPE_SEEN; see event {finding['event_key']}" in done.err
    assert "OTHER_TYPE_SEEN" not in client("workflow", "apply", str(file)).err, "nothing was saved"
