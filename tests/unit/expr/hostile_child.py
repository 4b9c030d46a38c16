"""Runs hostile expressions under a memory limit; writes one JSON line for each.

Run as a process of its own, so that a crash or a swallowed gigabyte is an answer and not the end
of the tests.
"""

import json
import resource
import sys
import time
from dataclasses import replace

from shared.domain.errors import Invalid
from shared.expr.bounds import RUN_IF, STEP, Bounds
from shared.expr.jsonata import Document, Truth, compile_expression
from tests.support.memory import growing
from tests.unit.expr.support import NOW

ADDRESS_BYTES_MAX = 3 * 1024**3
"""jlens maps a gigabyte of stack, of which it touches little: the limit leaves room for it."""
PATIENT = replace(RUN_IF, timeout_s=3_600.0)
"""The same on a machine that is never too slow: what stops here is not stopped by the clock."""
GENERATED = {
    "DEEP_ARRAY": "[" * 20_000 + "]" * 20_000,
    "DEEP_CONCAT": "&".join(["'a'"] * 12_000),
    "DEEP_PATH": ".".join(["a"] * 20_000),
    "DEEP_PARENS": "(" * 30_000 + "1" + ")" * 30_000,
    "DEEP_MINUS": "-" * 60_000 + "1",
}


def main() -> None:
    """Read ``{name: expression}`` from stdin, try each within the bounds that argv names."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES_MAX, ADDRESS_BYTES_MAX))
    bounds = {"RUN_IF": RUN_IF, "STEP": STEP, "PATIENT": PATIENT}[sys.argv[1]]
    document = Document.of({"a": [1, 2], "secret": "s" * 1_000})
    for name, source in json.load(sys.stdin).items():
        with growing() as growth:
            started_s = time.process_time()
            answer = attempt(GENERATED.get(source, source), document, bounds)
            cpu_s = time.process_time() - started_s
        grown = growth.grown_bytes
        line = {"name": name, "answer": answer, "cpu_s": cpu_s, "grown_bytes": grown}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def attempt(source: str, document: Document, bounds: Bounds) -> str:
    """What came of it: a truth, or ``invalid``."""
    try:
        expression = compile_expression(source)
    except Invalid:
        return "invalid"
    verdict = expression.test(document, bounds=bounds, now=NOW, seed=1)
    if verdict.truth is Truth.ERROR and verdict.error is not None:
        return verdict.error.code
    return verdict.truth.value


if __name__ == "__main__":
    main()
