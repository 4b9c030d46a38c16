"""What may build more than it is given ends in a process beside this one."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.domain.errors import Invalid
from shared.domain.workflows import Dialect
from shared.expr import apart
from shared.expr.apart import GROWTH_BYTES_MAX, Apart, Child, Gone
from shared.expr.bounds import RUN_IF, STEP
from shared.expr.errors import OUT_OF_BOUNDS, ExpressionError
from shared.expr.jsonata import Document, Truth, compile_expression
from shared.expr.nursery import START_S_MAX
from shared.expr.secrets import SecretMarks
from tests.support.eventually import eventually
from tests.unit.expr.hostile_builds import BUILDS
from tests.unit.expr.support import NOW, evaluate, verdict
from tests.unit.expr.test_guards import INPUT
from tests.unit.expr.test_hostile import CORPUS

APART = "($f := function($x){$x}; $f(%s))"
PATIENT = replace(STEP, timeout_s=5)
LARGE = {"a": 1, "t": "x" * 200_000, "n": [*range(5_000)]}
SAME = [
    "null",
    "missing",
    "[null, missing, 1.5, 10000000000000000000000]",
    "{'a': [], 'b': '\\u00e9\\ud83d\\ude00', 'c': {}}",
    "function($x){$x}",
    "$string($now())",
    "$random() & $bound.b",
    "  1 + $nope(1)",
    "a.b + 1",
    "$error('mine')",
    "[1..2000000]",
    "$dtFromIso('2026-01-01')",
    "secrets.key & '!'",
    "secrets.missing",
]


def both(source: str, value: Any, **given: Any) -> list[Any]:
    """What comes of a text here and there."""
    expression = compile_expression(source)
    options = {"bounds": PATIENT, "now": NOW, "seed": 7, "bindings": None, **given}
    found = []
    for evaluated in (expression.evaluate_here, expression.evaluate_there):
        try:
            found.append(evaluated(Document.of(value), *options.values()))
        except ExpressionError as error:
            found.append((error.code, str(error), error.position))
    return found


@pytest.mark.parametrize("source", SAME)
def test_it_is_the_same_as_here(source: str) -> None:
    """Values, nothing, and errors with their places; of a value and of a JSON document."""
    scope = {**INPUT, "secrets": SecretMarks("n").scope(["key"])}
    here, there = both(source, scope, bindings={"bound": {"b": 1}})
    assert here == there
    assert type(here) is type(there)


def test_the_corpus_is_the_same_as_here() -> None:
    """Those of the hostile ones that are over before their time."""
    quick, others = 0, 0
    for source in CORPUS.values():
        with suppress(Invalid):
            here, there = both(source, INPUT, bounds=STEP)
            # Either may be the later one, on a machine that does more.
            if not any(isinstance(one, tuple) and one[:1] == ("D1012",) for one in (here, there)):
                quick += here == there
                others += here != there
    assert others == 0
    assert quick > len(CORPUS) // 2


def test_a_json_document_is_the_same_there() -> None:
    """Its text is what is sent."""
    document = Document.from_json('{"a": {"b": [1, null]}}')
    result = compile_expression(APART % "a").evaluate(document, bounds=STEP, now=NOW, seed=1)
    assert result == {"b": [1, None]}


@pytest.mark.parametrize("name", BUILDS)
def test_what_builds_too_much_ends(name: str) -> None:
    """As a condition and as a value, by its time or its size; and the next is evaluated."""
    expression = compile_expression(BUILDS[name])
    found = expression.test(Document.of(LARGE), bounds=RUN_IF, now=NOW, seed=1)
    assert found.truth is Truth.ERROR
    assert found.error is not None
    assert found.error.code in OUT_OF_BOUNDS
    assert evaluate(APART % "a", LARGE) == 1


def test_the_time_is_the_engine_s_error() -> None:
    """In the words, and with the code, that strikes and quarantine count."""
    source = "$map(n, function($i){$map($$.n, function($j){$i + $j})})"
    with pytest.raises(ExpressionError) as raised:
        evaluate(source, LARGE, bounds=replace(STEP, timeout_s=0.002))
    ours = apart.too_long(0.002)
    assert (ours.code, str(ours)) == (raised.value.code, str(raised.value))


def test_memory_is_an_error_long_before_the_time() -> None:
    """Whatever it is that fills it."""
    with pytest.raises(ExpressionError, match=f"more than {GROWTH_BYTES_MAX} bytes") as raised:
        evaluate("[1..9999].($$.t & $)", LARGE, bounds=replace(STEP, timeout_s=60))
    assert raised.value.code == "U1001"


def test_threads_wait_for_one_another() -> None:
    """Each gets its own answer, with errors and kills in between."""
    expression = compile_expression("($f := function($x){$x > 5 ? $error('no') : [$x]}; $f(n))")

    def answer(number: int) -> Any:
        if number == 3:
            return verdict(BUILDS["shared by a function"], bounds=RUN_IF).truth
        try:
            return expression.evaluate(Document.of({"n": number}), bounds=STEP, now=NOW, seed=1)
        except ExpressionError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(answer, range(9))]
    assert found == [[0], [1], [2], Truth.ERROR, [4], [5], "D3137", "D3137", "D3137"]


def test_who_is_killed_from_outside_is_replaced() -> None:
    """Also both at once, and while nobody looks."""
    assert evaluate(APART % "a", {"a": 1}) == 1
    before = apart.apart().pids()
    assert len(before) == 2
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert evaluate(APART % "a", {"a": 2}) == 2
    assert not {*before} & {*apart.apart().pids()}


class Dying(Child):
    """Ends whenever it is asked."""

    def ask(self, request: bytes, timeout_s: float) -> tuple[Any, ...]:
        """Kill it first."""
        os.kill(self.pid, signal.SIGKILL)
        return super().ask(request, timeout_s)


def test_what_ends_every_process_is_an_error() -> None:
    """And no more are tried."""
    started: list[Child] = []

    def start() -> Child:
        started.append(Dying())
        return started[-1]

    dying = Apart(start)
    with pytest.raises(ExpressionError) as raised:
        dying.ask(b"", 1)
    dying.close()
    assert raised.value.code == "FUNCTION_FAILED"
    assert len(started) == 4


def test_where_no_process_starts_it_is_an_error() -> None:
    """And nothing else."""

    def start() -> Child:
        raise OSError("no more processes")

    with pytest.raises(ExpressionError, match="no more processes"):
        Apart(start).ask(b"", 1)


def test_what_cannot_be_sent_is_an_error() -> None:
    """As what the engine cannot read is."""
    with pytest.raises(ExpressionError) as raised:
        evaluate(APART % "a", {"a": lambda: 1})
    assert raised.value.code == "FUNCTION_FAILED"


def test_an_answer_is_data() -> None:
    """Whoever took over the process that evaluates has nothing here to call."""
    with pytest.raises(Gone):
        apart.read_answer(b"cos\nsystem\n(S'true'\ntR.")


def ends(pid: int) -> bool:
    """Whether a process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[0] == "Z"
    except OSError:
        return True


PARENT = """
import sys
from shared.expr.apart import apart
from tests.unit.expr.support import evaluate
evaluate("($f := function($x){$x}; $f(1))", {})
print(*apart().pids(), flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("how", ["leaves", "is killed"])
def test_they_end_with_whoever_started_them(how: str) -> None:
    """However it ends."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        if how == "is killed":
            parent.kill()
        else:
            parent.communicate(b"\n")
        asyncio.run(eventually(lambda: all(ends(pid) for pid in pids)))


async def test_one_that_is_busy_ends_by_itself() -> None:
    """Should nobody be there any more to end it."""
    child = Child()
    given = (replace(RUN_IF, timeout_s=0.1), NOW, 1, None)
    source = BUILDS["shared by a function"]
    document = Document.of({}).packed()
    request = pickle.dumps((source, Dialect.NATIVE, "condition", document, given))
    with pytest.raises(Gone):
        child.ask(request, START_S_MAX)
    await eventually(lambda: not child.is_alive())
    child.end()


def test_who_needs_none_has_none() -> None:
    """Nothing of it is even loaded."""
    program = (
        "import sys\n"
        "from tests.unit.expr.support import evaluate, verdict\n"
        "assert verdict(\"$lowercase(a.b) = 'x' and $exists(items[n > 1])\", {}).error is None\n"
        "evaluate(\"{'a': $map(items, function($i){$i.n * 2}), 'b': a & '!'}\", {})\n"
        "print('shared.expr.apart' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout == "False\n"


def test_it_is_given_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where secrets may stand."""
    monkeypatch.setenv("TURNOUT_SECRET", "canary")
    child = Child()
    environment = Path(f"/proc/{child.pid}/environ")
    asyncio.run(eventually(lambda: b"PYTHONPATH" in environment.read_bytes()))
    assert b"canary" not in environment.read_bytes()
    child.end()
