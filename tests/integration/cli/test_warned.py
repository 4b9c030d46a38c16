"""What ``turnout workflow apply`` warns of, for who may not see payloads."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.cli.test_patience import Busy, serving

pytestmark = pytest.mark.xdist_group("cli")


async def test_without_the_scope_payloads_it_warns_by_the_file_alone(tmp_path: Path) -> None:
    """The workflow is saved, and no fault is told."""
    file, id_ = tmp_path / "flow.yaml", str(uuid4())
    file.write_text(f"id: {id_}\nname: w\nsteps: []\n")
    finding = {
        "severity": "warning",
        "pointer": "/run_if",
        "code": "ALWAYS_FALSE",
        "detail": "It never holds.",
        "event_key": None,
    }
    answers: list[tuple[int, Any]] = [
        (404, {"detail": "There is none."}),
        (201, {"id": id_, "name": "w", "version": 1, "lifecycle": "ready", "is_active": True}),
        (403, {"detail": "It takes the scope 'payloads'."}),
        (200, {"findings": [finding]}),
    ]
    async with serving(Busy(*answers)) as busy:
        done = await busy.run("workflow", "apply", str(file), "--json")
    assert (done.code, done.json[0]["applied"]) == (0, "created"), done.err
    assert done.err == f"{file}: /run_if: It never holds. (ALWAYS_FALSE)\n"
    assert [heard.method for heard in busy.asked] == ["GET", "PUT", "POST", "POST"]
