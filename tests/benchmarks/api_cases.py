"""The questions that are put to the API over a large history, each of somebody else's place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from yarl import URL

from services.api.http.pages import cursor_after
from shared.wire.envelope import stamp
from tests.benchmarks.million import DAYS, WORKFLOWS, event_key, execution_id, workflow_id

_STATUSES: Final = ("COMPLETED", "FAILED", "CANCELLED", "WAITING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom a question is about: drawn, out of ``count`` executions up to ``now``."""

    chance: Random
    count: int
    now: datetime

    def number(self) -> int:
        """One of them."""
        return self.chance.randint(1, self.count)

    def at(self) -> datetime:
        """A time at which some were."""
        return self.now - timedelta(days=DAYS * self.chance.random())

    def place(self) -> str:
        """A cursor somewhere in the list."""
        return cursor_after((self.at(), UUID(int=0)))

    def workflow(self) -> str:
        """One of the workflows."""
        return str(workflow_id(self.chance.randrange(WORKFLOWS)))


Case = Callable[[Asked], str]
"""The target of a request."""


def _search(path: str, **query: Callable[[Asked], str]) -> Case:
    return lambda asked: str(URL(path).with_query({n: of(asked) for n, of in query.items()}))


def _always(value: str) -> Callable[[Asked], str]:
    return lambda _: value


def _week(asked: Asked) -> str:
    until = asked.at()
    query = {
        "status": asked.chance.choice(_STATUSES),
        "workflow_id": asked.workflow(),
        "from": stamp(until - timedelta(days=7)),
        "to": stamp(until),
    }
    return str(URL("/v1/executions").with_query(query))


_NOWHERE: Final = _always('{"number":-1,"id":-1}')

CASES: Final[Mapping[str, Case]] = {
    "an execution": lambda asked: f"/v1/executions/{execution_id(asked.number())}",
    "the first page": _always("/v1/executions"),
    "a deep page": _search("/v1/executions", cursor=Asked.place),
    "status, workflow, time": _week,
    "those that failed": _search("/v1/executions", status=_always("FAILED"), cursor=Asked.place),
    "a status that none has": _search(
        "/v1/executions",
        status=_always("EXPIRED"),
        workflow_id=Asked.workflow,
        cursor=Asked.place,
    ),
    "all that came of an event": _search(
        "/v1/executions", root_event_key=lambda asked: str(event_key(asked.number()))
    ),
    "an input that none has": _search("/v1/executions", input=_NOWHERE, cursor=Asked.place),
    "an output that none has": _search("/v1/executions", output=_NOWHERE, cursor=Asked.place),
    "events of a type": _search(
        "/v1/events",
        type=lambda asked: f"order:{asked.chance.randrange(WORKFLOWS)}",
        cursor=Asked.place,
    ),
    "a payload that none has": _search("/v1/events", payload=_NOWHERE, cursor=Asked.place),
}
"""By what is asked for; where nothing is found, as much is looked at as a page allows."""
