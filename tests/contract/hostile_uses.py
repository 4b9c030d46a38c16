"""What is done with what has been sent, so that every expression in it is evaluated."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from yarl import URL

from services.api.dialects.altostrat.nodes import AltostratWorkflow
from shared.domain.ids import EventKey, WorkflowId, as_uuid, execution_id
from tests.contract.hostile_changes import change_of
from tests.contract.hostile_expressions import NATIVE, Sent
from tests.contract.hostile_native import CALLEE, SCOPE
from tests.integration.api.asking import Asker
from tests.support.works import NOTE

WITHIN_S: Final = 60
EVENT: Final[Mapping[str, Any]] = {"a": "a" * 1_000, "b": [1, 2]}
EARLIER: Final = 3
"""Events that are in the archive before whatever they might have started."""

_ALL_TIME: Final = {"from": "2000-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
_STEP: Final = {"id": "a", "retry": {"max_attempts": 1}, "input": {"src": {"a": "a"}}}


@dataclass(frozen=True)
class Sender:
    """Sends, and counts what is answered; ``noted`` hears of the method, path and body of each."""

    asker: Asker
    statuses: Counter[int] = field(default_factory=Counter)
    noted: Callable[[str, str, Any], None] = lambda *_: None

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
            if sent.route == NATIVE:
                await self._publish_earlier(sent)
            made = [await self._post(sent), await self._changed(sent)]
            await USES.get(sent.route, _nothing)(self, sent, made)

    async def _post(self, sent: Sent) -> Any:
        method, _, path = sent.route.partition(" ")
        if path.startswith("/thena/"):  # whose events are registered ones
            kind = f"/v1/event-types/{quote(sent.title, safe='')}"
            await self.ask("PUT", kind, {"type": sent.title})
        return await self.ask(method, path.format(name=quote(sent.title, safe="")), sent.body)

    async def _changed(self, sent: Sent) -> Any:
        """What something plain is once it was changed into what is sent; {}: that is refused."""
        change = change_of(sent)
        if change is None:
            return {}
        method, _, path = sent.route.partition(" ")
        made = await self.ask(method, path, dict(change.plain))
        path = change.path.format(made[change.id_name])
        changed = await self.ask(change.method, path, sent.body)
        return {**made, **changed} if change.id_name in changed else {}

    async def _publish_earlier(self, sent: Sent) -> None:
        """For what asks the archive: events that found nothing to start."""
        event = {"event": sent.title, "payload": _payload(sent)}
        told = await self.ask("POST", "/v1/events/batch", [event] * EARLIER)
        if "items" in told:
            await self._archived(told["items"][-1]["key"])

    async def _archived(self, key: str) -> str:
        """The path of an event, once it is there."""
        path = f"/v1/events/{key}"
        while (await self.ask("GET", path)).get("key") != key:
            await asyncio.sleep(0.01)
        return path

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The document of an answer, which is no 5xx."""
        self.noted(method, path, body)
        status, document = await self.asker.ask(method, path, body)
        self.statuses[status] += 1
        assert status < 500, (method, path, body, document)
        return document

    async def deliver(self, path: str, body: Any) -> None:
        """To an endpoint, again for as long as its environment has no time for it."""
        status = HTTPStatus.SERVICE_UNAVAILABLE.value
        while status == HTTPStatus.SERVICE_UNAVAILABLE:
            status, _ = await self.asker.ask("POST", path, body)
            await asyncio.sleep(0.1)
        self.statuses[status] += 1
        assert status < 500, path

    async def publish(self, title: str, payload: Any = EVENT) -> Any:
        """Publish an event, and ask why it does what it does; what is known of it."""
        told = await self.ask("POST", "/v1/events", {"event": title, "payload": payload})
        if "key" in told:
            await self.ask("GET", f"{await self._archived(told['key'])}/decisions")
        return told


def _payload(sent: Sent) -> Any:
    return {**EVENT, **SCOPE} if sent.place == "liquid" else EVENT


async def _native(sender: Sender, sent: Sent, documents: Sequence[Any]) -> None:
    """Ask everything that takes a workflow about it, and have an event, and a person, try it."""
    made, event = documents[0], {"event": sent.title, "payload": EVENT}
    await sender.ask("POST", "/v1/workflows/validate", sent.body)
    await sender.ask("POST", f"/v1/workflows/lint?events={EARLIER}", sent.body)
    await sender.ask("POST", "/v1/workflows/dry-run", {"document": sent.body, "event": event})
    if "version" not in made:
        return
    flow = f"/v1/workflows/{made['id']}"
    told = await sender.publish(sent.title, _payload(sent))
    await sender.ask("POST", f"{flow}/dry-run", {"document": sent.body, "event": event})
    await sender.ask("POST", f"{flow}/diff", sent.body)
    await sender.ask("POST", f"{flow}/what-if", {"document": sent.body})
    await sender.ask("GET", f"{flow}/near-misses")
    await sender.ask("POST", f"{flow}/executions", {"payload": EVENT, "parameters": EVENT})
    await _replay(sender, sent, made["id"], told)
    if sent.place == "form":
        await _submit(sender, made["id"], told["key"])
    if sent.place == "transactionlink":
        start = {"workflowDefinitionId": made["id"], "locale": "en", "parameters": {"a": "a"}}
        await sender.ask("POST", "/transactionlink/workflows", start)


async def _replay(sender: Sender, sent: Sent, workflow_id: str, told: Any) -> None:
    """Of all its events, only to see; of one, so that it starts what it has started."""
    asked = {"workflow_ids": [workflow_id], "again": True}
    await sender.ask(
        "POST", "/v1/events/replay", {**asked, **_ALL_TIME, "type": sent.title, "preview": True}
    )
    if "key" in told:
        await sender.ask("POST", f"/v1/events/{told['key']}/replay", asked)


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


async def _by_event(sender: Sender, sent: Sent, _made: Sequence[Any]) -> None:
    await sender.publish(sent.title)


async def _altostrat(sender: Sender, sent: Sent, documents: Sequence[Any]) -> None:
    nodes = AltostratWorkflow.model_validate(sent.body, strict=False).nodes
    context = {**SCOPE, "said": sent.source}
    tried = {"node": nodes[-1].model_dump(by_alias=True), "context": {"start": context}}
    await sender.ask("POST", "/altostrat/workflows/validate", sent.body)
    await sender.ask("POST", "/altostrat/workflows/test-node", tried)
    for made in documents:
        if "id" in made:
            path = f"/altostrat/workflows/{made['id']}/execute"
            await sender.ask("POST", path, {"context": context})


async def _sixtyfour(sender: Sender, sent: Sent, documents: Sequence[Any]) -> None:
    specs = sent.body["workflow_definition"]["blocks"][-1]["specs"]
    rows = [{**EVENT, "said": sent.source}] * 20
    for made in documents:
        if "id" in made:
            path = f"/sixtyfour/workflows/run?workflow_id={made['id']}"
            await sender.ask("POST", path, {"webhook_payload": rows, "specs_override": specs})


async def _interactive(sender: Sender, sent: Sent, documents: Sequence[Any]) -> None:
    made = documents[0]
    if "job_id" not in made:
        return
    path = f"/sixtyfour/workflows/interactive/{made['job_id']}"
    state = await sender.ask("GET", f"{path}/state")
    for block in state.get("blocks", []):
        more = {name: sent.body[name] for name in ("block_name", "specs")}
        await sender.ask(
            "POST", f"{path}/add-block", {**more, "parent_block_id": block["block_id"]}
        )


async def _endpoint(sender: Sender, _sent: Sent, documents: Sequence[Any]) -> None:
    """Several deliveries at once."""
    for made in (each for each in documents if "url" in each):
        path = URL(made["url"]).path
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(sender.deliver(path, dict(EVENT)))
        await sender.ask("DELETE", f"/v1/webhook-endpoints/{made['id']}")


async def _action(sender: Sender, sent: Sent, _made: Sequence[Any]) -> None:
    triggers, step = [{"event_name": sent.title}], {**_STEP, "action": sent.title}
    await sender.ask("POST", "/v1/workflows", {"name": "w", "triggers": triggers, "steps": [step]})
    await sender.publish(sent.title)


async def _subscription(sender: Sender, sent: Sent, documents: Sequence[Any]) -> None:
    """Something is told of while it listens."""
    made = documents[0]
    if "id" not in made:
        return
    path, said = f"/v1/webhook-subscriptions/{made['id']}", ("filters", "headers")
    change = {name: sent.body[name] for name in said if name in sent.body}
    await sender.ask("PATCH", path, change)
    await sender.publish(HEARD)
    await sender.ask("POST", f"{path}/test")


async def _nothing(_sender: Sender, _sent: Sent, _made: Sequence[Any]) -> None:
    """It was all evaluated when it was sent."""


HEARD: Final = "heard"
"""An event that starts something subscriptions hear of."""

Use = Callable[[Sender, Sent, Sequence[Any]], Awaitable[None]]
"""With what came of it: as it was posted, and as something plain was changed into it."""

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
