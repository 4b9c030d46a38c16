"""``turnout workflow schema``."""

import click

from services.api.describe.workflow_schema import workflow_schema
from services.cli.options import example
from services.cli.present import write_json


@click.command(epilog=example("turnout workflow schema > .workflow.schema.json"))
@click.option("--json", is_flag=True, expose_value=False, help="It is JSON in any case.")
def schema() -> None:
    """Print the JSON Schema of workflow files, for editors; no API has to run."""
    write_json(workflow_schema())
