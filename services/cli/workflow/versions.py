"""``turnout workflow versions``."""

from typing import Any
from uuid import UUID

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_rows, write_json


@click.command(epilog=example("turnout workflow versions 4a4de828-f4c9-4bea-8ef4-2d705aec43bc"))
@click.argument("workflow_id", type=click.UUID)
@limit_option
@api_options
def versions(workflow_id: UUID, *, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List the versions of the workflow WORKFLOW_ID, the latest first, with what each changed."""
    found = listed(url, token, f"v1/workflows/{workflow_id}/versions", limit)
    if as_json:
        write_json(found)
    else:
        show_rows(
            ("version", "at", "by", "state", "changed"),
            [
                (
                    v["version"],
                    v["created_at"],
                    v["created_by"],
                    v["lifecycle"],
                    _said(v["changes"]),
                )
                for v in found
            ],
        )


def _said(changes: dict[str, Any] | None) -> str | None:
    if changes is None:
        return None
    parts = [
        f"{name} {kind}: {', '.join(changes[name][kind])}"
        for name in ("steps", "triggers")
        for kind in ("added", "removed", "changed")
        if changes[name][kind]
    ]
    return "; ".join([*parts, *changes["others"]])
