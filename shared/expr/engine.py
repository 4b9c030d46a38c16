"""jlens on one text, with its guards and functions. ``reads.py`` asks it what a text reads."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import jlens

from shared.domain.workflows import Dialect
from shared.expr.bounds import Bounds
from shared.expr.errors import ExpressionError
from shared.expr.functions import extensions_in
from shared.expr.guards import guard
from shared.expr.limits import limited, looking

if TYPE_CHECKING:
    from shared.expr.jsonata import Document

_NO_GUARD: Final = nullcontext()


class Engine:
    """A compiled text. Raises ``jlens.JlensError`` where guards do not fit around it."""

    def __init__(self, source: str, dialect: Dialect) -> None:
        self._extensions = extensions_in(source, dialect)
        finishes = (extension.finish for extension in self._extensions.values())
        self._finishes = frozenset(filter(None, finishes))
        self._guarded = guard(source)
        self._is_limited = bool(self._guarded.functions or self._extensions)
        # Compiled at once, as the deepest of the three: where it compiles, the others do.
        self.condition = self._compiled("$boolean((0;", "))")

    @property
    def extensions(self) -> Mapping[str, Any]:
        """What the text names of the functions beyond JSONata's own."""
        return self._extensions

    def run(
        self,
        compiled: "Compiled",
        document: "Document",
        bounds: Bounds,
        now: datetime,
        seed: int,
        bindings: Mapping[str, Any] | None,
    ) -> Any:
        """What ``plain``, ``kind`` or ``condition`` comes to; None for undefined too.

        Raises ``ExpressionError``.
        """
        try:
            with limited(bounds.timeout_s) if self._is_limited else _NO_GUARD:
                evaluate, value = document.read_by(compiled.engine)
                return evaluate(
                    value,
                    None if bindings is None else dict(bindings),
                    timeout=bounds.timeout_s,
                    max_depth=bounds.depth_max,
                    max_steps=bounds.steps_max,
                    max_string_length=bounds.string_bytes_max,
                    max_array_length=bounds.array_items_max,
                    max_result_size=bounds.result_bytes_max,
                    now=now.timestamp() * 1000,
                    seed=seed,
                )
        except jlens.JlensError as error:
            raise ExpressionError(
                error.code, str(error), self._position(compiled, error)
            ) from error
        except ExpressionError:
            raise
        except Exception as error:
            # Whatever a function or a conversion trips over is the expression's own error.
            message = f"{type(error).__name__}: {error}"
            raise ExpressionError("FUNCTION_FAILED", message) from error

    def finished(self, result: Any) -> Any:
        """The result as authors get it."""
        for finish in self._finishes:
            result = finish(result)
        return result

    def _position(self, compiled: "Compiled", error: jlens.JlensError) -> int | None:
        if error.position is None:
            return None
        return self._guarded.author_position(error.position - compiled.body_offset)

    @cached_property
    def plain(self) -> "Compiled":
        """The text itself."""
        return self._compiled("", "")

    @cached_property
    def kind(self) -> "Compiled":
        """Its ``$type``."""
        return self._compiled("$type((0;", "))")

    def _compiled(self, before: str, after: str) -> "Compiled":
        # What stands before ends in a semicolon: after a bracket no regular expression may begin.
        guarded = self._guarded
        around = (part for extension in self._extensions.values() for part in extension.around)
        prelude = guarded.prelude + "".join(dict.fromkeys(around))
        if prelude:
            before, after = f"({prelude}{before}", f"{after})"
        engine = jlens.Expression(before + guarded.body + after)
        # Each registered function costs every evaluation about 0.15 µs: only those in the text.
        for name, extension in self._extensions.items():
            for registered, implementation in extension.named(name):
                engine.register_function(registered, looking(implementation))
        for name, implementation, signature in guarded.functions:
            engine.register_function(name, implementation, signature)
        return Compiled(engine, len(before))


@dataclass(frozen=True, slots=True)
class Compiled:
    """A text with what stands around it; the author's begins after ``body_offset`` characters."""

    engine: jlens.Expression
    body_offset: int
