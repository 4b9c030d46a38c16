"""Every route of the five systems that changes something writes a line of the audit log."""

from typing import Any, Final

from services.api.dialects.faces import FACES
from shared.domain.principals import Scope
from tests.integration.api.dialects.sixtyfour import SHORT, block
from tests.integration.api.dialects.thena import FLOW
from tests.integration.api.face import Face, open_face
from tests.support.works import until
from tests.unit.dialects.altostrat_documents import flow, node

Asked = tuple[str, str]

CHANGING: Final = frozenset(
    (route.method, route.path)
    for face in FACES
    for route in face.routes
    if route.method != "GET" and route.needs and Scope.READ not in route.needs
)
"""The routes that ask for more than reading; those that are open to all change nothing."""

RUN: Final = "/altostrat/workflows/runs/{flow_run_id}"
JOB: Final = "/sixtyfour/workflows/interactive/{job_id}"
SECRET: Final = "/sixtyfour/webhooks/signing-secret"
BLOCKS: Final = {"blocks": [*SHORT["blocks"], block(3, "find_email")], "edges": []}


class Changes:
    """Requests that change something, each under an id that its route is known by."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.asked: dict[str, Asked] = {}

    async def make(
        self, method: str, path: str, body: Any = None, *, query: str = "", **ids: str
    ) -> Any:
        """The document that a change is answered with."""
        id_ = f"request-{len(self.asked)}"
        self.asked[id_] = (method, path)
        url, headers = f"{path.format(**ids)}{query}", {"X-Request-Id": id_}
        async with self.face.client.request(method, url, json=body, headers=headers) as answer:
            document = None if answer.status == 204 else await answer.json()
            assert 200 <= answer.status < 300, (method, path, document)
        return document

    async def ended(self, count: int) -> None:
        """Wait until so many executions have ended."""
        await until(self.face.works.pool, "SELECT count(finished_at) FROM executions", count)


async def of_truto(changes: Changes) -> None:
    """A workflow, a run of it, and a webhook."""
    one, webhook = "/truto/workflow/{id}", "/truto/webhook/{id}"
    id_ = (await changes.make("POST", "/truto/workflow", {"config": {"steps": []}}))["id"]
    await changes.make("PATCH", one, {"run_if": "true"}, id=id_)
    run = await changes.face.post(f"workflows/{id_}/executions")
    await changes.ended(1)
    await changes.make("DELETE", "/truto/workflow-run/{id}", id=run["execution_id"])
    await changes.make("DELETE", one, id=id_)
    target = {"target_url": "https://example.com/"}
    id_ = (await changes.make("POST", "/truto/webhook", target))["id"]
    await changes.make("POST", "/truto/webhook/test", {"webhook_id": id_})
    await changes.make("PATCH", webhook, {"is_active": False}, id=id_)
    await changes.make("DELETE", webhook, id=id_)


async def of_altostrat(changes: Changes) -> None:
    """A workflow, what runs of it are told, and a secret."""
    base, one = "/altostrat/workflows", "/altostrat/workflows/{flow_id}"
    asked = flow(node("say", "response", body="said"), node("ask", "form", buttons=["yes"]))
    id_ = (await changes.make("POST", base, asked))["id"]
    await changes.make("PUT", one, {"name": "other"}, flow_id=id_)
    await changes.make("POST", f"{base}/sync/{{flow_id}}", {}, flow_id=id_)
    run = (await changes.make("POST", f"{one}/execute", {}, flow_id=id_))["id"]
    await until(changes.face.works.pool, "SELECT count(*) FROM waits", 2)
    pressed, at = {"button": "yes"}, {"flow_run_id": run, "node_id": "ask"}
    await changes.make("POST", f"{RUN}/forms/{{node_id}}", pressed, **at)
    await changes.ended(2)
    await changes.make("POST", f"{RUN}/rerun", flow_run_id=run)
    await changes.make("POST", f"{RUN}/resume-from/{{node_id}}", **at)
    await changes.make("DELETE", one, flow_id=id_)
    vault = f"{base}/vault/{{vault_id}}"
    id_ = (await changes.make("POST", f"{base}/vault", {"name": "CRM", "secret": "s"}))["id"]
    await changes.make("PUT", vault, {"name": "ERP"}, vault_id=id_)
    await changes.make("DELETE", vault, vault_id=id_)


async def of_sixtyfour(changes: Changes) -> None:
    """A workflow that waits for a worker, a run of it, and the secret that signs."""
    base = "/sixtyfour/workflows"
    await changes.face.call("PUT", "actions/find_email", {"transport": "worker"})
    asked = {"workflow_name": "w", "workflow_description": "", "workflow_definition": BLOCKS}
    id_ = (await changes.make("POST", f"{base}/create_workflow", asked))["id"]
    which = f"?workflow_id={id_}"
    await changes.make("POST", f"{base}/update_workflow", {"workflow_name": "x"}, query=which)
    rows = {"webhook_payload": [{"a": 1}]}
    run = await changes.make("POST", f"{base}/run", rows, query=which)
    await changes.face.becomes(run["job_id"], "WAITING")
    await changes.make("POST", f"{base}/cancel", {"job_id": run["job_id"]})
    await changes.make("POST", f"{base}/delete_workflow", query=which)
    await changes.make("POST", SECRET)
    await changes.make("POST", f"{SECRET}/roll", {"expire_overlap_hours": 1})
    await changes.make("DELETE", SECRET)


async def of_a_job(changes: Changes) -> None:
    """A job that is built block by block."""
    first = {"block_name": "webhook", "specs": {}, "webhook_payload": [{"a": 1}]}
    id_ = (await changes.make("POST", "/sixtyfour/workflows/interactive/start", first))["job_id"]
    async with changes.face.client.get(f"{JOB.format(job_id=id_)}/state") as answer:
        (shown,) = (await answer.json())["blocks"]
    block_id = shown["block_id"]
    done = "SELECT count(finished_at) FROM executions JOIN sixtyfour_job_blocks"
    done += f" ON id = execution_id WHERE block_id = '{block_id}'"
    await until(changes.face.works.pool, done, 1)
    after = {"block_name": "deduplicate", "specs": {}, "parent_block_id": block_id}
    added = await changes.make("POST", f"{JOB}/add-block", after, job_id=id_)
    assert added["accepted"], added
    kept = {"block_id": block_id, "workflow_name": "kept"}
    await changes.make("POST", f"{JOB}/save", kept, job_id=id_)
    await changes.make("POST", f"{JOB}/finish", job_id=id_)


async def of_thena(changes: Changes) -> None:
    """A workflow."""
    base = "/thena/api/v1/workflows"
    one = f"{base}/{{workflow_uid}}"
    uid = (await changes.make("POST", base, {**FLOW, "isActive": False}))["uid"]
    await changes.make("PATCH", one, {"name": "other"}, workflow_uid=uid)
    await changes.make("POST", f"{one}/toggle", workflow_uid=uid)
    await changes.make("DELETE", one, workflow_uid=uid)


async def of_transactionlink(changes: Changes) -> None:
    """Executions of a workflow, started in each way, and a set of parameters."""
    base, asks = "/transactionlink", {"id": "ask", "kind": "approval"}
    made = await changes.face.post("workflows", {"name": "w", "steps": [asks]}, status=201)
    sent = {"workflowDefinitionId": made["id"]}
    for method, path in (
        ("POST", f"{base}/workflows/{{execution_id}}/cancel"),
        ("DELETE", f"{base}/workflows/{{execution_id}}"),
    ):
        begun = {**sent, "locale": "en", "parameters": {}}
        run = await changes.make("POST", f"{base}/workflows", begun)
        await changes.make(method, path, execution_id=run["id"])
    for path in ("/workflows/run", "/link", "/link/send"):
        await changes.make("POST", f"{base}{path}", sent)
    one, said = f"{base}/parameters/{{parameters_id}}", {"parameters": {"a": 1}}
    id_ = (await changes.make("POST", f"{base}/parameters", said))["id"]
    await changes.make("PUT", one, {"parameters": {}}, parameters_id=id_)
    await changes.make("DELETE", one, parameters_id=id_)


async def test_every_change_is_noted_with_its_request(database: str) -> None:
    """Whoever adds a changing route shows here what it changes; none is without a line."""
    async with open_face(database) as face:
        changes = Changes(face)
        for each in (of_truto, of_altostrat, of_sixtyfour, of_a_job, of_thena, of_transactionlink):
            await each(changes)
        assert {*changes.asked.values()} == CHANGING
        noted = {line["request_id"] for line in (await face.get("audit?limit=200"))["items"]}
        assert not [asked for id_, asked in changes.asked.items() if id_ not in noted]
