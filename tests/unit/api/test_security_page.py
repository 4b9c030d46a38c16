"""The page on security says of routes, scopes and roles what the code does."""

import re
from pathlib import Path

from services.api.routes import ROUTES
from shared.domain.principals import SCOPES_OF, Role, Scope

PAGE = (Path(__file__).parents[3] / "docs" / "SECURITY.md").read_text("utf-8")


def test_each_route_stands_there_with_its_scopes() -> None:
    """In the order of the code, and no other."""
    listed = re.findall(r"^\| `([A-Z]+) (/\S*)` \| (.*) \|$", PAGE, re.MULTILINE)
    assert listed == [
        (r.method, r.path, ", ".join(f"`{scope}`" for scope in sorted(r.needs)) or "–")  # noqa: RUF001
        for r in ROUTES
    ]


def test_each_scope_is_explained_and_each_role_has_its_own() -> None:
    """The table of roles has a column a scope."""
    assert re.findall(r"^\| `([a-z]+)` \| [a-z].*\|$", PAGE, re.MULTILINE)[: len(Scope)] == [*Scope]
    assert "| role | " + " | ".join(f"`{scope}`" for scope in Scope) + " |" in PAGE
    for role in Role:
        cells = ("yes" if scope in SCOPES_OF[role] else "" for scope in Scope)
        row = f"| `{role}` |" + "".join(f" {cell} |" if cell else " |" for cell in cells)
        assert row in PAGE, row


def test_each_test_that_is_named_is_there() -> None:
    """A name without a folder is in that of the name before it."""
    root = Path(__file__).parents[3]
    folder, found = root, 0
    for name in re.findall(r"`((?:tests/[a-z_/]+/)?test_\w+\.py)`", PAGE):
        folder = (root / name).parent if "/" in name else folder
        assert (folder / Path(name).name).is_file(), name
        found += 1
    assert found > 20
