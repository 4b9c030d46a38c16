"""Which functions an expression has beyond JSONata's own.

An implementation gets JSON values; JSONata's undefined arrives as None, like null, and a returned
None is undefined.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from shared.domain.workflows import Dialect
from shared.expr.extensions import Extension
from shared.expr.truto_functions.registry import ADDED, REPLACED

EXTENSIONS: Mapping[str, Extension] = MappingProxyType(ADDED)
"""By name, without the ``$``: what every expression has."""

TRUTO: Mapping[str, Extension] = MappingProxyType({**ADDED, **REPLACED})
"""What Truto's have: some of JSONata's own are replaced."""

_NAMED = re.compile(r"\$(\w+)")
_MOVING = {"now": "the time", "millis": "the time", "random": "chance", "shuffle": "chance"}


def extensions_in(source: str, dialect: Dialect) -> dict[str, Extension]:
    """Those that the text names, by their names: nobody pays for what is not there."""
    known = TRUTO if dialect is Dialect.TRUTO else EXTENSIONS
    return {name: known[name] for name in _NAMED.findall(source) if name in known}


def unfit_for_run_if(source: str, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """The functions the text names that are not for deciding, each with the reason.

    Time and chance are the event's, the same however often it comes, and so may decide; in
    Truto's words they may not.
    """
    for name in dict.fromkeys(_NAMED.findall(source)):
        if (extension := EXTENSIONS.get(name)) and extension.outside_run_if:
            yield name, extension.outside_run_if
        elif dialect is Dialect.TRUTO and name in _MOVING:
            yield name, f"it depends on {_MOVING[name]}"
