"""``turnout action`` against a running ``turnout dev``."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from services.cli.exits import Exit
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def test_an_action_is_put_listed_and_deleted(client: Turnout, tmp_path: Path) -> None:
    """A file registers an action under any name, the same file in one version, until it goes."""
    name = f"tickets:create/{uuid4().hex}"
    file = tmp_path / "create.yaml"
    file.write_text("transport: worker\ncategory: tickets\n")
    for _ in range(2):
        put = client("action", "put", name, str(file), "--json").json
        assert (put["name"], put["version"], put["category"]) == (name, 1, "tickets")
    file.write_text("transport: worker\ncategory: mail\nthrottle: {limit: 5, ttl_s: 1}\n")
    put = client("action", "put", name, str(file), "--json").json
    assert (put["version"], put["throttle"]["limit"]) == (2, 5)
    versions = client("action", "versions", name, "--json").json
    assert [(one["version"], one["category"]) for one in versions] == [(2, "mail"), (1, "tickets")]
    assert client("action", "versions", "no such action").code == Exit.NOT_FOUND
    listed = client("action", "list", "--limit", "1000", "--json").json
    assert {"transform", name} <= {action["name"] for action in listed}
    assert name in client("action", "list", "--limit", "1000").out
    assert client("action", "delete", name, "--json").json == {"name": name, "result": "deleted"}
    assert client("action", "delete", name).code == Exit.NOT_FOUND


def test_a_refused_action_says_what_to_mend(client: Turnout, tmp_path: Path) -> None:
    """Each fault has its place; a built-in name is taken."""
    file = tmp_path / "create.json"
    file.write_text(json.dumps({"transport": "http", "url": "ftp://a.test/"}))
    refused = client("action", "put", "tickets:create", str(file))
    assert refused.code == Exit.REJECTED
    assert "/url" in refused.err
    file.write_text(json.dumps({"transport": "worker"}))
    assert client("action", "put", "transform", str(file)).code == Exit.REJECTED
