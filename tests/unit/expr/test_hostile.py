"""A hostile expression costs its own author an error and nobody anything else."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

CORPUS = json.loads((Path(__file__).parent / "data" / "hostile_jsonata.json").read_text())
CPU_S_MAX = 0.25
GROWN_BYTES_MAX = 64 * 1024 * 1024


KINDS = {
    "replace_amp": "U1001",
    "replace_regex_blowup": "U1001",
    "replace_group_blowup": "U1001",
    "distinct_20000": "U1001",
    "distinct_objects": "true",
    "range_1e7_plain": "U1001",
    "range_dynamic": "U1001",
    "regex_exp": "U1006",
    "eval_bomb": "D3120",
    "inf_nontail": "D1011",
    "deep_array_literal": "invalid",
    "py_func_attr": "undefined",
    "py_dunder_lookup": "undefined",
}


@cache
def tried(bounds: str, *names: str) -> dict[str, dict[str, Any]]:
    """The answers of a child process that went through these of the corpus, or all."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.unit.expr.hostile_child", bounds],
        input=json.dumps({name: CORPUS[name] for name in names or CORPUS}),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert child.returncode == 0, child.stderr
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize("bounds", ["RUN_IF", "STEP"])
def test_no_expression_stalls_or_crashes(bounds: str) -> None:
    """The whole corpus runs in one process, each within its time and its own memory."""
    answers = tried(bounds)
    assert answers.keys() == CORPUS.keys()
    slow = {name: line["cpu_s"] for name, line in answers.items() if line["cpu_s"] > CPU_S_MAX}
    assert not slow
    assert max(line["grown_bytes"] for line in answers.values()) < GROWN_BYTES_MAX


@pytest.mark.parametrize(("name", "answer"), KINDS.items())
def test_each_kind_is_stopped_by_its_own_bound(name: str, answer: str) -> None:
    """The known attacks end where they should, also where the clock does not stop them."""
    assert tried("PATIENT", *KINDS)[name]["answer"] == answer


def test_what_is_slow_is_stopped_by_the_clock() -> None:
    """Long before it has taken all the steps that it may."""
    assert tried("RUN_IF")["regex_exp"]["answer"] == "D1012"
