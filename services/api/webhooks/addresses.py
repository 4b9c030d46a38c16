"""Whose an address is: a workflow's trigger, or an endpoint of an environment."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.api.resources import ApiResources
from services.api.workflows.webhook_tokens import hash_of
from shared.db.webhook_endpoints import find_endpoint_by_token
from shared.db.workflows import find_by_token
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId
from shared.domain.webhooks import WebhookAuth, WebhookEndpoint
from shared.domain.workflows import Webhook, Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What belongs to an address: a workflow's webhook, or an endpoint.

    ``owner`` is what the log calls it; ``keep_raw`` and ``keep_headers`` are what its events have
    beside what they always have.
    """

    owner: str
    environment_id: EnvironmentId
    auth: WebhookAuth | None
    keep_raw: bool
    keep_headers: Sequence[str]
    of: tuple[Workflow, str] | WebhookEndpoint


async def find_address(resources: ApiResources, token: str) -> Address:
    """What a token stands for. Raises NotFound when it is nobody's, or what has it is off."""
    hashed = hash_of(token)
    # Whoever knows an address need not know whose it is.
    async with resources.engine() as conn:
        found = await find_by_token(conn, hashed)
        endpoint = await find_endpoint_by_token(conn, hashed) if found is None else None
    if found is not None:
        return _of_workflow(*found)
    if endpoint is None or not endpoint.spec.is_active:
        raise NotFound("Nothing that is active has this address.")
    return Address(
        owner=f"webhook-endpoint:{endpoint.id}",
        environment_id=EnvironmentId(endpoint.environment_id),
        auth=endpoint.spec.auth,
        keep_raw=endpoint.spec.keep_raw,
        keep_headers=endpoint.spec.keep_headers,
        of=endpoint,
    )


def _of_workflow(trigger_id: str, workflow: Workflow) -> Address:
    webhook = dict(workflow.definition.named_triggers)[trigger_id].webhook or Webhook()
    return Address(
        owner=f"workflow:{workflow.id}",
        environment_id=EnvironmentId(workflow.environment_id),
        auth=webhook.auth,
        keep_raw=webhook.keep_raw,
        keep_headers=webhook.keep_headers,
        of=(workflow, trigger_id),
    )
