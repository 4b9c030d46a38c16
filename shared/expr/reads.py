"""What an expression or a template reads of its scope, without evaluating it."""

from typing import TypeAlias, assert_never

from shared.domain.values import Lang, Value
from shared.expr import jsonata, liquid, templates, thena

Path: TypeAlias = tuple[str, ...]
"""Names from the root on; the empty one is the whole scope."""

WHOLE: Path = ()


def paths_of(value: Value) -> frozenset[Path]:
    """The paths that a valid value reads; what is computed is cut off before that."""
    match value.lang:
        case Lang.LITERAL:
            return frozenset()
        case Lang.JSONATA:
            return jsonata.paths_read(value.src)
        case Lang.PLACEHOLDER:
            return frozenset(tuple(path.split(".")) for path in templates.paths_read(value.src))
        case Lang.THENA:
            return frozenset(tuple(path.split(".")) for path in thena.paths_read(value.src))
        case Lang.LIQUID:
            return frozenset(liquid.paths_read(value.src))
        case _:
            assert_never(value.lang)
