"""The guide for receivers: its snippet lets in what Turnout sends, and nothing else."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.integration.webhooks.stage import SECRET, open_hooks, phase, publish, roles, subscribe
from tests.support.works import open_works, until

PAGE = (Path(__file__).parents[3] / "docs/WEBHOOKS.md").read_text("utf-8")

Check = Callable[[str, Mapping[str, str], bytes], bool]


def snippet() -> Check:
    """The function of the page."""
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)
    check: Check = names["is_from_turnout"]
    return check


async def test_the_snippet_tells_ours_from_others(database: str) -> None:
    """Ours passes; another body, id, time, secret or signature does not."""
    check = snippet()
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        await subscribe(works.pool, hooks.url)
        await publish(works, phase())
        await until(
            works.pool, "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'", 1
        )
        (got,) = hooks.got
    headers = {name.lower(): value for name, value in got.headers.items()}
    assert check(SECRET, headers, got.body)
    assert not check(SECRET, headers, got.body + b" ")
    assert not check("whsec_" + "b3RoZXI=" * 4, headers, got.body)
    for name, value in {
        "webhook-id": "msg_other",
        "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1),
        "webhook-signature": "v1,é " + headers["webhook-signature"][:-3],
    }.items():
        assert not check(SECRET, {**headers, name: value}, got.body), name
    old = {**headers, "webhook-timestamp": "1700000000"}
    assert not check(SECRET, old, got.body)
