"""Telling an execution something, as ``suspend`` and ``resume`` do."""

from uuid import UUID

from services.cli.client import ask
from services.cli.present import say, write_json


def tell(
    execution_id: UUID, way: str, *, url: str, token: str | None, as_json: bool, said: str
) -> None:
    """Post to the execution's route ``way``; say ``said`` once that is durable."""
    told = ask(url, token, "POST", f"v1/executions/{execution_id}/{way}").body
    if as_json:
        write_json(told)
    else:
        say(said)
