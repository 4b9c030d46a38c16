"""``turnout key``, ``environment`` and ``audit`` against a running ``turnout dev``."""

from uuid import uuid4

import pytest

from services.cli.exits import Exit
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def test_a_key_is_made_listed_rotated_and_revoked(client: Turnout) -> None:
    """Its secret alone is printed to standard output; the list never has it."""
    name = f"key {uuid4().hex}"
    made = client("key", "create", name, "--role", "viewer", "--scope", "payloads")
    assert (made.code, len(made.out.strip()), made.out[:4]) == (Exit.OK, 47, "tot_")
    [listed] = [one for one in client("key", "list", "--json").json if one["name"] == name]
    assert made.out.strip()[4:12] == listed["prefix"]
    assert listed["scopes"] == ["payloads", "read"]
    turned = client("key", "rotate", listed["id"], "--grace-s", "60", "--json").json
    assert (turned["name"], turned["secret"][:4]) == (name, "tot_")
    revoked = client("key", "revoke", turned["id"], "--json").json
    assert revoked == {"id": turned["id"], "result": "revoked"}
    shown = client("key", "list")
    assert name in shown.out
    assert turned["secret"] not in shown.out
    assert client("key", "revoke", str(uuid4())).code == Exit.NOT_FOUND
    assert client("key", "create", name).code == Exit.REJECTED


def test_an_environment_has_keys_and_a_log_of_its_own(client: Turnout) -> None:
    """``--environment`` names it to every command."""
    name, id_ = f"live {uuid4().hex}", str(uuid4())
    made = client("environment", "create", name, "--id", id_, "--json").json
    assert (made["id"], made["name"]) == (id_, name)
    assert client("environment", "create", name).code == Exit.REJECTED
    assert name in client("environment", "list").out
    client("key", "create", "publisher", "--scope", "publish", "--environment", id_)
    [key] = client("key", "list", "--environment", id_, "--json").json
    noted = client("audit", "--environment", id_, "--json").json
    assert [one["action"] for one in noted] == ["key.create", "environment.create"]
    only = client("audit", "--environment", id_, "--target", f"key:{key['id']}", "--json").json
    assert only == noted[:1]
    assert "environment.create" in client("audit", "--environment", id_).out
    assert client("audit", "--principal", "nobody", "--json").json == []
    late = client("audit", "--environment", id_, "--from", "2099-01-01T00:00:00Z", "--json")
    assert late.json == []
