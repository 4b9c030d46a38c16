"""A process that plays roles: opened, ready, ended in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final, TypeVar

import structlog
import uvloop
from aiohttp import web

from services.cli.process.patience import Stopped, patiently
from services.cli.process.roles import MakeRole
from shared.assembly.platform import Platform, open_platform
from shared.assembly.settings import AdminSettings, ProcessSettings
from shared.db import migrate
from shared.domain.errors import Conflict
from shared.runtime.health import health_routes
from shared.runtime.process import tune_garbage_collection
from shared.runtime.roles import run_roles, stop_on_signals

POLL_S: Final = 0.02

T = TypeVar("T")

log = structlog.get_logger(__name__)


def run(main: Callable[[asyncio.Event], Coroutine[Any, Any, T]]) -> T | None:
    """What ``main`` gives; SIGTERM and SIGINT set its event. None when it raised Stopped."""

    async def told() -> T | None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        try:
            return await main(stop)
        except Stopped:
            return None

    tune_garbage_collection()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(told())


@asynccontextmanager
async def opened(settings: ProcessSettings, stop: asyncio.Event) -> AsyncIterator[Platform]:
    """The platform over a current schema, as soon as Postgres and the bus answer.

    Raises Conflict when the schema is older than this program, Stopped on ``stop``.
    """
    dsn = settings.database_url.get_secret_value()
    async with AsyncExitStack() as stack:
        await patiently(lambda: check_schema(dsn), stop)
        yield await patiently(lambda: stack.enter_async_context(open_platform(settings)), stop)


async def bring_up_to_date(dsn: str) -> None:
    """Migrate a database, unless it is newer than this program: ``opened`` warns of that.

    Raises Rejected when its user may not do what is to be done, Unavailable when it does not
    answer.
    """
    with suppress(Conflict):
        await migrate.migrate(dsn)


async def check_schema(dsn: str) -> bool:
    """Whether the database is at this program's revision; False: at a later one.

    A later one will do, for migrations add, and take away only what the version before does not
    use: while replicas are replaced, and after a step back, that version is still needed. Raises
    Conflict when the database is behind this program, Unavailable when it does not answer.
    """
    try:
        found = await migrate.status(dsn)
    except Conflict as newer:
        log.warning("schema_is_newer", reason=newer.message)
        return False
    if found.pending:
        at = f"is at revision {found.current}" if found.current else "is empty"
        raise Conflict(
            f"The database {at} and lacks {migrate.spanned(found.pending)}:"
            " run 'turnout db migrate', or start with --migrate."
        )
    return True


async def play(
    makers: Mapping[str, MakeRole], platform: Platform, stop: asyncio.Event, stop_within_s: float
) -> None:
    """Run the roles until ``stop``."""
    roles = {name: make(platform) for name, make in makers.items()}
    await run_roles(roles, platform.health, stop=stop, stop_within_s=stop_within_s)


async def ready(platform: Platform, stop: asyncio.Event) -> bool:
    """True as soon as every role is ready; False when ``stop`` comes first."""
    # Roles tell their condition from many places; looking is simpler than being told.
    while not (platform.health.is_ready or stop.is_set()):  # noqa: ASYNC110
        await asyncio.sleep(POLL_S)
    return not stop.is_set()


@asynccontextmanager
async def admin_served(platform: Platform, settings: AdminSettings) -> AsyncIterator[str]:
    """Health and metrics over HTTP; gives the address. Raises Conflict when it is taken."""
    app = web.Application()
    app.add_routes(health_routes(platform.health, platform.registry))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as fault:
            raise Conflict(
                f"Health and metrics cannot be served on {settings.host}:{settings.port}"
                f" ({fault.strerror}): set TURNOUT_ADMIN__HOST and TURNOUT_ADMIN__PORT"
                " (0: any free port)."
            ) from None
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
