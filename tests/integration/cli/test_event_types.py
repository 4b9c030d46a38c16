"""``turnout event-type`` against a running ``turnout dev``."""

from pathlib import Path
from uuid import uuid4

import pytest

from services.cli.exits import Exit
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def test_an_event_type_is_put_listed_and_deleted(client: Turnout, tmp_path: Path) -> None:
    """A file registers a type of events under any name, until it goes."""
    name, file = f"ticket/{uuid4().hex}:created", tmp_path / "created.yaml"
    file.write_text("description: A ticket is there.\nschema: {type: object}\n")
    put = client("event-type", "put", name, str(file), "--json").json
    assert (put["name"], put["type"], put["schema"]) == (name, name, {"type": "object"})
    assert client("event-type", "put", name, str(file), "--json").json["uid"] == put["uid"]
    listed = client("event-type", "list", "--limit", "1000", "--json").json
    assert name in [one["name"] for one in listed]
    assert put["uid"] in client("event-type", "list", "--limit", "1000").out
    assert client("event-type", "delete", name, "--json").json["result"] == "deleted"
    assert client("event-type", "delete", name).code == Exit.NOT_FOUND
