"""``turnout workflow schema``."""

from services.api.describe.workflow_schema import workflow_schema
from tests.integration.cli.command import turnout


def test_the_schema_is_printed_without_an_api() -> None:
    """It is the one that the API serves, as JSON, whether or not that is asked for."""
    for flags in ((), ("--json",)):
        done = turnout("workflow", "schema", *flags)
        assert (done.code, done.err) == (0, "")
        assert done.json == workflow_schema()
