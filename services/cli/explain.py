"""``turnout explain``."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import click
from click.core import ParameterSource

from services.cli.client import ask, listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import counted, say, show_rows, write_json

LAST_MAX: Final = 1_000

_GIVEN: Final = ParameterSource.COMMANDLINE
_DECIDED: Final = ("workflow", "id", "version", "reason", "failed", "why")
_NEARLY: Final = ("events", "why, as the last of them has it", "the last", "at")
_COUNTED: Final = ("reason", "decisions", "the last event", "at")

_IDLE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "EVENT": frozenset({"last", "from_", "to"}),
        "--last": frozenset({"source", "reason", "near_misses", "limit", "from_", "to"}),
        "--workflow": frozenset({"source", "reason", "near_misses", "limit"}),
    }
)
"""What would change nothing of what is asked for."""


@click.command(
    epilog=example(
        "turnout explain evt_1 --source https://example.com",
        "turnout explain evt_1 0b0e2a3c-6a53-4b36-9f1c-1f0d3d6a9f10",
        "turnout explain --workflow 0b0e2a3c-6a53-4b36-9f1c-1f0d3d6a9f10 --last 100",
    )
)
@click.argument("event", required=False)
@click.argument("workflow", type=click.UUID, required=False)
@click.option("--workflow", "about", type=click.UUID, help="Of no event: how this one decided.")
@click.option(
    "--last", type=click.IntRange(1, LAST_MAX),
    help="With --workflow: which of its last so many events nearly matched.",
)  # fmt: skip
@click.option("--source", help="The publisher's, when EVENT is an id of theirs.")
@click.option("--reason", help="Only decisions for this reason, as FILTER_FALSE.")
@click.option("--near-misses", is_flag=True, help="Only decisions of which one condition failed.")
@click.option("--from", "from_", help="With --workflow: since this day, as 2026-11-22T00:00:00Z.")
@click.option("--to", help="With --workflow: up to this day.")
@limit_option
@api_options
def explain(
    event: str | None,
    workflow: UUID | None,
    *,
    about: UUID | None,
    url: str,
    token: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Say why EVENT (its key, or its publisher's id) did, or did not, start each workflow.

    Or, with --workflow, how often events came to which decision on one.
    """
    if (event is None) == (about is None):
        raise click.UsageError("Name an event, or a workflow with --workflow.")
    last = "--workflow" if given["last"] is None else "--last"
    _refuse_idle("EVENT" if event is not None else last)
    if event is not None:
        query = {"source": given["source"], "reason": given["reason"], "workflow_id": workflow}
        if given["near_misses"]:
            query["near_misses"] = "true"
        path = f"v1/events/{quote(event, safe='')}/decisions"
        found = listed(url, token, path, given["limit"], **query)
        _show(found, _show_decisions, as_json=as_json)
    elif given["last"] is not None:
        path, query = f"v1/workflows/{about}/near-misses", {"last": given["last"]}
        _show(ask(url, token, "GET", path, query=query).body, _show_misses, as_json=as_json)
    else:
        path, query = f"v1/workflows/{about}/decisions", {"from": given["from_"], "to": given["to"]}
        _show(ask(url, token, "GET", path, query=query).body, _show_counts, as_json=as_json)


def _refuse_idle(form: str) -> None:
    """Raises click's UsageError for an option that would change nothing."""
    context = click.get_current_context()
    for option in context.command.params:
        name = option.name or ""
        if name in _IDLE[form] and context.get_parameter_source(name) is _GIVEN:
            raise click.UsageError(f"{option.opts[0]} means nothing with {form}; leave one out.")


def _show(told: Any, shown: Callable[[Any], None], *, as_json: bool) -> None:
    if as_json:
        write_json(told)
    else:
        shown(told)


def _show_decisions(decisions: Sequence[Mapping[str, Any]]) -> None:
    near = [one for one in decisions if one["is_near_miss"]]
    others = [one for one in decisions if not one["is_near_miss"]]
    for title, some in (("all held but one", near), ("the others", others)):
        if some:
            show_rows(_DECIDED, map(_decision, some), title=title)
    if not decisions:
        say("No workflow awaited it, or none was decided on as you ask.")


def _decision(one: Mapping[str, Any]) -> Sequence[Any]:
    sentences = [failure["sentence"] for failure in one["failures"]] or [one["detail"] or ""]
    failed = f"{one['failed']} of {one['clauses']}"
    return (
        *(one["workflow_name"], one["workflow_id"], one["workflow_version"], one["reason"], failed),
        "\n".join(sentences),
    )


def _show_misses(told: Mapping[str, Any]) -> None:
    say(
        f"Of {counted(told['events'], 'event')} {counted(told['matched'], 'matches', 'match')}, and"
        f" {counted(told['nearly'], 'does', 'do')} but for one condition."
    )
    if not told["is_complete"]:
        say("It took too long to look at more.")
    if told["reasons"]:
        show_rows(_COUNTED, map(_counted, told["reasons"]))
    rows = [
        (one["count"], one["failure"]["sentence"], one["event_key"], one["received_at"])
        for one in told["near_misses"]
    ]
    if rows:
        show_rows(_NEARLY, rows)


def _counted(one: Mapping[str, Any]) -> Sequence[Any]:
    return one["reason"], one["count"], one["event_key"], one["event_received_at"]


def _show_counts(told: Mapping[str, Any]) -> None:
    rows = map(_counted, told["reasons"])
    show_rows(_COUNTED, [*rows, ("ruled out untried", told["ruled_out"], None, None)])
    say(f"{counted(told['events'], 'event')} from {told['from_on']} to {told['to_on']}.")
