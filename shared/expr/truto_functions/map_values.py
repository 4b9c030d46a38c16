"""``$mapValues``: values looked up in a mapping."""

from collections.abc import Mapping
from typing import Any


def map_values(
    value: Any = None, mapping: Any = None, lower_case: Any = None, default: Any = None
) -> Any:
    """``$mapValues``: ``value`` looked up in ``mapping``, itself where the mapping is silent.

    Looks up the value as a text in lower case; the mapping's keys are put in lower case too,
    unless ``lower_case`` is true, which says that they are already. Maps the items of an array
    and the values of an object. A mapped null counts as absent. ``default`` stands for a missing
    value only; booleans are never mapped.
    """
    table = mapping if isinstance(mapping, dict) else {}
    if not lower_case:
        table = {key.lower(): mapped for key, mapped in table.items()}
    return _mapped(value, table, default)


def _mapped(value: Any, table: Mapping[str, Any], default: Any) -> Any:
    match value:
        case None:
            return default
        case bool():
            return value
        case list():
            return [_mapped(item, table, default) for item in value]
        case dict():
            return {key: _mapped(item, table, default) for key, item in value.items()}
        case _:
            found = table.get(str(value).lower())
            return value if found is None else found
