"""Texts that build far more than they are given, in the ways that the engine does not see."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

BUILDS: Final[Mapping[str, str]] = json.loads(
    (Path(__file__).parent / "data" / "hostile_builds.json").read_text()
)
"""By what they do; ``t`` and ``n`` of what they are given may be a long text and a long list."""
