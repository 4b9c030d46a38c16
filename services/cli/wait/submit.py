"""``turnout wait submit``."""

from typing import Any
from uuid import UUID

import click

from services.cli.given_json import given_json
from services.cli.options import example
from services.cli.wait.answering import answer_options, send_answer


@click.command(
    epilog=example(
        "turnout wait submit 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10 form --by ada --data @sum.json"
    )
)
@answer_options
@click.option("--data", required=True, help="JSON; @FILE reads a file, - standard input.")
@click.option("--button", help="The one to press, where the form has buttons.")
def submit(
    execution_id: UUID, step_id: str, *, data: str, button: str | None, **given: Any
) -> None:
    """Fill in the form for which the step STEP_ID of EXECUTION_ID waits.

    Ends with 0 when this is the submission that counts, with 1 when another came first.
    """
    body = {"data": given_json(data, "--data"), "button": button}
    send_answer(execution_id, step_id, "submission", body, given)
