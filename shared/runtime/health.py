"""What a process says of itself: alive, ready, and its metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


class Condition(StrEnum):
    """How a role is."""

    STARTING = "starting"
    READY = "ready"
    LEAVING = "leaving"
    UNAVAILABLE = "unavailable"
    STOPPED = "stopped"


@dataclass(slots=True)
class Health:
    """The roles of this process and how each of them is."""

    roles: dict[str, Condition] = field(default_factory=dict)

    def report(self, role: str, condition: Condition) -> None:
        """Take note."""
        self.roles[role] = condition

    @property
    def is_ready(self) -> bool:
        """Whether every role is."""
        return bool(self.roles) and set(self.roles.values()) == {Condition.READY}


def health_routes(health: Health, registry: CollectorRegistry) -> list[web.RouteDef]:
    """``/healthz`` (the event loop turns), ``/readyz`` (200 or 503) and ``/metrics``."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def readyz(_: web.Request) -> web.Response:
        roles: Mapping[str, str] = {n: c.value for n, c in health.roles.items()}
        return web.json_response({"roles": roles}, status=200 if health.is_ready else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return [
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
    ]
