"""What steps can do. Each file is one action; ``built_in`` is their table."""

from collections.abc import Mapping

from pydantic import SecretStr

from services.executor.actions.emit_event import EmitEvent
from services.executor.actions.http_request import HttpRequest
from services.executor.actions.run_sync_job import RunSyncJob
from services.executor.actions.send_webhook import SendWebhook
from services.executor.actions.set_schedule import SetSchedule
from services.executor.actions.subworkflow import CallWorkflow
from services.executor.call import Action
from services.executor.prepare import SCHEDULE, SUBWORKFLOW
from services.executor.settings import ExecutorSettings
from shared.assembly.platform import Platform
from shared.egress.caller import Caller


def built_in(
    settings: ExecutorSettings, caller: Caller, platform: Platform
) -> Mapping[str, Action]:
    """What every installation can call, by name: but for ``transform``, which only computes."""
    job = settings.run_sync_job
    secrets: tuple[SecretStr, ...] = () if job.secret is None else (job.secret,)
    return {
        "http_request": HttpRequest(caller),
        "run_sync_job": RunSyncJob(caller, url=job.url, secrets=secrets),
        "emit_event": EmitEvent(
            platform.bus,
            platform.topics.sources[0],
            depth_max=settings.causation_depth_max,
            limits=settings.event_limits,
        ),
        "send_webhook": SendWebhook(caller, platform.pool, settings.keyring),
        SCHEDULE: SetSchedule(platform.pool),
        SUBWORKFLOW: CallWorkflow(platform.pool, depth_max=settings.causation_depth_max),
    }
