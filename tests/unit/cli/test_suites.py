"""Files of tests of workflows: what they say, and what they come to."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.cli.test.judge import judge
from services.cli.test.suites import read_suite
from shared.domain.errors import Invalid, Rejected
from shared.expr.jsonata import ExpressionCache

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LARGE: dict[str, Any] = {
    "name": "large",
    "key": "large-orders",
    "triggers": [{"event_name": "order:placed"}],
    "run_if": "payload.total > 100",
    "steps": [{"id": "a", "action": "ours"}],
}
OPEN: dict[str, Any] = {
    "name": "open",
    "triggers": [{"event_name": "order:*"}],
    "filters": {"payload.status": "open"},
}
BOTH = {"type": "order:placed", "payload": {"total": 200, "status": "open"}}
SMALL = {"type": "order:placed", "payload": {"total": 5, "status": "open"}}


def failures(
    folder: Path, document: Mapping[str, Any], others: Sequence[Path] = ()
) -> list[Sequence[str]]:
    """What each test of a file failed with."""
    path = folder / "suite.json"
    path.write_bytes(orjson.dumps(document))
    suite = read_suite(path, others, NOW)
    return [one.failures for one in judge(suite, ExpressionCache(64), lambda: 0.0)]


def of_one(folder: Path, event: Any, *workflows: Any, **expected: Any) -> Sequence[str]:
    """What a single test fails with."""
    document = {"workflows": [*(workflows or (LARGE, OPEN))], "event": event, **expected}
    [found] = failures(folder, document)
    return found


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (BOTH, {"matches": ["large", "open"]}),
        (BOTH, {"matches": ["large-orders", "open"]}),
        (SMALL, {"matches": ["open"], "not": {"large": "RUN_IF_FALSE"}}),
        (SMALL, {"not": {"large": None}}),
        ({"type": "order:sent"}, {"matches": [], "not": {"large": "NO_TRIGGER"}}),
        ({"type": "order:sent"}, {"not": {"open": "FILTER_FALSE"}}),
        ({"type": "order:placed"}, {"not": {"large": "RUN_IF_UNDEFINED"}}),
    ],
)
def test_what_is_as_the_test_says(tmp_path: Path, event: Any, expected: Any) -> None:
    """By name or key; a reason may be left open, and so may what starts at all."""
    assert of_one(tmp_path, event, **expected) == ()


@pytest.mark.parametrize(
    ("event", "expected", "begins"),
    [
        (SMALL, {"matches": ["large", "open"]}, "'large' should start, and does not: RUN_IF_FALSE"),
        (BOTH, {"matches": ["large"]}, "'open' starts, and should not."),
        (BOTH, {"matches": []}, "'large' starts, and should not."),
        (BOTH, {"not": {"large": "RUN_IF_FALSE"}}, "'large' starts, and should not."),
        (
            SMALL,
            {"not": {"large": "FILTER_FALSE"}},
            "'large' does not start, but not for FILTER_FALSE: RUN_IF_FALSE: ",
        ),
    ],
)
def test_what_is_otherwise(tmp_path: Path, event: Any, expected: Any, begins: str) -> None:
    """A sentence says what is, and why."""
    assert of_one(tmp_path, event, **expected)[0].startswith(begins)


def test_a_failure_is_explained_with_its_operands(tmp_path: Path) -> None:
    """As ``turnout explain`` would: the clause, and what the event has there."""
    [told] = of_one(tmp_path, SMALL, LARGE, matches=["large"])
    assert '"payload.total > 100" is false; payload.total is 5' in told


def test_a_workflow_that_is_off_or_a_draft_starts_nothing(tmp_path: Path) -> None:
    """The file says which it is."""
    off, draft = {**LARGE, "is_active": False}, {**OPEN, "draft": True}
    expected = {"matches": [], "not": {"large": "INACTIVE", "open": "DRAFT"}}
    assert of_one(tmp_path, BOTH, off, draft, **expected) == ()


def test_workflows_of_other_systems(tmp_path: Path) -> None:
    """A document in another system's words is matched with that system's scope."""
    thena = orjson.loads(Path("examples/thena/workflow.json").read_bytes())
    name = thena["name"]
    types = {thena["triggerEvent"]: "ticket:created"}
    event = {"type": "other"}
    told = of_one(tmp_path, event, thena, event_types=types, **{"not": {name: "NO_TRIGGER"}})
    assert told == ()


def test_faults_have_their_places_in_the_words_of_their_system(tmp_path: Path) -> None:
    """Not in those that it is compiled into."""
    config = {"run_if": "1 +", "steps": []}
    truto = {"trigger_name": "ticket:created", "config": config}
    with pytest.raises(Invalid) as raised:
        of_one(tmp_path, BOTH, truto, matches=[])
    assert [each.pointer for each in raised.value.problems] == ["/config/run_if"]


def test_files_beside_it_and_folders_for_all(tmp_path: Path) -> None:
    """Files are named from the folder of the tests; more come from the command line."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "open.yaml").write_bytes(orjson.dumps(OPEN))
    (tmp_path / "large.json").write_bytes(orjson.dumps(LARGE))
    cases = [
        {"name": "both", "event": BOTH, "matches": ["large", "open"]},
        {"event": SMALL, "matches": ["large"]},
    ]
    document = {"workflows": ["large.json"], "cases": cases}
    first, second = failures(tmp_path, document, [tmp_path / "flows"])
    assert (first, len(second)) == ((), 2)


@pytest.mark.parametrize(
    ("document", "code", "pointer"),
    [
        ({"cases": []}, "TOO_SHORT", "/cases"),
        ({"event": BOTH}, "NOTHING_ASKED", "/cases/0"),
        ({"event": BOTH, "matches": [], "cases": [{"event": BOTH}]}, "EVENT_AND_CASES", "/event"),
        ({"event": {"payload": 1}, "matches": []}, "MISSING_TYPE", "/cases/0/event"),
        ({"event": BOTH, "matches": ["larg"]}, "UNKNOWN_WORKFLOW", "/cases/0/matches/0"),
        ({"event": BOTH, "not": {"larg": None}}, "UNKNOWN_WORKFLOW", "/cases/0/not/larg"),
        (
            {"workflows": [LARGE, {**OPEN, "key": "large"}], "event": BOTH, "matches": []},
            "SAME_NAME",
            "/workflows",
        ),
        (
            {"workflows": [{**LARGE, "run_if": "1 +"}], "event": BOTH, "matches": []},
            "INVALID_EXPRESSION",
            "/run_if",
        ),
    ],
)
def test_files_that_are_refused(
    tmp_path: Path, document: dict[str, Any], code: str, pointer: str
) -> None:
    """Each fault has its place; nothing is judged."""
    with pytest.raises(Invalid) as raised:
        failures(tmp_path, {"workflows": [LARGE], **document})
    [problem, *_] = raised.value.problems
    assert problem.code.upper() == code
    assert problem.pointer.startswith(pointer)
    assert "suite.json" in raised.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(Rejected, match="absent"):
        failures(tmp_path, {"workflows": ["absent.yaml"], "event": BOTH, "matches": []})
