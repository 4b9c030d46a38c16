"""What an expression or a template reads of its scope, without evaluating it."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, assert_never

import jlens

from shared.domain.values import Lang, Value
from shared.domain.workflows import Dialect
from shared.expr import templates, thena
from shared.expr.functions import extensions_in

Path: TypeAlias = tuple[str, ...]
"""Names from the root on; the empty one is the whole scope."""

WHOLE: Path = ()


def paths_of(value: Value) -> frozenset[Path]:
    """The paths that a valid value reads; what is computed is cut off before that."""
    match value.lang:
        case Lang.LITERAL:
            return frozenset()
        case Lang.JSONATA:
            return paths_read(value.src)
        case Lang.PLACEHOLDER:
            return frozenset(tuple(path.split(".")) for path in templates.paths_read(value.src))
        case Lang.THENA:
            return frozenset(tuple(path.split(".")) for path in thena.paths_read(value.src))
        case Lang.LIQUID:
            from shared.expr import liquid  # noqa: PLC0415 - slow to load, and not everywhere

            return frozenset(liquid.paths_read(value.src))
        case _:
            assert_never(value.lang)


def is_constant(source: str) -> bool:
    """Whether a valid text reads neither its document nor a variable from outside."""
    return jlens.Expression(source).reads() == {"bindings": {}}


def paths_read(source: str) -> frozenset[tuple[str, ...]]:
    """The paths of its document that a valid text reads; the empty one is all of it.

    Where the text computes a name, the path ends before it; places in lists are left out.
    """
    read = _read(source)
    return frozenset(_leaves(read["input"], ())) if "input" in read else frozenset()


def variables_read(source: str) -> frozenset[str]:
    """The variables from outside that a valid text reads, without their ``$``."""
    return frozenset(_read(source)["bindings"])


def _read(source: str) -> Mapping[str, Any]:
    engine = jlens.Expression(source)
    for name, extension in extensions_in(source, Dialect.NATIVE).items():
        # What is not known is taken to read all that it is called on.
        engine.register_function(name, extension.implementation)
    return engine.reads()


def _leaves(tree: Any, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not isinstance(tree, dict) or not tree:
        yield at
        return
    for name, below in tree.items():
        yield from _leaves(below, (*at, name))
