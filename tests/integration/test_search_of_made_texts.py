"""Executions that hold what no sender may send, and expressions can make, are found as others."""

from typing import Any

import orjson
from yarl import URL

from tests.support.served import open_api
from tests.support.works import all_ended, open_works, start, transform, workflow

MADE = '{"n": 1, "text": "a\\u0000b", "\\u0000": 2}'


async def test_a_text_with_a_nul_keeps_no_search_from_its_answer(database: str) -> None:
    """Results and inputs with U+0000 are searched, with U+FFFD in its place; others as ever."""
    async with open_works(database) as works, open_api(works) as client:
        child = await works.register(workflow(transform("inner", "7")))
        calls = {"workflow_id": str(child.id)}
        given = {"lang": "jsonata", "src": MADE}
        call = {"id": "call", "kind": "subworkflow", "subworkflow": calls, "input": given}
        await start(works, await works.register(workflow(transform("made", MADE))))
        await start(works, await works.register(workflow(call)))
        await all_ended(works.pool, 3)

        async def found(name: str, document: Any) -> int:
            asked = document if isinstance(document, str) else orjson.dumps(document).decode()
            path = str(URL("/v1/executions").with_query({name: asked}))
            answered = await client.get(path)
            assert answered.status == 200, name
            return len((await answered.json())["items"])

        assert await found("output", {"n": 1}) == 1
        assert await found("output", {"text": "a\ufffdb"}) == 1
        assert await found("output", {"n": 2}) == 0
        assert await found("output", 7) >= 1
        assert await found("input", {"n": 1, "text": "a\ufffdb"}) == 1
        assert await found("event_type", "workflow:called") == 1
