"""The safeties of the product, each of which can be switched off to see that somebody notices.

Every mutation takes its safety away and nothing else. One that does not fit the code any more
raises ``Unfit`` when it is applied.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

from asyncpg import InterfaceError, PostgresError

from shared.db.ledger import Committed
from shared.wire.commands import Cancel
from tests.chaos.patches import patch, rewritten

_DEAF_S: Final = 3.0


def drop_epoch_check() -> None:
    """A commit goes through although its partition has another owner by now."""

    def change(found: Mapping[str, str]) -> Mapping[str, str]:
        text = rewritten(
            found["commit_group"],
            "WHERE o.partition = f.partition AND o.epoch = f.epoch",
            "WHERE o.partition = f.partition",
        )
        return MappingProxyType({**found, "commit_group": text})

    patch("shared.db.ledger:_SQL", change)


def offset_before_commit() -> None:
    """Events and triggers count as consumed before anything was done with them."""

    def early(fetch: Callable[..., Any]) -> Callable[..., Any]:
        async def fetch_and_commit(self: Any, *, max_records: int, wait_s: float) -> Any:
            batches = await fetch(self, max_records=max_records, wait_s=wait_s)
            if batches:
                await self.commit({tp: records[-1].offset + 1 for tp, records in batches.items()})
            return batches

        return fetch_and_commit

    fetch = "shared.bus.kafka_subscription:KafkaSubscription.fetch"
    patch(fetch, early, parameters="self max_records wait_s")


def no_unique_execution() -> None:
    """Each time an event is matched it starts an execution of its own."""

    def change(_: Callable[..., Any]) -> Callable[..., Any]:
        return lambda _workflow, _key: uuid4()

    patch("services.matcher.decider:execution_id", change, parameters="workflow_id key")


def cursor_over_gaps() -> None:
    """The cursor of publishing is saved as if all that is written were published."""

    def change(fence: Callable[..., Any]) -> Callable[..., Any]:
        def ahead(self: Any, consumed_offset: int | None = None) -> Any:
            return fence(self, consumed_offset)._replace(emitted_seq=self.written_seq)

        return ahead

    patch("services.executor.runs:Owned.fence", change, parameters="self consumed_offset")


def cancel_ordering() -> None:
    """A cancellation breaks nothing off, and is overlooked for a while before it is heard."""
    told_at: dict[tuple[Any, int], float] = {}

    def held(run: Any) -> Mapping[int, Any]:
        """The cancellations that are not to be heard yet."""
        now = time.monotonic()
        found = {o: word for o, word in run.told.items() if isinstance(word, Cancel)}
        return {
            o: w for o, w in found.items() if now - told_at.setdefault((run.id, o), now) < _DEAF_S
        }

    def deaf(attend: Callable[..., Any]) -> Callable[..., Any]:
        async def attend_later(self: Any) -> Any:
            run = self._run
            words = held(run)
            for offset in words:
                del run.told[offset]
            try:
                if words:
                    await asyncio.sleep(_DEAF_S / 50)
                return await attend(self)
            finally:
                run.told.update(words)

        return attend_later

    def softly(tell: Callable[..., Any]) -> Callable[..., Any]:
        def told(self: Any, offset: int, word: Any) -> None:
            if isinstance(word, Cancel):
                self.told[offset] = word
                self.changed.set()
            else:
                tell(self, offset, word)

        return told

    patch("services.executor.life:_Life._attend", deaf, parameters="self")
    patch("services.executor.runs:Run.tell", softly, parameters="self offset word")


def no_idempotency_key() -> None:
    """Each attempt of a step calls under a key of its own."""

    def change(_: Callable[..., Any]) -> Callable[..., Any]:
        return lambda _execution, _step: uuid4().hex

    patch("services.executor.prepare:call_key", change, parameters="execution step")


def publish_before_commit() -> None:
    """What is to be written is published first."""

    def change(commit: Callable[..., Any]) -> Callable[..., Any]:
        async def publish_and_commit(self: Any, conn: Any, batch: Any) -> None:
            self._publisher.publish([(batch.owned[w.partition], w) for w in batch.group.written])
            for owned in batch.owned.values():
                await self._publisher.drained(owned)
            await commit(self, conn, batch)

        return publish_and_commit

    patch("services.executor.ledger:Ledger._commit", change, parameters="self conn batch")


def unknown_taken_for_done() -> None:
    """A commit whose connection breaks counts as done; the next one there fails."""
    broken: set[int] = set()

    def change(commit: Callable[..., Any]) -> Callable[..., Any]:
        async def commit_somehow(conn: Any, group: Any) -> Any:
            try:
                return await commit(conn, group)
            except (PostgresError, InterfaceError):
                if id(conn) in broken:
                    raise
                broken.add(id(conn))
                return Committed(
                    frozenset(f.partition for f in group.fences), frozenset(group.started)
                )

        return commit_somehow

    patch("services.executor.ledger:commit_group", change, parameters="conn group")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A safety to switch off, the invariant that it breaks, and what brings that to light soon.

    ``faults`` happen, and processes die at ``points``. ``ends``: everything still gets done, so
    that what is missing then is missing; else only what was done counts.
    """

    apply: Callable[[], None]
    breaks: str
    ends: bool
    faults: tuple[str, ...]
    points: Mapping[str, float]


def _breaks(
    invariant: str, apply: Callable[[], None], *faults: str, ends: bool = True, **points: float
) -> Mutation:
    return Mutation(apply=apply, breaks=invariant, ends=ends, faults=faults, points=points)


_ALL: Final = (
    # Two owners leave cursors from which nobody can go on.
    _breaks("I6", drop_epoch_check, "make_zombie", ends=False),
    _breaks(
        "I1",
        offset_before_commit,
        "kill_process",
        after_archive_before_trigger=0.2,
        after_offset=0.1,
    ),
    _breaks("I1", no_unique_execution, "kill_process", after_publish_before_offset=0.1),
    _breaks("I3", cursor_over_gaps, "kill_process", after_commit_before_publish=0.05),
    _breaks("I5", cancel_ordering, "freeze_scheduler"),
    _breaks("I4", no_idempotency_key, "kill_process", after_http_before_commit=0.02),
    _breaks("I3", publish_before_commit, "kill_process", before_commit=0.05),
    _breaks("I3", unknown_taken_for_done, "end_sessions", "kill_backend"),
)
MUTATIONS: Final[Mapping[str, Mutation]] = MappingProxyType(
    {mutation.apply.__name__: mutation for mutation in _ALL}
)
