"""What happened, as those saw it who were there: one JSON object a line, appended by many.

The driver, the receiver and the stage each write the same file. A line is one ``write`` to a file
opened for appending, so lines of several processes never mix.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One observation: wall and monotonic seconds of the observer's machine.

    ``outcome`` is invoke, ok, fail, or info: it is not known what came of it.
    """

    at: float
    mono: float
    process: str
    op: str
    outcome: str
    id: str
    data: dict[str, Any]


class History:
    """Appends to the file at ``path`` as ``process``."""

    def __init__(self, path: Path | str, process: str = "stage") -> None:
        self.path = Path(path)
        self._process = process
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def named(self, process: str) -> Self:
        """The same history, written by another."""
        return type(self)(self.path, process)

    def write(self, op: str, outcome: str, id: str, **data: Any) -> None:  # noqa: A002
        """Append a line; it is with the kernel on return."""
        line = {
            "at": time.time(),
            "mono": time.monotonic(),
            "process": self._process,
            "op": op,
            "outcome": outcome,
            "id": id,
            "data": data,
        }
        os.write(self._file, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def size(self) -> int:
        """How many bytes are written by now, by all."""
        return os.fstat(self._file).st_size

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)


def read(path: Path | str, since: int = 0) -> list[Line]:
    """The lines in the order in which they were written; a last one cut short is left out.

    ``since``: those behind so many bytes, which end with a line.
    """
    with Path(path).open("rb") as file:
        file.seek(since)
        raw = file.read().split(b"\n")
    return [Line(**orjson.loads(line)) for line in raw[:-1] if line]
