"""How runs of Altostrat's end, and what is said of them then."""

from typing import Any

from tests.integration.api.dialects.test_altostrat import create
from tests.integration.api.dialects.test_altostrat_runs import becomes, logged, started
from tests.integration.api.face import open_face
from tests.unit.dialects.altostrat_documents import flow, node

BROKEN = node("broken", "number_condition", value="x", operator=">", compare_to=1)


def by_error(broken: dict[str, Any], template: str) -> dict[str, Any]:
    """A workflow that leaves a node by ``error``, for one that says something."""
    document = flow(broken, node("mend", "text_transform", template=template))
    document["edges"][1]["sourceHandle"] = "error"
    return document


async def test_a_failed_end_says_why_in_computed_words(database: str) -> None:
    """A message is a template as all else is, and a text whatever it comes to."""
    async with open_face(database) as face:
        for message, told in (
            ("because {{ context.why }}", "because so"),
            ("{{ context.n }}", "7"),
            ("it had to", "it had to"),
        ):
            end = node("end", "terminate", status="failed", message=message)
            first = await started(face, flow(end), {"why": "so", "n": 7})
            run = await becomes(face, first["id"], "completed", "failed")
            assert (run["status"], run["error_message"]) == ("failed", told)


async def test_a_node_that_does_not_go_on_fails_the_run_at_once(database: str) -> None:
    """continue_on_error: false holds, whatever edges there are; what they lead to never runs."""
    async with open_face(database) as face:
        stops = {**BROKEN, "data": {**BROKEN["data"], "continue_on_error": False}}
        made = await create(face.client, document := by_error(stops, "mended"))
        assert (made["is_active"], made["edges"]) == (True, document["edges"])
        run = await becomes(face, (await started(face, document))["id"], "completed", "failed")
        assert run["status"] == "failed"
        assert logged(run)["broken"][0] == "error"
        assert logged(run).get("mend", ("skipped",))[0] == "skipped"
        fine = {**stops, "data": {**stops["data"], "value": 2}}
        run = await becomes(face, (await started(face, by_error(fine, "m")))["id"], "completed")
        assert (logged(run)["broken"][0], logged(run)["mend"][0]) == ("success", "skipped")


async def test_a_node_that_failed_says_why_to_the_next(database: str) -> None:
    """Along its edge ``error`` its output is what the log shows."""
    async with open_face(database) as face:
        first = await started(face, by_error(BROKEN, "{{ broken.error }}"))
        run = await becomes(face, first["id"], "completed")
        told = logged(run)
        assert told["mend"] == ("success", told["broken"][1]["error"])
        assert told["mend"][1]
