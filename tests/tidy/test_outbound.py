"""Addresses that users chose are called by one client: nothing else opens connections outward."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What opens a connection, or comes with something that does.
MODULES = {"ftplib", "http.client", "httpx", "requests", "telnetlib", "urllib.request", "urllib3"}
NAMES = {
    "BaseConnector", "ClientSession", "PyJWKClient", "TCPConnector", "create_connection",
    "create_datagram_endpoint", "open_connection", "open_unix_connection", "sock_connect",
}  # fmt: skip

MAY = {
    "shared/egress/caller.py": "the client",
    "shared/egress/connector.py": "the client's connections",
    "shared/client/connection.py": "for users' scripts: it asks the Turnout that they name",
    "shared/client/turnout.py": "the same",
    "services/cli/client.py": "for whoever sits at the terminal: it asks the Turnout they name",
    "shared/embedded/kafka.py": "whether the Kafka that it starts on this machine is up",
}


def opened(path: Path) -> set[str]:
    """What a file uses that opens connections."""
    return {name for name in _used(ast.parse(path.read_text("utf-8"))) if name in MODULES | NAMES}


def _used(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                yield node.module or ""
                for alias in node.names:
                    yield alias.name
                    yield f"{node.module}.{alias.name}"
            case ast.Attribute():
                yield node.attr


def test_nothing_but_the_guarded_client_opens_connections() -> None:
    """Beside it only what asks a Turnout, or is on this machine; nobody here is out of date."""
    found = {
        str(path.relative_to(ROOT)): used
        for place in ("services", "shared")
        for path in (ROOT / place).rglob("*.py")
        if (used := opened(path))
    }
    assert {place: used for place, used in found.items() if place not in MAY} == {}
    assert set(MAY) <= set(found)


def test_the_client_of_users_is_for_users() -> None:
    """No role asks anything through what takes any address: only the command line may."""
    users = {
        str(path.relative_to(ROOT))
        for place in ("services", "shared")
        for path in (ROOT / place).rglob("*.py")
        if "shared.client" in path.read_text("utf-8")
        and not path.is_relative_to(ROOT / "shared/client")
    }
    assert {place for place in users if not place.startswith("services/cli/")} == set()
