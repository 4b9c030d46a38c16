"""From which node a run of Altostrat's may go on."""

from tests.integration.api.dialects.test_altostrat import ask
from tests.integration.api.dialects.test_altostrat_runs import becomes, either_way, started
from tests.integration.api.face import open_face


async def test_a_run_goes_on_from_a_node_that_ran(database: str) -> None:
    """404 for a node that is not there, 409 for one that was skipped: nothing would run again."""
    async with open_face(database) as face:
        first = await started(face, either_way(), {"n": 2})
        await becomes(face, first["id"], "completed")
        for node_id, expected, why in (
            ("other", 409, "name the node before it"),
            ("absent", 404, "'absent'"),
            ("$turn", 404, "$turn"),
            ("say", 202, "goes on from"),
            ("start", 202, "goes on from"),
        ):
            path = f"runs/{first['id']}/resume-from/{node_id}"
            status, told = await ask(face.client, "POST", path)
            assert (status, why in told["message"]) == (expected, True), told
