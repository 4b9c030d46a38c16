"""What the commands show that make an address."""

from typing import Any

from services.cli.present import say, show_line, write_json


def show_address(endpoint: dict[str, Any], *, as_json: bool) -> None:
    """The address on standard output, for a pipe; what is to be known of it beside."""
    if as_json:
        write_json(endpoint)
        return
    say(f"Endpoint {endpoint['id']} ({endpoint['name']}) has this address, told this once:")
    show_line(endpoint["url"])
