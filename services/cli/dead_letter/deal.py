"""``turnout dead-letter retry`` and ``discard``: one letter by its id, or many by what they are."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

import click

from services.cli.client import ask
from services.cli.dead_letter.which import which_options
from services.cli.options import api_options, example
from services.cli.present import counted, say, write_json
from shared.domain.errors import Rejected

F = TypeVar("F", bound=Callable[..., Any])

_DONE: Final = {"retry": "published again", "discard": "discarded"}


def _meant(command: F) -> F:
    """Add the letter, or what many of them are."""
    letter = click.argument("letter_id", type=click.UUID, required=False)
    all_ = click.option("--all", "is_all", is_flag=True, help="All that the other options let by.")
    preview = click.option(
        "--preview", is_flag=True, help="With --all: say how many, and do nothing."
    )
    return letter(all_(preview(which_options(api_options(command)))))


@click.command(
    epilog=example(
        "turnout dead-letter retry 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b",
        "turnout dead-letter retry --all --reason UNKNOWN_WORKFLOW",
    )
)
@_meant
def retry(letter_id: UUID | None, **given: Any) -> None:
    """Publish the record of the dead letter LETTER_ID again, or those of many with --all."""
    _deal("retry", letter_id, **given)


@click.command(
    epilog=example(
        "turnout dead-letter discard 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b",
        "turnout dead-letter discard --all --topic turnout.events --preview",
    )
)
@_meant
def discard(letter_id: UUID | None, **given: Any) -> None:
    """Let the dead letter LETTER_ID go, or many with --all."""
    _deal("discard", letter_id, **given)


def _deal(
    deed: str,
    letter_id: UUID | None,
    *,
    url: str,
    token: str | None,
    as_json: bool,
    is_all: bool,
    preview: bool,
    **which: Any,
) -> None:
    if (letter_id is None) is not is_all:
        raise Rejected("Name one dead letter, or say --all.")
    if not is_all:
        verb, path = ("POST", "/retry") if deed == "retry" else ("DELETE", "")
        ask(url, token, verb, f"v1/dead-letters/{letter_id}{path}")
        told: Mapping[str, Any] = {"id": str(letter_id), "result": _DONE[deed]}
        sentence = f"Dead letter {letter_id} is {_DONE[deed]}."
    else:
        meant = {name: value for name, value in which.items() if value is not None}
        body = {**meant, "preview": preview}
        told = ask(url, token, "POST", f"v1/dead-letters/{deed}", body=body).body
        more = " There are more: run it again." if told["more"] else ""
        sentence = (
            f"{counted(told['matched'], 'dead letter')} would be {_DONE[deed]}.{more}"
            if preview
            else f"{counted(told['done'], 'dead letter is', 'dead letters are')} {_DONE[deed]},"
            f" {told['left']} left.{more}"
        )
    if as_json:
        write_json(told)
    else:
        say(sentence)
