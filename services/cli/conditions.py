"""What documents must hold, as it is given on the command line: fields and their values."""

from collections.abc import Sequence
from typing import Any

import click
import orjson


def condition(given: Sequence[str], option: str) -> str | None:
    """The JSON that ``FIELD.FIELD=VALUE`` say together; None for nothing.

    What is JSON is meant so, whatever else as a text. Raises click's BadParameter.
    """
    held: dict[str, Any] = {}
    for one in given:
        path, sign, value = one.partition("=")
        *above, last = names = path.split(".")
        inner: Any = held
        for name in above:
            inner = inner.setdefault(name, {}) if isinstance(inner, dict) else inner
        if not (sign and all(names)) or not isinstance(inner, dict) or last in inner:
            said = f"'{one}' is no FIELD=VALUE, or says another thing than the one before."
            raise click.BadParameter(said, param_hint=option)
        inner[last] = _value(value)
    return orjson.dumps(held).decode() if held else None


def _value(written: str) -> Any:
    try:
        return orjson.loads(written)
    except orjson.JSONDecodeError:
        return written
