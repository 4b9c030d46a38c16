"""JSON as a person gives it: on the command line, in a file, or through a pipe."""

import sys
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

import click

from shared.domain.errors import Invalid
from shared.wire.strict_json import JsonLimits, read_json


def given_json(written: str, option: str) -> Any:
    """The document that ``written`` is or names. Raises click's BadParameter for ``option``."""
    try:
        if written == "-":
            raw = sys.stdin.buffer.read()
        elif written.startswith("@"):
            raw = Path(written[1:]).read_bytes()
        else:
            raw = written.encode("utf-8", "surrogateescape")
        return read_json(raw.removeprefix(BOM_UTF8), JsonLimits())
    except OSError as fault:
        place = f"{written[1:]}: {fault.strerror}"
        raise click.BadParameter(place, param_hint=option) from None
    except Invalid as error:
        raise click.BadParameter(error.message, param_hint=option) from None
