"""What is done with what has been sent, so that every expression in it is evaluated."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from yarl import URL

from services.api.dialects.altostrat.nodes import AltostratWorkflow
from shared.domain.ids import EventKey, WorkflowId, as_uuid, execution_id
from tests.contract.hostile_expressions import NATIVE, Sent
from tests.contract.hostile_native import CALLEE, SCOPE
from tests.integration.api.asking import Asker
from tests.support.works import NOTE

WITHIN_S: Final = 60
EVENT: Final[Mapping[str, Any]] = {"a": "a" * 1_000, "b": [1, 2]}
_STEP: Final = {"id": "a", "retry": {"max_attempts": 1}, "input": {"src": {"a": "a"}}}


@dataclass(frozen=True)
class Sender:
    """Sends, and counts what is answered."""

    asker: Asker
    statuses: Counter[int] = field(default_factory=Counter)

    async def prepare(self) -> None:
        """Register what is called, and what subscriptions hear of."""
        callee = {"id": str(CALLEE), "name": "callee", "steps": [NOTE]}
        heard = {"name": "heard", "triggers": [{"event_name": HEARD}], "steps": [NOTE]}
        for flow in (callee, heard):
            assert "version" in await self.ask("POST", "/v1/workflows", flow)

    async def takes(self, sent: Sent) -> bool:
        """Whether it is taken without a fault."""
        made = await self._post(sent)
        return "errors" not in made and "message" not in made and not made.get("problems")

    async def send(self, sent: Sent) -> None:
        """Send it, and have it evaluated wherever it can be."""
        async with asyncio.timeout(WITHIN_S):
            await USES.get(sent.route, _nothing)(self, sent, await self._post(sent))

    async def _post(self, sent: Sent) -> Any:
        method, _, path = sent.route.partition(" ")
        if path.startswith("/thena/"):  # whose events are registered ones
            kind = f"/v1/event-types/{quote(sent.title, safe='')}"
            await self.ask("PUT", kind, {"type": sent.title})
        return await self.ask(method, path.format(name=quote(sent.title, safe="")), sent.body)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The document of an answer, which is no 5xx."""
        status, document = await self.asker.ask(method, path, body)
        self.statuses[status] += 1
        assert status < 500, (method, path, body, document)
        return document

    async def publish(self, title: str, payload: Any = EVENT) -> Any:
        """Publish an event, and ask why it does what it does; what is known of it."""
        told = await self.ask("POST", "/v1/events", {"event": title, "payload": payload})
        if "key" in told:
            path = f"/v1/events/{told['key']}"
            while (await self.ask("GET", path)).get("key") != told["key"]:
                await asyncio.sleep(0.01)
            await self.ask("GET", f"{path}/decisions")
        return told


async def _native(sender: Sender, sent: Sent, made: Any) -> None:
    """Ask everything that takes a workflow about it, and have an event, and a person, try it."""
    event = {"event": sent.title, "payload": EVENT}
    await sender.ask("POST", "/v1/workflows/validate", sent.body)
    await sender.ask("POST", "/v1/workflows/lint", sent.body)
    await sender.ask("POST", "/v1/workflows/dry-run", {"document": sent.body, "event": event})
    if "version" not in made:
        return
    flow = f"/v1/workflows/{made['id']}"
    payload = {**EVENT, **SCOPE} if sent.place == "liquid" else EVENT
    told = await sender.publish(sent.title, payload)
    await sender.ask("POST", f"{flow}/dry-run", {"event": event})
    await sender.ask("POST", f"{flow}/diff", sent.body)
    await sender.ask("POST", f"{flow}/what-if", {"document": sent.body})
    await sender.ask("GET", f"{flow}/near-misses")
    await sender.ask("POST", f"{flow}/executions", {"payload": EVENT, "parameters": EVENT})
    if sent.place == "form":
        await _submit(sender, made["id"], told["key"])
    if sent.place == "transactionlink":
        start = {"workflowDefinitionId": made["id"], "locale": "en", "parameters": {"a": "a"}}
        await sender.ask("POST", "/transactionlink/workflows", start)


async def _submit(sender: Sender, workflow_id: str, key: str) -> None:
    """Fill in a form once it is there, unless what it shows could not be computed."""
    of, event = as_uuid(workflow_id), as_uuid(key)
    assert of is not None
    assert event is not None
    path = f"/v1/executions/{execution_id(WorkflowId(of), EventKey(event))}"

    async def state() -> str:
        document = await sender.ask("GET", path)
        return str(document.get("status"))

    while await state() not in ("WAITING", "FAILED", "COMPLETED"):
        await asyncio.sleep(0.01)
    await sender.ask("POST", f"{path}/steps/a/submission", {"data": dict(EVENT)})


async def _by_event(sender: Sender, sent: Sent, _made: Any) -> None:
    await sender.publish(sent.title)


async def _altostrat(sender: Sender, sent: Sent, made: Any) -> None:
    nodes = AltostratWorkflow.model_validate(sent.body, strict=False).nodes
    tried = {"node": nodes[-1].model_dump(by_alias=True), "context": {"start": SCOPE}}
    await sender.ask("POST", "/altostrat/workflows/validate", sent.body)
    await sender.ask("POST", "/altostrat/workflows/test-node", tried)
    if "id" in made:
        path = f"/altostrat/workflows/{made['id']}/execute"
        await sender.ask("POST", path, {"context": dict(SCOPE)})


async def _sixtyfour(sender: Sender, sent: Sent, made: Any) -> None:
    if "id" in made:
        path = f"/sixtyfour/workflows/run?workflow_id={made['id']}"
        specs = sent.body["workflow_definition"]["blocks"][-1]["specs"]
        rows = {"webhook_payload": [dict(EVENT)] * 20, "specs_override": specs}
        await sender.ask("POST", path, rows)


async def _interactive(sender: Sender, sent: Sent, made: Any) -> None:
    if "job_id" not in made:
        return
    path = f"/sixtyfour/workflows/interactive/{made['job_id']}"
    state = await sender.ask("GET", f"{path}/state")
    for block in state.get("blocks", []):
        more = {name: sent.body[name] for name in ("block_name", "specs")}
        await sender.ask(
            "POST", f"{path}/add-block", {**more, "parent_block_id": block["block_id"]}
        )


async def _endpoint(sender: Sender, _sent: Sent, made: Any) -> None:
    """Several deliveries at once."""
    if "url" in made:
        path = URL(made["url"]).path
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(sender.ask("POST", path, dict(EVENT)))
        await sender.ask("DELETE", f"/v1/webhook-endpoints/{made['id']}")


async def _action(sender: Sender, sent: Sent, _made: Any) -> None:
    triggers, step = [{"event_name": sent.title}], {**_STEP, "action": sent.title}
    await sender.ask("POST", "/v1/workflows", {"name": "w", "triggers": triggers, "steps": [step]})
    await sender.publish(sent.title)


async def _subscription(sender: Sender, sent: Sent, made: Any) -> None:
    """Something is told of while it listens."""
    if "id" not in made:
        return
    path, said = f"/v1/webhook-subscriptions/{made['id']}", ("filters", "headers")
    change = {name: sent.body[name] for name in said if name in sent.body}
    await sender.ask("PATCH", path, change)
    await sender.publish(HEARD)
    await sender.ask("POST", f"{path}/test")


async def _nothing(_sender: Sender, _sent: Sent, _made: Any) -> None:
    """It was all evaluated when it was sent."""


HEARD: Final = "heard"
"""An event that starts something subscriptions hear of."""

Use = Callable[[Sender, Sent, Any], Awaitable[None]]
USES: Final[Mapping[str, Use]] = MappingProxyType(
    {
        NATIVE: _native,
        "POST /truto/workflow": _by_event,
        "POST /altostrat/workflows": _altostrat,
        "POST /sixtyfour/workflows/create_workflow": _sixtyfour,
        "POST /sixtyfour/workflows/interactive/start": _interactive,
        "POST /thena/api/v1/workflows": _by_event,
        "POST /v1/webhook-endpoints": _endpoint,
        "PUT /v1/actions/{name}": _action,
        "PUT /v1/event-types/{name}": _by_event,
        "POST /v1/webhook-subscriptions": _subscription,
    }
)
"""By the route that it was sent to."""
