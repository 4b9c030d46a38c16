"""``turnout subscription`` against a running ``turnout dev``, and a receiver that answers 410."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from uuid import uuid4

import pytest

from services.cli.exits import Exit
from tests.integration.cli.command import eventually
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


class _Gone(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(410)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def gone() -> Iterator[str]:
    """The address of a receiver that wants nothing."""
    with HTTPServer(("127.0.0.1", 0), _Gone) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/in"
        server.shutdown()
        thread.join()


def test_one_is_made_tried_mended_and_deleted(client: Turnout, gone: str) -> None:
    """Its secret alone is printed; a test that is answered 410 disables it; it is put on again."""
    made = client(
        *("subscription", "create", "alerts", gone, "--kind", "execution.failed"),
        *("--kind", "step.*", "--filters", '{"data.step_id": "pay"}', "--header", "X-Team=a=b"),
    )
    assert (made.code, made.out.strip()[:6]) == (Exit.OK, "whsec_")
    [one] = [s for s in client("subscription", "list", "--json").json if s["url"] == gone]
    assert one["kinds"] == ["execution.failed", "step.*"]
    assert (one["filters"], one["headers"]) == ({"data.step_id": "pay"}, {"X-Team": "a=b"})
    id_ = one["id"]
    sent = client("subscription", "test", id_, "--json").json

    def is_off() -> bool:
        return not client("subscription", "get", id_, "--json").json["is_active"]

    eventually(is_off)
    shown = client("subscription", "delivery", sent["id"])
    assert "410" in shown.out
    [listed] = client("subscription", "deliveries", id_, "--status", "failed", "--json").json
    assert (listed["id"], listed["status"]) == (sent["id"], "FAILED")
    table = client("subscription", "deliveries", id_).out
    assert "The receiver answered 410." in " ".join(table.split())
    assert "answered 410 Gone" in client("subscription", "list").out
    on = client("subscription", "update", id_, "--on", "--name", "mended", "--json").json
    assert (on["is_active"], on["name"], on["disabled_reason"]) == (True, "mended", None)
    again = client("subscription", "replay", id_, "--delivery", sent["id"], "--json").json
    assert again == {"deliveries": 1}
    rotated = client("subscription", "rotate", id_, "--overlap-hours", "0").out.strip()
    assert rotated not in ("", made.out.strip())
    assert client("subscription", "update", id_).code == Exit.REJECTED
    assert client("subscription", "replay", id_).code == Exit.REJECTED
    deleted = client("subscription", "delete", id_, "--json").json
    assert deleted == {"id": id_, "result": "deleted"}
    assert client("subscription", "get", str(uuid4())).code == Exit.NOT_FOUND
