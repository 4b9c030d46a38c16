"""``turnout wait reject``."""

from typing import Any
from uuid import UUID

import click

from services.cli.options import example
from services.cli.wait.answering import answer_options, send_answer


@click.command(
    epilog=example(
        "turnout wait reject 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10 check --by ada --comment no"
    )
)
@answer_options
@click.option("--comment", help="Kept with the decision.")
def reject(execution_id: UUID, step_id: str, *, comment: str | None, **given: Any) -> None:
    """Say no to the step STEP_ID of EXECUTION_ID.

    Ends with 0 when this decides it, with 1 when another decision came first.
    """
    body = {"decision": "reject", "comment": comment}
    send_answer(execution_id, step_id, "decision", body, given)
