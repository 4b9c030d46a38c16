"""The house rules, as tests."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.executions import AttemptStatus, Status
from shared.domain.workflows import Dialect, Lifecycle

ROOT = Path(__file__).parents[2]
FUNCTION_LINES_MAX = 40
FILE_LINES_MAX = 300
ATTICS = {"utils", "util", "helpers", "common", "base", "core", "manager", "misc", "types"}

PRODUCT = sorted(p for place in ("shared", "services") for p in (ROOT / place).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
QUERIES = sorted((ROOT / "shared").rglob("queries/**/*.sql"))
WRITTEN_BY_PROGRAM = ROOT / "shared" / "client" / "api"
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function in a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def place(path: Path) -> str:
    """The file as a person would name it."""
    return str(path.relative_to(ROOT))


def test_there_is_a_house() -> None:
    """The searches below find what they are to judge."""
    assert len(PRODUCT) > 50
    assert len(QUERIES) > 10
    assert len(TESTS) > 20


@pytest.mark.parametrize("path", PRODUCT + TESTS, ids=place)
def test_files_and_functions_are_short(path: Path) -> None:
    """A file has at most 300 lines, a function at most 40 beside its docstring.

    The client's modules have a function for each route: nobody writes them by hand.
    """
    if path.parent != WRITTEN_BY_PROGRAM:
        assert len(path.read_text("utf-8").splitlines()) <= FILE_LINES_MAX
    for function in functions(path):
        docstring = ast.get_docstring(function) or ""
        lines = (function.end_lineno or 0) - function.lineno + 1 - len(docstring.splitlines())
        assert lines <= FUNCTION_LINES_MAX, f"{function.name} has {lines} lines"


def test_there_is_no_attic() -> None:
    """No module is named for being nowhere else."""
    assert [place(p) for p in PRODUCT if p.stem in ATTICS or p.parent.name in ATTICS] == []


def test_every_test_states_its_property() -> None:
    """Each test has a docstring."""
    silent = [
        f"{place(path)}: {function.name}"
        for path in TESTS
        for function in functions(path)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert silent == []


def test_no_test_sleeps_for_luck() -> None:
    """A test waits for what it expects; a bare sleep of a second or more expects nothing."""
    naps = re.compile(r"(?<!def )\bsleep\((?:[1-9]\d*(?:\.\d+)?)\)")
    assert [place(p) for p in TESTS if naps.search(p.read_text("utf-8"))] == []


def test_only_settings_read_the_environment() -> None:
    """The environment comes in through settings, and nowhere else."""
    allowed = {"shared/embedded", "services/cli"}
    readers = [
        place(p)
        for p in PRODUCT
        if re.search(r"\bos\.(environ|getenv)\b", p.read_text("utf-8"))
        and not any(place(p).startswith(a) for a in allowed)
    ]
    assert readers == []


def test_sql_lives_in_files_of_its_own() -> None:
    """No Python file of the product holds a statement that reads or writes tables."""
    statement = re.compile(r"\b(INSERT INTO|DELETE FROM|SELECT .+ FROM|UPDATE \w+ SET)\b")
    assert [place(p) for p in PRODUCT if statement.search(p.read_text("utf-8"))] == []


@pytest.mark.parametrize("path", QUERIES, ids=place)
def test_each_statement_says_what_it_promises(path: Path) -> None:
    """Two lines of comment first, then one statement that names its columns."""
    lines = path.read_text("utf-8").splitlines()
    assert lines[0].startswith("-- ")
    assert lines[1].startswith("-- ")
    statement = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    assert "SELECT *" not in statement.upper()
    assert ";" not in statement.rstrip().rstrip(";")


def test_the_schema_knows_the_states_of_the_domain() -> None:
    """The database's CHECK constraints and the domain's enums list the same words."""
    schema = (ROOT / "shared/db/schema.sql").read_text("utf-8")
    listed = [set(re.findall(r"'(\w+)'::text", c)) for c in re.findall(r"ARRAY\[(.+?)\]", schema)]
    for enum in (Status, AttemptStatus, Dialect, Lifecycle):
        assert {member.value for member in enum} in listed, enum.__name__


def test_the_lock_file_pins_by_hash_and_names_no_place() -> None:
    """Each requirement has a version and a hash; no address is written down."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "http" not in re.sub(r"aiohttp|httpx|httptools", "", lock)
    pins = re.findall(r"^[a-z0-9][^\s=]*==\S+", lock, re.MULTILINE)
    assert len(pins) > 30
    assert len(re.findall(r"^ {4}--hash=sha256:", lock, re.MULTILINE)) >= len(pins)


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there."""
    for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text("utf-8")):
        assert (page.parent / link).exists(), link


def test_the_docs_name_files_that_are_there() -> None:
    """A path in backticks that looks like one of ours is one of ours."""
    ours = re.compile(r"`((?:shared|services|tests|infra|docs|examples)/[\w/.-]+\.\w+)`")
    gone = [
        f"{place(page)}: {named}"
        for page in PAGES
        for named in ours.findall(page.read_text("utf-8"))
        if not (ROOT / named).exists()
    ]
    assert gone == []
