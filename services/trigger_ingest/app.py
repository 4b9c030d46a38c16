"""The composition of trigger-ingest."""

import asyncio

from services.trigger_ingest.ingest import Ingest
from services.trigger_ingest.metrics import IngestMetrics
from services.trigger_ingest.settings import IngestSettings
from shared.assembly.platform import Platform
from shared.runtime.roles import Role


def trigger_ingest(platform: Platform, settings: IngestSettings) -> Role:
    """The role, to be run and, after an outage, run again."""
    metrics = IngestMetrics(platform.registry, platform.environment_names)

    async def run(stop: asyncio.Event) -> None:
        await Ingest(platform, settings, metrics).run(stop)

    return run
