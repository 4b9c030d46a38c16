"""What was done before a fault ends a command is told all the same."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.integration.cli.command import eventually, turnout
from tests.integration.cli.conftest import Turnout

pytestmark = pytest.mark.xdist_group("cli")


def hook_and_fault(folder: Path) -> None:
    """A new workflow with a webhook, and after it one that is refused."""
    hook = {"name": f"n{uuid4().hex}", "triggers": [{"id": "h", "kind": "webhook"}]}
    (folder / "a.json").write_text(json.dumps(hook))
    fault = {"name": f"n{uuid4().hex}", "steps": [{"id": "s", "kind": "none of these"}]}
    (folder / "b.json").write_text(json.dumps(fault))


@pytest.mark.parametrize("as_json", [False, True])
def test_addresses_that_are_told_once(client: Turnout, tmp_path: Path, *, as_json: bool) -> None:
    """A file that is refused does not hide the webhooks of those that were applied before it."""
    hook_and_fault(tmp_path)
    done = client("workflow", "apply", str(tmp_path), *(["--json"] if as_json else []))
    assert done.code == 4
    assert "b.json is refused" in done.err
    told = json.dumps(done.json) if as_json else done.err
    assert "/v1/hooks/" in told


def test_addresses_of_files_that_cannot_take_their_id(client: Turnout, tmp_path: Path) -> None:
    """What is made is told, also where its id cannot be written into the file."""
    hook_and_fault(tmp_path)
    (tmp_path / ".a.json.new").mkdir()  # where it would be written
    done = client("workflow", "apply", str(tmp_path / "a.json"))
    assert (done.code, "cannot be written" in done.err) == (4, True)
    assert "/v1/hooks/" in done.err


def test_events_that_were_sent(client: Turnout, tmp_path: Path) -> None:
    """A line that cannot be read, or is too large, hides none of those before it."""
    kind, file = f"test:{uuid4().hex}", tmp_path / "events"
    good = json.dumps({"event": kind})
    file.write_text("\n".join([*[good] * 1_001, "{"]))
    done = client("event", "send", "--file", str(file))
    assert (done.code, done.out) == (4, "")
    assert "Line 1002 is not JSON" in done.err
    assert "1,000 events before this were sent" in done.err
    listed = ("event", "list", "--type", kind, "--limit", "2000", "--json")
    eventually(lambda: len(client(*listed).json) == 1_000)
    file.write_text(f'{good}\n{{"event": "{kind}", "payload": "{"x" * 300_000}"}}')
    done = client("event", "send", "--file", str(file))
    assert (done.code, done.out) == (4, "")
    assert "Traceback" not in done.err
    assert "TOO_LARGE" in done.err
    assert "1 event before this was sent" in done.err


async def test_events_that_were_sent_before_the_api_was_busy(tmp_path: Path) -> None:
    """Whatever else ends the command, how many were sent is said."""
    answers = iter([200, 429])

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"detail": "later"}, status=next(answers))

    app = web.Application(client_max_size=1 << 20)
    app.router.add_post("/v1/events/batch", answer)
    file = tmp_path / "events"
    file.write_text("\n".join(['{"event": "go"}'] * 1_001))
    async with TestServer(app) as server:
        url = str(server.make_url("/"))
        asked = ("event", "send", "--file", str(file), "--url", url, "--patience", "0")
        done = await asyncio.to_thread(turnout, *asked)
    assert (done.code, done.out) == (5, "")
    assert "1,000 events before this were sent" in done.err
    assert "Error: later" in done.err
