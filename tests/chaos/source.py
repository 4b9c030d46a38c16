"""The driver's own producer to the source topic, and the forms in which an event is written."""

import asyncio
import time
from types import TracebackType
from typing import Any, Final, Self

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.chaos.history import History
from tests.chaos.plan import Copy, PlannedEvent

REQUEST_MS: Final = 8_000
AGAIN_S: Final = 0.5

Encoded = tuple[bytes, bytes, list[tuple[str, bytes]]]


def encoded(event: PlannedEvent, copy: Copy) -> Encoded:
    """Key, value and headers of a sending."""
    payload, key = event.said(copy), copy.key.encode()
    named = {"id": event.id, "source": event.source, "type": event.type, "time": event.time}
    given = {name: value for name, value in named.items() if value is not None}
    if copy.form == "binary":
        headers = [(f"ce_{name}", value.encode()) for name, value in given.items()]
        headers += [("ce_specversion", b"1.0"), ("content-type", b"application/json")]
        return key, orjson.dumps(payload), headers
    if copy.form == "structured":
        value = {"specversion": "1.0", **given, "data": payload}
        return key, orjson.dumps(value), [("content-type", b"application/cloudevents+json")]
    plain = {"id": event.id, "source": event.source, "event": event.type, "payload": payload}
    if event.time is not None:
        plain["created_at"] = event.time
    return key, orjson.dumps(plain), [("content-type", b"application/json")]


class Source:
    """A producer that comes back after every error."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def insist(
        self,
        history: History,
        id_: str,
        event: PlannedEvent,
        copy: Copy,
        until_s: float,
        about: dict[str, Any],
    ) -> None:
        """Produce until the broker acknowledges it; all of it is recorded."""
        key, value, headers = encoded(event, copy)
        while time.monotonic() < until_s:
            history.write("send", "invoke", id_, **about)
            try:
                producer = await self._started()
                found = await producer.send_and_wait(
                    self._topic, value=value, key=key, headers=headers
                )
            except (KafkaError, OSError, TimeoutError) as error:
                history.write("send", "info", id_, **about, error=repr(error)[:200])
                await asyncio.sleep(AGAIN_S)
            else:
                place = {"partition": found.partition, "offset": found.offset}
                history.write("send", "ok", id_, **about, **place)
                return

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    acks="all",
                    linger_ms=2,
                    request_timeout_ms=REQUEST_MS,
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer
