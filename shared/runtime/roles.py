"""The life of a role in a process: started, kept through outages, stopped in order."""

import asyncio
import gc
import random
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from shared.domain.errors import Unavailable
from shared.runtime.health import Condition, Health

log = structlog.get_logger(__name__)

PAUSE_FIRST_S = 0.2
PAUSE_MAX_S = 10.0

Role = Callable[[asyncio.Event], Awaitable[None]]
"""Works until the event is set, then ends in good order. Raises Unavailable when what it needs
does not answer; it is then started again."""


async def run_roles(
    roles: Mapping[str, Role], health: Health, *, stop: asyncio.Event, stop_within_s: float
) -> None:
    """Run every role until ``stop``, and end them within the time given."""
    for name in roles:
        health.report(name, Condition.STARTING)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(keep(n, r, health, stop=stop)) for n, r in roles.items()]
        await stop.wait()
        log.info("stopping", roles=list(roles))
        _, late = await asyncio.wait(tasks, timeout=stop_within_s)
        for task in late:
            log.warning("stop_cut_short", stop_within_s=stop_within_s)
            task.cancel()


async def keep(name: str, role: Role, health: Health, *, stop: asyncio.Event) -> None:
    """Run a role, again and again while what it needs is unavailable, until ``stop``."""
    pause_s = PAUSE_FIRST_S
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        try:
            await _in_a_task(role(stop))
        except* Unavailable as group:
            health.report(name, Condition.UNAVAILABLE)
            log.warning("role_interrupted", role=name, reasons=_reasons(group), pause_s=pause_s)
        heed_cancellation()
        if asyncio.get_running_loop().time() - started > PAUSE_MAX_S:
            pause_s = PAUSE_FIRST_S
        # Chance keeps replicas from coming back in step; it decides nothing else.
        await _stopped_within(stop, pause_s * random.uniform(0.5, 1.0))  # noqa: S311
        pause_s = min(pause_s * 2, PAUSE_MAX_S)
        if not stop.is_set():
            # What a role held when it broke is in cycles of tasks and errors, and old: as seldom
            # as such is looked for (``process.GENERATIONS``), it would stay for hours.
            gc.collect()
    health.report(name, Condition.STOPPED)


async def _in_a_task(work: Awaitable[None]) -> None:
    """See ``work`` through in a task of its own; its errors come in a group.

    Before Python 3.13 a TaskGroup whose task fails while it is being left marks the task around it
    as cancelled for ever. Here that is the task that ends, and never the one that keeps the role.
    """

    async def do() -> None:
        await work

    async with asyncio.TaskGroup() as group:
        # Waited for inside, since outside the mark would be ours.
        await asyncio.wait([group.create_task(do())])


async def duty(work: Awaitable[object]) -> None:
    """See a part of a role through. Raises Unavailable when it was cancelled from within.

    A library whose connection breaks may let its own CancelledError out. A TaskGroup takes a
    cancelled task as done, so the role would go on without that part, in silence.
    """
    try:
        await work
    except asyncio.CancelledError:
        must_be_ours()
        raise


def must_be_ours() -> None:
    """Raises Unavailable unless the current task was really asked to end."""
    task = asyncio.current_task()
    if task is None or not task.cancelling():
        raise Unavailable("Something that was waited for was cancelled.")


def heed_cancellation() -> None:
    """Raise CancelledError if the current task was asked to end; for where an error is passed over.

    What a task leaves behind may fail as it is cancelled, and that error then takes the place of
    the cancellation: a loop that went on would never end, and whoever waits for it neither.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set ``stop`` on SIGTERM or SIGINT; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            raise SystemExit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)


async def _stopped_within(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _reasons(group: BaseExceptionGroup[Unavailable]) -> Sequence[str]:
    found: list[str] = []
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            found += _reasons(error)
        else:
            found.append(error.message)
    return found
