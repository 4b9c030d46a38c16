"""A running executor with a running API before it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from shared.domain.ids import ExecutionId
from tests.support.served import Client, open_api
from tests.support.works import Works, open_works, until

ENDED = ("COMPLETED", "FAILED", "CANCELLED", "EXPIRED")


@dataclass(frozen=True)
class Face:
    """The API, as a caller sees it, and the executor behind it."""

    works: Works
    client: Client

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> tuple[int, Any]:
        """The status and document that a request is answered with."""
        headers = {} if key is None else {"Idempotency-Key": key}
        async with self.client.request(method, f"/v1/{path}", json=body, headers=headers) as reply:
            return reply.status, await reply.json(content_type=None)

    async def get(self, path: str) -> Any:
        """The document at a path that is there."""
        status, document = await self.call("GET", path)
        assert status == 200, document
        return document

    async def post(self, path: str, body: Any = None, *, status: int = 202, **more: Any) -> Any:
        """What a request is answered with that is to be answered with ``status``."""
        got, document = await self.call("POST", path, body, **more)
        assert got == status, document
        return document

    async def becomes(self, execution_id: Any, *statuses: str) -> Any:
        """The execution, as soon as it has one of ``statuses``."""
        listed = ", ".join(f"'{status}'" for status in statuses)
        await until(
            self.works.pool,
            f"SELECT count(*) FROM executions WHERE id = '{execution_id}' AND status IN ({listed})",
            1,
        )
        return await self.get(f"executions/{execution_id}")

    async def ends(self, execution_id: Any) -> Any:
        """The execution, as soon as it has ended."""
        return await self.becomes(execution_id, *ENDED)

    async def waits(self, execution_id: ExecutionId, count: int = 1) -> Any:
        """The waits of an execution, as soon as there are ``count`` of them."""
        question = f"SELECT count(*) FROM waits WHERE execution_id = '{execution_id}'"
        await until(self.works.pool, question, count)
        return (await self.get(f"waits?execution_id={execution_id}"))["items"]


@asynccontextmanager
async def open_face(dsn: str, **more: Any) -> AsyncIterator[Face]:
    """An executor and an API on one platform; nobody needs to log in."""
    async with open_works(dsn, **more) as works, open_api(works) as client:
        yield Face(works=works, client=client)
