"""No system's route shows payloads, or addresses that start workflows, to who may only read."""

from typing import Any, Final
from uuid import UUID

from services.api.dialects.faces import FACES
from services.api.http.payloads import HIDDEN
from shared.domain.principals import SCOPES_OF, Role, Scope
from shared.domain.short_ids import from_short_id, short_id
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.dialects.thena import FLOW as THENA
from tests.integration.api.dialects.thena import WORKFLOWS
from tests.integration.api.test_id_swap import AT_REST, EXECUTIONS, OF_ONE, fill, filled
from tests.support.served import open_api
from tests.support.works import Works, open_works, until
from tests.unit.dialects.altostrat_documents import flow, node

CANARY: Final = "canary-4711"
SAID: Final = {"name": CANARY}
BROKEN: Final = "$error(name)"


async def made(asker: Asker, path: str, body: Any) -> Any:
    """What was made, or begun."""
    status, document = await asker.ask("POST", path, body)
    assert status in (200, 201, 202), document
    return document


async def ran(asker: Asker, workflow_id: Any) -> str:
    """The id of an execution that was given the canary."""
    started = await made(asker, f"/v1/workflows/{workflow_id}/executions", {"payload": SAID})
    return str(started["execution_id"])


async def happened(works: Works, asker: Asker, environment_id: str) -> dict[str, str]:
    """What stands in paths, of runs that were given the canary, say it, or fail with it."""
    ids = await fill(works, asker, environment_id)
    steps = [{"action": "transform", "config": src} for src in ("name", BROKEN)]
    truto = await made(asker, "/truto/workflow", {"config": {"steps": steps}})
    document = flow(node("say", "text_transform", template="{{ start.name }}"))
    altostrat = await made(asker, "/altostrat/workflows", document)
    run = await made(asker, f"/altostrat/workflows/{altostrat['id']}/execute", {"context": SAID})
    block: dict[str, Any] = {"block_name": "webhook", "specs": {}}
    job = await made(
        asker, "/sixtyfour/workflows/interactive/start", {**block, "webhook_payload": SAID}
    )
    rows = await made(
        asker,
        f"/sixtyfour/workflows/run?workflow_id={ids['sixtyfour {workflow_id}']}",
        {"webhook_payload": [SAID]},
    )
    thena = await made(asker, WORKFLOWS, THENA)
    asked = {"workflowDefinitionId": truto["id"], "locale": "en", "parameters": SAID}
    link = await made(asker, "/transactionlink/workflows", asked)
    kept = await made(asker, "/transactionlink/parameters", {"parameters": SAID})
    told = {
        "workflow-run": await ran(asker, truto["id"]),
        "{flow_id}": altostrat["id"],
        "{flow_run_id}": run["id"],
        "sixtyfour {run_id}": rows["job_id"],
        "sixtyfour {job_id}": job["job_id"],
        "thena {workflow_uid}": thena["uid"],
        "thena {instance_uid}": short_id(UUID(await ran(asker, from_short_id(thena["uid"])))),
        "{execution_id}": link["id"],
        "parameters": kept["id"],
    }
    await until(works.pool, AT_REST, EXECUTIONS + 6, within_s=30)
    return ids | told


async def test_payloads_take_their_scope(database: str) -> None:
    """The canary is in what each system shows to who may see payloads, and to nobody else."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        own = await operator.new_environment("own")
        seer = await operator.key(list(Scope), own)
        admin = await operator.key(SCOPES_OF[Role.ADMIN], own)
        ids = await happened(works, seer, own)
        for face in FACES:
            shown: list[str] = []
            for route in face.routes:
                if route.method != "GET" or not route.needs:  # files are opened by their links
                    continue
                path = filled(route, ids)
                if path == OF_ONE:
                    path += f"?workflowId={ids['thena {workflow_uid}']}"
                status, document = await admin.ask("GET", path)
                assert CANARY not in str(document), path
                if CANARY in str((await seer.ask("GET", path))[1]):
                    shown.append(path)
                    assert status == 403 or HIDDEN in str(document), path
            assert shown, face.prefix


async def test_addresses_take_the_scope_to_make_them(database: str) -> None:
    """Whoever knows one may start the workflow, which who may only read may not."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        document = flow()
        document["nodes"] = [node("start", "webhook_trigger")]
        url = (await made(operator, "/altostrat/workflows", document))["webhook_url"]
        author, reader = (
            await operator.key([Scope.READ, Scope.AUTHOR]),
            await operator.key([Scope.READ, Scope.OPERATE, Scope.PAYLOADS]),
        )
        for path in ("/altostrat/workflows", "/v1/workflows"):
            assert url.rpartition("whsec_")[2] not in str(await reader.get(path))
        [shown] = await author.get("/altostrat/workflows")
        assert shown["webhook_url"] == url
