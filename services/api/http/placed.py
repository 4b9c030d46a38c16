"""Problems of a document that stands within a request's body."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from shared.domain.errors import Invalid


@contextmanager
def placed_below(pointer: str) -> Iterator[None]:
    """Problems of what stands at ``pointer`` of the body get their places in the body."""
    try:
        yield
    except Invalid as error:
        placed = [replace(each, pointer=f"{pointer}{each.pointer}") for each in error.problems]
        raise Invalid(placed, error.message) from None
