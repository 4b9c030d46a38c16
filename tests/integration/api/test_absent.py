"""What is not there is refused as its neighbours refuse: unknown routes, methods and ids."""

from yarl import URL

from tests.integration.api.conftest import Client

NOBODY = "00000000-0000-4000-8000-00000000dead"

FIELDS = {
    "truto": {"statusCode", "error", "message"},
    "altostrat": {"message"},
    "sixtyfour": {"detail"},
    "thena": {"statusCode", "message", "error"},
    "transactionlink": {"code", "message"},
}
"""What a refusal of each dialect has."""

ABSENT = [
    ("GET", "/", 404),
    ("GET", "/v1/nothing", 404),
    ("GET", "/v1//workflows", 404),
    ("PATCH", "/v1/workflows", 405),
    ("PROPFIND", "/v1/events", 405),
    ("GET", "/v1/workflows/1", 404),
    ("GET", "/v1/workflows/..%2f..%2fhealthz", 404),
    ("GET", "/v1/workflows/%00", 404),
    ("GET", "/v1/workflows/urn:uuid:4a4de828-f4c9-4bea-8ef4-2d705aec43bc", 404),
    ("GET", "/v1/executions/%7B4a4de828-f4c9-4bea-8ef4-2d705aec43bc%7D", 404),
    ("GET", "/v1/events/%00", 404),
    ("GET", "/v1/events/%ED%A0%80", 404),
    ("GET", "/v1/events/%FF", 404),
    ("GET", f"/v1/executions/{NOBODY}", 404),
    ("POST", f"/v1/executions/{NOBODY}/cancel", 404),
    ("GET", "/truto/workflow/1", 404),
    ("GET", "/truto/nothing", 404),
    ("GET", "/altostrat/workflows/1", 404),
    ("GET", "/altostrat/workflows/fl_%00", 404),
    ("GET", "/altostrat/workflows/runs/fl_run_1", 404),
    ("PUT", "/altostrat/workflows", 405),
    ("GET", "/thena/api/v1/workflows/1", 404),
    ("GET", "/thena/api/v1/workflows/%00/tasks", 404),
    ("GET", "/thena/api/v1/workflows/executions/%ED%A0%80", 404),
    ("PUT", "/thena/api/v1/workflows", 405),
    ("GET", "/truto/workflow-run/1", 404),
    ("DELETE", f"/truto/workflow-run/{NOBODY}", 404),
    ("GET", "/sixtyfour/workflows/1", 404),
    ("GET", "/sixtyfour/workflows/%00", 404),
    ("GET", "/sixtyfour/workflows/runs/1/live_status", 404),
    ("GET", f"/sixtyfour/workflows/runs/{NOBODY}/results/download-links", 404),
    ("POST", f"/sixtyfour/workflows/cancel?job_id={NOBODY}", 404),
    ("GET", "/sixtyfour/job-status/%00", 404),
    ("PUT", "/sixtyfour/workflows", 405),
    ("GET", "/transactionlink/workflows/1", 404),
    ("GET", f"/transactionlink/workflows/{NOBODY}/result", 404),
    ("POST", f"/transactionlink/workflows/{NOBODY}/cancel", 404),
    ("DELETE", "/transactionlink/workflows/%00", 404),
    ("PUT", "/transactionlink/workflows", 405),
    ("GET", "/transactionlink/parameters/1", 404),
    ("DELETE", f"/transactionlink/parameters/{NOBODY}", 404),
    ("GET", "/transactionlink/auth/webhooks/key/1", 404),
    ("GET", f"/transactionlink/auth/webhooks/key/{NOBODY}", 404),
]


async def test_what_is_not_there_is_a_problem_document(client: Client) -> None:
    """Unknown routes, methods and ids answer in the form of their neighbours."""
    for method, path, status in ABSENT:
        async with client.request(method, URL(path, encoded=True)) as answer:
            refusal = await answer.json(content_type=None)
        assert answer.status == status, (path, refusal)
        fields = FIELDS.get(path.split("/")[1], {"title", "status", "detail", "request_id"})
        assert refusal.keys() == fields, path
        assert status != 405 or answer.headers["Allow"]


async def test_who_is_lost_is_told_where_to_look(client: Client) -> None:
    """An unknown path names the page of all routes, another method those that the path takes."""
    for method, path, told in (
        ("GET", "/", "/docs"),
        ("POST", "/v1/nothing", "/docs"),
        ("PATCH", "/v1/workflows", "takes GET, POST only"),
    ):
        async with client.request(method, path) as answer:
            assert told in (await answer.json(content_type=None))["detail"], path
