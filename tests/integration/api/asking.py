"""Asking the API as somebody: what comes back, and keys to ask with."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from shared.domain.principals import Scope
from tests.support.served import Client

OPERATOR = "0123456789abcdef-the-operator"


@dataclass(frozen=True)
class Asker:
    """Somebody who shows ``secret``, or nothing."""

    client: Client
    secret: str | None = None

    def having(self, secret: str | None) -> "Asker":
        """Somebody else at the same API."""
        return Asker(self.client, secret)

    async def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """The status and the document of the answer; None when there is no JSON in it."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.secret is not None:
            given["Authorization"] = f"Bearer {self.secret}"
        data = None
        if body is not None:
            given.setdefault("Content-Type", "application/json")
            # Plain bytes of more than a megabyte would be warned of.
            data = BytesIO(json.dumps(body).encode())
        async with self.client.request(method, path, data=data, headers=given) as answer:
            if "json" not in answer.content_type:
                return answer.status, None
            return answer.status, await answer.json(content_type=None)

    async def get(self, path: str, **headers: str) -> Any:
        """The document of a 200."""
        status, document = await self.ask("GET", path, **headers)
        assert status == 200, document
        return document

    async def key(
        self, scopes: Collection[Scope], environment: str | None = None, **more: Any
    ) -> "Asker":
        """Somebody with a new key."""
        return self.having((await self.new_key(scopes, environment, **more))["secret"])

    async def new_key(
        self, scopes: Collection[Scope], environment: str | None = None, **more: Any
    ) -> Any:
        """A new key as it is told once."""
        query = "" if environment is None else f"?environment_id={environment}"
        body = {"name": "a key", "scopes": sorted(scopes), **more}
        status, document = await self.ask("POST", f"/v1/keys{query}", body)
        assert status == 201, document
        return document

    async def new_environment(self, name: str, organisation: str = "default") -> str:
        """The id of a new environment."""
        body = {"name": name, "organisation": organisation}
        status, document = await self.ask("POST", "/v1/environments", body)
        assert status == 201, document
        return str(document["id"])
