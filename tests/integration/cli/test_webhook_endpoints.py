"""``turnout webhook-endpoint`` against a running ``turnout dev``."""

from pathlib import Path

import pytest

from services.cli.exits import Exit
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def test_an_endpoint_is_made_changed_rotated_and_deleted(client: Turnout, tmp_path: Path) -> None:
    """Its address is printed when it is made; nothing else shows it."""
    file, group = tmp_path / "endpoint.yaml", "webhook-endpoint"
    file.write_text("{name: shop, event_type: order:placed}")
    made = client(group, "create", str(file), "--json").json
    id_, token = made["id"], made["url"].rpartition("/")[2]
    file.write_text("{name: shop, event_type: order:paid}")
    assert client(group, "put", id_, str(file), "--json").json["event_type"] == "order:paid"
    shown = client(group, "get", id_)
    assert "order:paid" in shown.out
    assert token not in shown.out
    assert id_ in client(group, "list", "--limit", "1000").out
    rotated = client(group, "rotate", id_)
    assert rotated.out.strip().rpartition("/")[0] == made["url"].rpartition("/")[0]
    assert token not in rotated.out
    assert client(group, "delete", id_, "--json").json["result"] == "deleted"
    assert client(group, "get", id_).code == Exit.NOT_FOUND
