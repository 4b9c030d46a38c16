"""``turnout workflow dry-run``."""

from pathlib import Path
from typing import Any

import click

from services.cli.client import ask
from services.cli.exits import Exit
from services.cli.options import api_options, example
from services.cli.present import say, show_rows, write_json
from services.cli.workflow.files import read_definition
from shared.domain.ids import as_uuid


@click.command(
    "dry-run",
    epilog=example("turnout workflow dry-run workflows/order.yaml --event events/placed.json"),
)
@click.argument("workflow")
@click.option(
    "--event",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with an event, JSON or YAML, as 'turnout event send' takes it.",
)
@api_options
def dry_run(workflow: str, *, event: Path, url: str, token: str | None, as_json: bool) -> None:
    """Say whether an event would start WORKFLOW, a file or an id, and what would follow.

    Nothing of it is done. It ends with 1 where the event would not start the workflow.
    """
    body: dict[str, Any] = {"event": read_definition(event)}
    path = f"v1/workflows/{workflow}/dry-run"
    if as_uuid(workflow) is None:
        body["document"] = read_definition(Path(workflow))
        path = "v1/workflows/dry-run"
    found = ask(url, token, "POST", path, body=body).body
    decision = found["decision"]
    if as_json:
        write_json(found)
    else:
        say(f"{decision['reason']}{': ' if decision['detail'] else ''}{decision['detail'] or ''}")
        show_rows(
            ("level", "step", "runs", "why", "input"),
            [(s["level"], s["id"], s["runs"], _why(s), _told(s["input"])) for s in found["steps"]],
        )
    if not decision["is_match"]:
        raise click.exceptions.Exit(Exit.FAILED)


def _why(step: dict[str, Any]) -> str | None:
    if step["depends_on"]:
        return f"depends on {', '.join(step['depends_on'])}"
    tests: dict[str, Any] = {**step["tests"], "input": step["input"], "choice": step["choice"]}
    cause = tests.get(step["reason"] or "")
    message = cause["error"]["message"] if cause and cause["error"] else None
    return f"{step['reason']}: {message}" if message else step["reason"]


def _told(found: dict[str, Any]) -> Any:
    match found["state"]:
        case "needs":
            return f"needs {', '.join(found['needs'])}"
        case "error":
            return f"error: {found['error']['message']}"
        case _:
            return "(too large to be shown)" if found["is_cut"] else found["value"]
