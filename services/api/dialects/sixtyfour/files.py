"""The rows of a run as files, and the links by which they are fetched.

A link counts by its signature alone, whoever has it, for ``LINK_S``. The key of the signatures is
the environment's, kept beside the very rows that it opens.
"""

import csv
import hmac
import io
import re
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Any, Final

from shared.domain.ids import EnvironmentId, ExecutionId
from shared.wire.envelope import dumps

LINK_S: Final = 900
KEY_BYTES: Final = 32

_FORMULA: Final = re.compile(r"(?![+-][\d.,]+\Z)[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001
"""What OWASP says begins a formula, where it is no number."""


class FileFormat(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A file, and until when its link counts, in seconds since 1970."""

    environment_id: EnvironmentId
    run_id: ExecutionId
    step_id: str
    format: FileFormat
    expires: int

    def signed(self, key: bytes) -> str:
        """The signature, in hex."""
        said = "\n".join(map(str, astuple(self)))
        return hmac.digest(key, said.encode(), "sha256").hex()

    def is_signed(self, key: bytes, signature: str) -> bool:
        """Whether the signature is this link's."""
        return hmac.compare_digest(self.signed(key).encode(), signature.encode())


def write_rows(rows: list[dict[str, Any]], form: FileFormat) -> bytes:
    """Rows as a file: JSON is their list; CSV (RFC 4180) begins with the names of the columns.

    In CSV a column is there that any row has, in the order in which they come; null and what a row
    lacks are empty, and what is neither text nor number is JSON. A text that a spreadsheet would
    take for a formula begins with an apostrophe.
    """
    if form is FileFormat.JSON:
        return dumps(rows)
    columns = dict.fromkeys(name for row in rows for name in row)
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(map(_text, columns))
    table.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return written.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return _text(value or "")
    return dumps(value).decode()


def _text(text: str) -> str:
    """As a spreadsheet shows it, and does not compute it."""
    return f"'{text}" if _FORMULA.match(text) else text
