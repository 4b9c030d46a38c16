"""Each limit at what fits, one above, and a hundred times above."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from yarl import URL

from tests.integration.api.conftest import Client
from tests.integration.api.limits import FLOW, Asked
from tests.integration.api.limits_of_definitions import DEFINITION_LIMITS
from tests.integration.api.limits_of_requests import REQUEST_LIMITS

LIMITS = {**REQUEST_LIMITS, **DEFINITION_LIMITS}
PAGE = Path(__file__).parents[3] / "docs" / "API.md"


async def answered(client: Client, asked: Asked) -> tuple[int, list[str] | None]:
    """The status, and the pointers of a refusal; None: it is no problem document."""
    url = URL(asked.path, encoded=True)
    body = None if asked.body is None else BytesIO(asked.body)
    async with client.request(asked.method, url, data=body, headers=asked.headers) as answer:
        if answer.content_type != "application/problem+json":
            return answer.status, None
        document = await answer.json(content_type=None)
        return answer.status, [each["pointer"] for each in document.get("errors", [])]


async def test_what_fits_is_taken(client: Client) -> None:
    """Exactly as much as each limit says."""
    async with client.put(f"/v1/workflows/{FLOW}", json={"name": "n"}) as answer:
        assert answer.status == 201
    wrong = {}
    for name, limit in LIMITS.items():
        status, pointers = await answered(client, limit.ask(limit.most))
        if status != limit.fits:
            wrong[name] = (status, pointers)
    assert wrong == {}


@pytest.mark.parametrize("times", [1, 100])
async def test_what_is_more_is_refused_at_its_place(client: Client, times: int) -> None:
    """One above, or a hundred times as much: a 4xx, and the pointer names what is too much."""
    async with client.put(f"/v1/workflows/{FLOW}", json={"name": "n"}) as answer:
        assert answer.status == 201
    wrong = {}
    for name, limit in LIMITS.items():
        far = limit.far or limit.refused
        more, wanted = (limit.most + 1, limit.refused) if times == 1 else (limit.most * times, far)
        status, pointers = await answered(client, limit.ask(more))
        named: list[str | None] = [None] if pointers is None else [*pointers]
        if wanted not in [(status, pointer) for pointer in named]:
            wrong[name] = (status, pointers)
    assert wrong == {}


def test_the_page_has_every_limit() -> None:
    """Each by its name and number, in the order of the tests."""
    section = PAGE.read_text("utf-8").split("\n## Limits\n")[1].split("\n## ")[0]
    written = re.findall(r"^\| ([\d,]+) \| ([^|]+?) \|", section, re.MULTILINE)
    assert written == [(f"{limit.most:,}", name) for name, limit in LIMITS.items()]
