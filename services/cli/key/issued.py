"""What the commands show that make a secret."""

from typing import Any

from services.cli.present import say, show_line, write_json


def show_issued(key: dict[str, Any], *, as_json: bool) -> None:
    """The secret on standard output, for a pipe; what is to be known of it beside."""
    if as_json:
        write_json(key)
        return
    until = key["expires_at"] or "it is revoked"
    say(f"Key {key['id']} ({key['name']}) may {', '.join(key['scopes'])}, until {until}.")
    say("This is its secret, which nobody is told again:")
    show_line(key["secret"])
