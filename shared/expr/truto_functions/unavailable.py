"""Functions that need what is not there: they fail, and say what they need."""

from collections.abc import Callable
from typing import Any

from shared.expr.errors import ExpressionError


def unavailable(name: str, need: str) -> Callable[..., Any]:
    """A function that fails whatever it is given."""

    def fail(*_given: Any) -> None:
        raise ExpressionError("NOT_CONFIGURED", f"${name} needs {need}, which is not configured.")

    return fail


def cohere_embeddings(body: Any = None, *_given: Any) -> None:
    """``$generateEmbeddingsCohere``: nothing for no texts and no images; else it fails."""
    asked = body if isinstance(body, dict) else {}
    if body is None or _holds_some(asked.get("texts")) or _holds_some(asked.get("images")):
        unavailable("generateEmbeddingsCohere", "Cohere's service")()


def _holds_some(given: Any) -> bool:
    return isinstance(given, str | list | dict) and len(given) > 0
