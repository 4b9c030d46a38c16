"""``turnout secret new-key``."""

import click

from services.cli.options import example, json_option
from services.cli.present import say, show_line, write_json
from shared.runtime.keyring import new_key as make_key


@click.command("new-key", epilog=example("turnout secret new-key", "turnout secret new-key --json"))
@json_option
def new_key(*, as_json: bool) -> None:
    """Print a new key for TURNOUT_KEYRING; it is kept nowhere."""
    key = make_key()
    if as_json:
        write_json({"key": key})
        return
    say("Set TURNOUT_KEYRING to this, or to this and a comma before the keys that are there:")
    show_line(key)
