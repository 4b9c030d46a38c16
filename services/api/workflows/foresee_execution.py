"""The execution that an event would start, foreseen: its id and its steps."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.api.workflows.foresee import ForeseenStep, Foresight
from services.api.workflows.foreseen_scope import ForeseenScope
from shared.domain.events import Event
from shared.domain.ids import ExecutionId
from shared.domain.plans import plan
from shared.domain.workflows import Workflow
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver
from shared.expr.secrets import SecretMarks

_TEMPLATES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Seer:
    """What it takes to foresee. ``token`` is 256 bits of chance, by which secrets are marked."""

    expressions: ExpressionCache
    token: str
    now: datetime
    monotonic: Callable[[], float]

    def foresee(
        self, workflow: Workflow, event: Event
    ) -> Generator[None, None, tuple[ExecutionId, Sequence[ForeseenStep]]]:
        """What would follow if the event started the workflow; raises as ``Foresight.steps``."""
        made = plan(workflow)
        resolver = Resolver(self.expressions, TemplateCache(_TEMPLATES_MAX))
        scope = ForeseenScope(made, event, resolver, SecretMarks(self.token), self.now)
        return scope.id, (yield from Foresight(made, scope, self.monotonic).steps())
