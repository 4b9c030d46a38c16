"""What compares two definitions over past events could do nothing if it wanted to."""

import subprocess
import sys

ABLE = ("shared.db", "shared.bus", "shared.egress", "asyncpg", "aiokafka", "aiohttp")


def test_what_compares_knows_nothing_that_acts() -> None:
    """Its module, in a process of its own, brings no database, bus or caller with it."""
    code = (
        "import sys; import services.api.workflows.what_if;"
        f"sys.exit(' '.join(set({ABLE!r}) & set(sys.modules)) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=110, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
