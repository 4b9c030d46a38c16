"""The api as a role: the application on a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final
from uuid import uuid4

import structlog
from aiohttp import hdrs, web

from services.api.app import build_app
from services.api.http.runner import Runner
from services.api.login.jwt_tokens import Issuers
from services.api.resources import STOP, ApiResources
from services.api.server_log import server_log
from services.api.settings import ApiRoleSettings
from services.api.webhooks.pace import Pace
from shared.assembly.platform import Platform
from shared.domain.errors import Conflict
from shared.egress.caller import open_caller
from shared.expr.jsonata import ExpressionCache
from shared.runtime.clock import Clock
from shared.runtime.health import Condition
from shared.runtime.roles import Role

log = structlog.get_logger(__name__)

_KEPT: Final = 3
"""Connections that other roles never give back: an executor commits over one, a matcher and the
webhooks role each listen on one.
"""


def api(platform: Platform, settings: ApiRoleSettings, *, is_alone: bool = True) -> Role:
    """The role, to be run and, after an outage, run again.

    Where others are in its process (not ``is_alone``), its requests hold at most half of those
    connections to Postgres that nobody keeps.
    """
    resources = _resources(platform, settings)
    if not is_alone:
        free = platform.pool.get_max_size() - _KEPT
        resources = replace(resources, share=asyncio.Semaphore(max(1, free // 2)))

    async def run(stop: asyncio.Event) -> None:
        async with _issuers(settings, platform.clock) as issuers:
            app = build_app(resources, settings.api, issuers, settings.rate_limit)
            await serve(app, stop)

    async def serve(app: web.Application, stop: asyncio.Event) -> None:
        app[STOP] = stop
        app.on_response_prepare.append(_let_go)
        runner = Runner(
            app,
            access_log=None,
            logger=server_log(),
            shutdown_timeout=settings.stop_within_s / 2,
        )
        await runner.setup()
        try:
            await _listen(runner, settings.host, settings.port)
            platform.health.report("api", Condition.READY)
            log.info("serving", addresses=runner.addresses)
            await stop.wait()
            platform.health.report("api", Condition.LEAVING)
            await platform.clock.sleep(settings.api.leave_s)
        finally:
            await runner.cleanup()

    return run


def _resources(platform: Platform, settings: ApiRoleSettings) -> ApiResources:
    return ApiResources(
        pool=platform.pool,
        bus=platform.bus,
        topics=platform.topics,
        clock=platform.clock,
        registry=platform.registry,
        expressions=ExpressionCache(settings.expressions_max),
        new_id=uuid4,
        token=settings.token,
        default_environment=platform.default_environment,
        pace=Pace(platform.clock),
        environment_names=platform.environment_names,
        causation_depth_max=settings.causation_depth_max,
        unindexed_max=settings.unindexed_max,
        event_limits=settings.event_limits,
        # Names of the process's environment have no case.
        secrets={name.lower(): secret for name, secret in settings.secrets.items()},
        ring=settings.keyring,
        egress=settings.egress,
    )


@asynccontextmanager
async def _issuers(settings: ApiRoleSettings, clock: Clock) -> AsyncIterator[Issuers | None]:
    """The issuers of JWTs, with the means to fetch their keys; None when there are none."""
    if not settings.jwt:
        yield None
        return
    async with open_caller(settings.egress, clock) as caller:
        yield Issuers(settings.jwt, caller, clock)


async def _let_go(request: web.Request, response: web.StreamResponse) -> None:
    """Once the process is being stopped, have each caller come back over another connection."""
    if request.app[STOP].is_set():
        response.force_close()
        response.headers[hdrs.CONNECTION] = "close"  # by now the headers are put together


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as fault:
        raise Conflict(
            f"The api cannot be served on {host}:{port} ({fault.strerror}):"
            " set TURNOUT_HOST and TURNOUT_PORT (0: any free port)."
        ) from None
