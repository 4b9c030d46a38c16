"""An event as the conditions of workflows see it."""

from datetime import datetime
from typing import Any

from shared.domain.events import Event
from shared.domain.workflows import Dialect
from shared.expr.jsonata import Document
from shared.expr.scope import event_fields, event_scope


class EventView:
    """One event; each dialect's scope and document are made once, when first asked for.

    ``now`` and ``seed`` are what an expression knows of time and chance. They come from the event
    itself, so that a repeated delivery gets the same decisions.
    """

    def __init__(self, event: Event) -> None:
        self.event = event
        self._scopes: dict[Dialect, dict[str, Any]] = {}
        self._fields: dict[str, Any] | None = None
        self._documents: dict[Dialect, Document] = {}

    @property
    def now(self) -> datetime:
        """When the event happened, by the publisher's word where there is one.

        ``received_at`` may differ between two deliveries of one event.
        """
        return self.event.time or self.event.received_at

    @property
    def seed(self) -> int:
        """In 64 bits."""
        return self.event.key.int % 2**64

    def scope(self, dialect: Dialect) -> dict[str, Any]:
        """The scope of ``shared.expr.scope.event_scope``; not to be changed."""
        if dialect not in self._scopes:
            self._scopes[dialect] = event_scope(self.event, dialect)
        return self._scopes[dialect]

    def fields(self, dialect: Dialect) -> dict[str, Any]:
        """The same, in the native words without ``event``."""
        if dialect is not Dialect.NATIVE:
            return self.scope(dialect)
        if self._fields is None:
            self._fields = event_fields(self.event)
        return self._fields

    def seen_by(self, dialect: Dialect, name: str, *, reads_event: bool = True) -> dict[str, Any]:
        """The scope of the filters of a workflow; in thena's words it has the workflow's name."""
        scope = self.scope(dialect) if reads_event else self.fields(dialect)
        if dialect is not Dialect.THENA:
            return scope
        context = {**scope["context"], "name": name}
        return {**context, "context": context}

    def document(self, dialect: Dialect) -> Document:
        """The scope as expressions take it."""
        if dialect not in self._documents:
            self._documents[dialect] = Document.of(self.scope(dialect))
        return self._documents[dialect]
