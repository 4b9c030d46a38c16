"""``turnout dead-letter`` against a running ``turnout dev``."""

from typing import Any
from uuid import uuid4

import pytest

from services.cli.exits import Exit
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")

LOOKS_MAX = 60


def letters(client: Turnout, environment: str, count: int) -> list[Any]:
    """The letters of an environment, once there are so many."""
    for _ in range(LOOKS_MAX):
        found = client("dead-letter", "list", "--environment", environment, "--json").json
        if len(found) == count:
            break
    assert len(found) == count
    return list(found)


def test_letters_are_listed_shown_counted_and_discarded(client: Turnout) -> None:
    """One by its id, many by what they are; a preview and a wrong call do nothing."""
    id_ = str(uuid4())
    client("environment", "create", f"letters {id_}", "--id", id_)
    there = ("--environment", id_)
    for name in ("a", "a", "b", "b"):
        payload = f'{{"n": "{uuid4()}"}}'
        sent = client("event", "send", "go", "--id", name, "--payload", payload, *there)
        assert sent.code == Exit.OK, sent.err
    first, second = letters(client, id_, 2)
    assert {first["reason"], second["reason"]} == {"EVENT_CONFLICT"}
    assert "EVENT_CONFLICT" in client("dead-letter", "list", *there).out
    shown = client("dead-letter", "get", first["id"], *there, "--json").json
    assert '"data"' in shown["value"]
    assert client("dead-letter", "discard", *there).code == Exit.REJECTED
    many = ("--all", "--reason", "EVENT_CONFLICT", *there)
    preview = client("dead-letter", "discard", *many, "--preview", "--json").json
    assert (preview["matched"], preview["done"]) == (2, 0)
    assert client("dead-letter", "discard", first["id"], *there).code == Exit.OK
    assert client("dead-letter", "discard", first["id"], *there).code == Exit.NOT_FOUND
    tried = client("dead-letter", "retry", *many)
    assert (tried.code, "1 dead letter is published again" in tried.err) == (Exit.OK, True)
    # It conflicts still, and so becomes another.
    assert letters(client, id_, 1)[0]["id"] != second["id"]
