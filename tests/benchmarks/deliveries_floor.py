"""The bare loop that deliveries are held against: messages signed beforehand, posted from a list.

One process with aiohttp's client, the product's library, as hard as it can over so many
connections. Nothing is read, kept, claimed, tried again or noted. Each line on standard input, with
how many messages there are to be, has it make them, answer, and post them; each is answered by one.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import orjson
import uvloop
from aiohttp import ClientSession, TCPConnector
from pydantic import SecretStr

from shared.egress.signing import signed_headers
from shared.runtime.process import tune_garbage_collection
from tests.integration.webhooks.stage import SECRET, phase

CONNECTIONS: Final = 64
_TYPE: Final = {"Content-Type": "application/cloudevents+json"}

Message = tuple[dict[str, str], bytes]


async def post_all(url: str, messages: Sequence[Message]) -> None:
    """Post each message once. Raises aiohttp's ClientError."""
    waiting = iter(messages)
    connector = TCPConnector(limit=CONNECTIONS)
    async with ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(_post(session, url, waiting))


async def _post(session: ClientSession, url: str, waiting: Iterator[Message]) -> None:
    for headers, body in waiting:
        async with session.post(url, headers=headers, data=body, allow_redirects=False) as answer:
            await answer.read()
            answer.raise_for_status()


def messages_of(count: int) -> Sequence[Message]:
    """So many signed messages."""
    return [_signed(orjson.dumps(phase())) for _ in range(count)]


def _signed(body: bytes) -> Message:
    id_ = f"msg_{orjson.loads(body)['subject'].replace('-', '')}"
    return {**_TYPE, **signed_headers([SecretStr(SECRET)], id_, datetime.now(UTC), body)}, body


def main(url: str, count: int) -> None:
    """Say that the messages are made, post them at the next line, and say that they are out."""
    tune_garbage_collection()
    messages = messages_of(count)
    for _ in sys.stdin:
        uvloop.run(post_all(url, messages))
        sys.stdout.write("{}\n")
        sys.stdout.flush()
    sys.stdout.write("{}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
