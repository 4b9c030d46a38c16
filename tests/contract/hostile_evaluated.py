"""Hostile expressions are sent, and evaluated wherever they can be: what that breaks, and costs."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from services.scheduler.app import scheduler
from services.scheduler.settings import SchedulerSettings
from services.webhooks.app import webhooks
from services.webhooks.settings import WebhooksSettings
from shared.assembly.platform import Platform
from tests.contract.hostile_costs import Cost, Watch
from tests.contract.hostile_expressions import made
from tests.contract.hostile_served import Ground, Seen, logged, open_ground, still_works
from tests.contract.hostile_uses import Sender
from tests.support.house import settings_of
from tests.support.processor import TRIES
from tests.support.rings import ring
from tests.support.works import Roles, until

UNDER_WAY: Final = "SELECT count(*) FROM executions WHERE status IN ('RUNNING', 'RETRYING')"
LOOPBACK: Final[dict[str, Any]] = {"egress": {"allow_loopback": True}}
AFTERWARDS: Final = "what went on"
PUT_OFF: Final = (
    *("log", "request_unavailable"),
    "The expressions of this environment's webhooks take too long.",
)
"""What is said to whoever sends it hostile webhooks, and to nobody else: no fault."""

FAULTS_MAX: Final = 20
"""Of more, it is not gone on."""


@dataclass(slots=True)
class Evaluated:
    """What was seen, and what each combination has cost, by its title.

    What goes on after its answers counts for the next.
    """

    seen: Seen = field(default_factory=Seen)
    costs: dict[str, Cost] = field(default_factory=dict)

    @property
    def too_much(self) -> dict[str, Cost]:
        """What kept others waiting, or filled the memory."""
        return {title: cost for title, cost in self.costs.items() if cost.is_too_much}

    def worst(self) -> Sequence[tuple[str, str]]:
        """The most of each cost, as a text, and whose it was."""
        by_loop = max(self.costs, key=lambda title: self.costs[title].loop_s)
        by_part = max(self.costs, key=lambda title: self.costs[title].part_s)
        by_growth = max(self.costs, key=lambda title: self.costs[title].grown_bytes)
        return (
            (f"loop {self.costs[by_loop].loop_s * 1000:.0f} ms", by_loop),
            (f"beside it {self.costs[by_part].part_s * 1000:.0f} ms", by_part),
            (f"grown by {self.costs[by_growth].grown_bytes / 2**20:.0f} MB", by_growth),
        )

    def add(self, other: "Evaluated") -> None:
        """What another installation has seen."""
        self.seen.statuses += other.seen.statuses
        self.seen.wrong |= other.seen.wrong
        self.costs |= other.costs


async def evaluate(
    database: str,
    combinations: Sequence[tuple[str, str]],
    tell: Callable[[int], None] = lambda _: None,
) -> Evaluated:
    """Send each, have it used, and at the end a good event is to go its way.

    ``tell`` hears of how many are done.
    """
    evaluated, watch = Evaluated(), Watch()
    async with _opened(database, watch) as ground:
        sender = Sender(ground.asker)
        await sender.prepare()
        with logged(evaluated.seen):
            async with watch.watching():
                for done, (place, name) in enumerate(combinations, 1):
                    await _one(sender, watch, evaluated, place, name)
                    tell(done)
                    if len(evaluated.seen.wrong) > FAULTS_MAX:
                        break
                with watch.cost() as cost:
                    await sender.publish("tick")
                    await until(ground.works.pool, UNDER_WAY, 0, within_s=60)
                evaluated.costs[AFTERWARDS] = cost
            await still_works(ground)
    evaluated.seen.wrong.pop(PUT_OFF, None)
    for status, count in sender.statuses.items():
        evaluated.seen.statuses["expression", status] += count
    return evaluated


async def _one(sender: Sender, watch: Watch, evaluated: Evaluated, place: str, name: str) -> None:
    """What takes too long is tried anew: on a busy machine everything takes more of the time."""
    grown = 0
    for number in range(TRIES):
        sent = made(place, name, number)
        with watch.cost() as cost:
            try:
                await sender.send(sent)
            except (AssertionError, TimeoutError, ExceptionGroup) as error:
                evaluated.seen.note("expression", sent.title, type(error).__name__, str(error))
        cost.grown_bytes = grown = max(grown, cost.grown_bytes)
        evaluated.costs[f"{place} {name}"] = cost
        if not cost.is_long:
            break


@asynccontextmanager
async def _opened(database: str, watch: Watch) -> AsyncIterator[Ground]:
    def others(platform: Platform) -> Roles:
        given = settings_of(database, member="one", keyring=ring("k1"), **LOOPBACK)
        return (
            ("webhooks", webhooks(platform, WebhooksSettings(**given))),
            ("scheduler", scheduler(platform, SchedulerSettings(**given))),
        )

    async with open_ground(database, others, watch.computing()) as ground:
        yield ground
