"""Which expressions say the same whatever they are evaluated against."""

import jlens

_READS_NOTHING: dict[str, object] = {"bindings": {}}


def is_constant(source: str) -> bool:
    """Whether a valid JSONata text reads neither its document nor a variable from outside."""
    return jlens.Expression(source).reads() == _READS_NOTHING
