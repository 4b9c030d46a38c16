"""The safeties of the product, each of which can be switched off to see that somebody notices.

Every mutation takes its safety away and nothing else. One that does not fit the code any more
raises ``Unfit`` when it is applied.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

from shared.wire.commands import Cancel
from tests.chaos.patches import patch, rewritten

_LOOKS: Final = 6


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
    """What was fetched counts as consumed before anything was done with it."""

    def early(fetch: Callable[..., Any]) -> Callable[..., Any]:
        async def fetch_and_commit(self: Any, *, max_records: int, wait_s: float) -> Any:
            batches = await fetch(self, max_records=max_records, wait_s=wait_s)
            if batches:
                await self.commit({tp: records[-1].offset + 1 for tp, records in batches.items()})
            return batches

        return fetch_and_commit

    def first_the_offset(admit: Callable[..., Any]) -> Callable[..., Any]:
        async def admit_later(self: Any, owned: Any, *, offset: int, **what: Any) -> Any:
            await admit(self, owned, offset=offset, started=(), heard=(), changed=())
            return await admit(self, owned, offset=offset, **what)

        return admit_later

    fetch = "shared.bus.kafka_subscription:KafkaSubscription.fetch"
    patch(fetch, early, parameters="self max_records wait_s")
    admit = "services.executor.ledger:Ledger.admit"
    patch(admit, first_the_offset, parameters="self owned offset started heard changed")


def no_unique_execution() -> None:
    """Each time an event is matched it starts an execution of its own."""

    def change(_: Callable[..., Any]) -> Callable[..., Any]:
        return lambda _workflow, _key: uuid4()

    patch("services.matcher.matcher:execution_id", change, parameters="workflow_id key")


def cursor_over_gaps() -> None:
    """The cursor of publishing is saved as if all that is written were published."""

    def change(fence: Callable[..., Any]) -> Callable[..., Any]:
        def ahead(self: Any, consumed_offset: int | None = None) -> Any:
            return fence(self, consumed_offset)._replace(emitted_seq=self.written_seq)

        return ahead

    patch("services.executor.runs:Owned.fence", change, parameters="self consumed_offset")


def cancel_ordering() -> None:
    """A cancellation breaks nothing off, and is overlooked a few times before it is heard."""
    looks: Counter[tuple[Any, int]] = Counter()

    def held(run: Any) -> Mapping[int, Any]:
        """The cancellations that are not to be heard yet."""
        found = {o: word for o, word in run.told.items() if isinstance(word, Cancel)}
        looks.update((run.id, offset) for offset in found)
        return {o: word for o, word in found.items() if looks[run.id, o] <= _LOOKS}

    def deaf(attend: Callable[..., Any]) -> Callable[..., Any]:
        async def attend_later(self: Any) -> Any:
            run = self._run
            words = held(run)
            for offset in words:
                del run.told[offset]
            try:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A safety to switch off, and what brings it to light soon: faults, and points to die at."""

    apply: Callable[[], None]
    faults: tuple[str, ...]
    points: Mapping[str, float]


def _found_by(apply: Callable[[], None], *faults: str, **points: float) -> Mutation:
    return Mutation(apply=apply, faults=faults, points=points)


_ALL: Final = (
    _found_by(drop_epoch_check, "make_zombie"),
    _found_by(
        offset_before_commit, "kill_process", after_archive_before_trigger=0.1, before_commit=0.02
    ),
    _found_by(no_unique_execution, "kill_process", after_publish_before_offset=0.1),
    _found_by(cursor_over_gaps, "kill_process", after_commit_before_publish=0.05),
    _found_by(cancel_ordering, "freeze_scheduler"),
    _found_by(no_idempotency_key, "kill_process", after_http_before_commit=0.02),
)
MUTATIONS: Final[Mapping[str, Mutation]] = MappingProxyType(
    {mutation.apply.__name__: mutation for mutation in _ALL}
)
