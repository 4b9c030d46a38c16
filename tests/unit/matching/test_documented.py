"""What we show to authors is right."""

import re
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from services.api.dialects import native
from services.api.http.yaml_documents import yaml_to_json
from shared.domain.actions import OURS
from shared.matching.check import definition_problems

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/WORKFLOWS.md").read_text("utf-8")
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def test_there_are_examples() -> None:
    """The search below finds what it is to judge."""
    assert EXAMPLES
    assert "```yaml" in PAGE


@pytest.mark.parametrize(
    "text",
    [*re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL), *[e.read_text("utf-8") for e in EXAMPLES]],
)
def test_a_shown_workflow_has_no_problems(text: str) -> None:
    """It has its shape and everything that it needs to run."""
    asked = native.parse(orjson.loads(yaml_to_json(text.encode())), UUID(int=1))
    assert asked.faults == ()
    assert definition_problems(asked.definition, OURS) == []
