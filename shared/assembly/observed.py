"""What every process tells of itself, whatever roles it plays."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.bus.beside import beside
from shared.db.pool import Pool
from shared.runtime.clock import Clock
from shared.runtime.health import Condition, Health

TICK_S: Final = 2.0


@asynccontextmanager
async def observed(
    registry: CollectorRegistry, pool: Pool, health: Health, clock: Clock
) -> AsyncIterator[None]:
    """Fill ``registry`` with what concerns the process: memory, CPU, roles, pool, event loop."""
    ProcessCollector(registry=registry)
    registry.register(_Roles(health))
    in_use = Gauge(
        "turnout_pool_connections_in_use", "Connections to Postgres at work.", registry=registry
    )
    in_use.set_function(lambda: pool.get_size() - pool.get_idle_size())
    most = Gauge(
        "turnout_pool_connections_max", "Connections that there may be.", registry=registry
    )
    most.set_function(pool.get_max_size)
    async with beside(_watch_loop(registry, clock)):
        yield


async def _watch_loop(registry: CollectorRegistry, clock: Clock) -> None:
    """Ask to be woken, and see how much later that happens, until cancelled."""
    late = Histogram(
        "turnout_event_loop_lag_seconds",
        "Seconds by which the event loop came late to what was due.",
        buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5),
        registry=registry,
    )
    while True:
        began_s = clock.monotonic()
        await clock.sleep(TICK_S)
        late.observe(max(0.0, clock.monotonic() - began_s - TICK_S))


class _Roles(Collector):
    """Which roles are ready, asked when somebody looks."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        ready = GaugeMetricFamily(
            "turnout_role_ready", "1 while a role can do its work, else 0.", labels=["role"]
        )
        for role, condition in self._health.roles.items():
            ready.add_metric([role], condition is Condition.READY)
        yield ready
