"""The containers of infra/compose.yaml."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from services.cli.process.roles import ROLES
from services.cli.process.variables import unread

TEXT: Final = (Path(__file__).parents[3] / "infra/compose.yaml").read_text("utf-8")
SERVICES: Final[dict[str, Any]] = yaml.safe_load(TEXT)["services"]
OURS: Final = {name: one for name, one in SERVICES.items() if one.get("image") == "turnout"}
MUST_BE_SET: Final = re.compile(r"\$\{TURNOUT_TOKEN:\?[^{}]+\}")


def test_no_token_stands_in_the_file() -> None:
    """Unless the operator has set one, Compose refuses to start anything, and says what to set."""
    for one in OURS.values():
        assert MUST_BE_SET.fullmatch(one["environment"]["TURNOUT_TOKEN"])
    assert TEXT.count("TURNOUT_TOKEN: ") == 1


def test_each_role_has_a_container() -> None:
    """By its name, after the one that migrates; whatever they are told is read."""
    assert {name: one["command"] for name, one in OURS.items()} == {
        "migrate": ["db", "migrate"],
        **{role: ["serve", role] for role in ROLES},
    }
    assert not unread([name for one in OURS.values() for name in one["environment"]])
