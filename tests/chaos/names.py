"""A name whose lookup chaos decides: what becomes of it stands in a file."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.chaos.patches import patch

RECEIVER: Final = "receiver.test"
"""Another name of the receiver."""

SILENT, UNKNOWN = "silent", "unknown"
"""What may stand in the file: nobody answers for a long while, or there is no such name."""

_SILENT_S: Final = 10.0


def watch_names(state: Path) -> None:
    """From now on the system looks RECEIVER up as ``state`` says; without that file: at once."""

    def change(look_up: Callable[..., Any]) -> Callable[..., Any]:
        def watched(host: Any, *given: Any, **named: Any) -> Any:
            if host != RECEIVER:
                return look_up(host, *given, **named)
            trouble = state.read_text() if state.exists() else ""
            if trouble == SILENT:
                time.sleep(_SILENT_S)
            if trouble:
                raise socket.gaierror(socket.EAI_AGAIN, f"{trouble}, as chaos wants it")
            return look_up("127.0.0.1", *given, **named)

        return watched

    patch("socket:getaddrinfo", change)
