"""Writes down what an executor does, and under which epoch: each attempt, and each commit.

Of a commit it writes what was sent to Postgres, and not what the executor believes: one that the
fence lets through is ``ok``, one that the fence refuses is ``fail``. When an error leaves it open
it is ``info``, and ``is_refused`` says whether Postgres refused it by another rule than the fence:
then it had passed it. An attempt is written down before anything of it is done.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from asyncpg import IntegrityConstraintViolationError

from tests.chaos.history import History
from tests.chaos.patches import patch


def watch_commits(history: History) -> None:
    """From now on, a line for each partition of each commit of this process."""

    def change(commit: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(commit)
        async def watched(conn: Any, group: Any) -> Any:
            sent = time.monotonic()

            def write(outcome: str, fence: Any, **more: bool) -> None:
                about = {"epoch": fence.epoch, "sent": sent, **more}
                history.write("commit", outcome, str(fence.partition), **about)

            try:
                committed = await commit(conn, group)
            except BaseException as error:
                is_refused = isinstance(error, IntegrityConstraintViolationError)
                for fence in group.fences:
                    write("info", fence, is_refused=is_refused)
                raise
            for fence in group.fences:
                write("ok" if fence.partition in committed.partitions else "fail", fence)
            return committed

        return watched

    patch("services.executor.ledger:commit_group", change, parameters="conn group")


def watch_attempts(history: History) -> None:
    """From now on, a line for each attempt that this process begins, by its key."""

    def change(perform: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(perform)
        async def watched(run: Any, performing: Any, tools: Any) -> Any:
            effect, owned = performing.effect, run.owned
            about = {"partition": owned.partition, "epoch": owned.epoch, "number": effect.attempt}
            history.write("attempt", "invoke", f"{run.id}:{effect.key}", **about)
            return await perform(run, performing, tools)

        return watched

    patch("services.executor.life:perform", change, parameters="run performing tools")
