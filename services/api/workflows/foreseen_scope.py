"""What the expressions of an execution that never runs see, and which steps that depends on."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from shared.domain.events import Event
from shared.domain.executions import Attempt
from shared.domain.ids import StepId, execution_id
from shared.domain.plans import ANNOTATE, Plan
from shared.domain.values import Value
from shared.domain.workflows import Dialect
from shared.expr.edge_scope import edge_scope
from shared.expr.reads import Path
from shared.expr.resolve import Resolver
from shared.expr.scope import Seen, start_scope, step_scope
from shared.expr.secrets import SecretMarks
from shared.wire.outcomes import outcome_data

Settled = Mapping[StepId, Attempt]


class ForeseenScope:
    """The scope of one plan and one event; as ``executor/view.py`` makes it of an execution.

    Every secret is taken to be there, and is seen as a marker.
    """

    def __init__(
        self, plan: Plan, event: Event, resolver: Resolver, marks: SecretMarks, now: datetime
    ) -> None:
        self.now = now
        self.event = event
        self.id = execution_id(plan.workflow_id, event.key)
        self._plan = plan
        self._resolver = resolver
        self._marks = marks
        workflow = {"id": str(plan.workflow_id), "version": plan.version, "name": plan.name}
        self._start = start_scope(event, workflow, {"id": str(self.id)}, plan.dialect)

    def holds(
        self,
        source: str,
        paths: Iterable[Path],
        settled: Settled,
        given: Any = None,
        along: str | None = None,
    ) -> bool:
        """Whether a condition is true, for a step with this input; or for an edge from a step.

        Raises ExpressionError.
        """
        scope = self.seen(settled, paths)
        if along is not None:
            scope = edge_scope(scope, along, self._plan.dialect)
        bindings = None if given is None else {"input": given}
        return self._resolver.holds(
            source,
            scope,
            now=self.now,
            seed=self._seed,
            bindings=bindings,
            dialect=self._plan.dialect,
        )

    def resolve(self, value: Value, paths: Iterable[Path], settled: Settled) -> Any:
        """What a value comes to, with references for secrets. Raises ExpressionError."""
        scope = self.seen(settled, paths)
        found = self._resolver.resolve(
            value, scope, now=self.now, seed=self._seed, dialect=self._plan.dialect
        )
        return self._marks.shown(found)

    def seen(self, settled: Settled, paths: Iterable[Path] = ()) -> dict[str, Any]:
        """The root of what a step sees that reads ``paths``."""
        secrets = {path[1] for path in map(self._rooted, paths) if _is_secret(path)}
        seen = Seen(
            start=self._start,
            steps={key: outcome_data(done) for key, done in settled.items() if key[0] != "$"},
            secrets=self._marks.scope(secrets),
        )
        return step_scope(seen, self._plan.dialect)

    def needed(self, paths: Iterable[Path], open_steps: Collection[str]) -> tuple[str, ...]:
        """Those of ``open_steps``, and annotations, without which ``paths`` cannot be known."""
        found: dict[str, None] = {}
        for path in map(self._rooted, paths):
            found |= dict.fromkeys(self._needed(path, open_steps))
            if any(_overlap(path, target) for target in self._annotated):
                found[ANNOTATE] = None
        return tuple(found)

    def _needed(self, path: Path, open_steps: Collection[str]) -> Collection[str]:
        dialect = self._plan.dialect
        match path:
            case ():
                return open_steps
            case ("steps", step_id, *_) if dialect is not Dialect.TRUTO:
                return {step_id} & set(open_steps)
            case ("steps", *_):
                return open_steps
            case ("rows", *_) if dialect is Dialect.SIXTYFOUR:
                return open_steps
            case (first, *_) if dialect is Dialect.ALTOSTRAT:
                return {first} & set(open_steps)
            case _:
                return ()

    def _rooted(self, path: Path) -> Path:
        """A path without the root that thena's words may write before it."""
        is_rooted = self._plan.dialect is Dialect.THENA and path[:1] == ("context",)
        return path[1:] if is_rooted else path

    @property
    def _annotated(self) -> list[Path]:
        targets = (annotation.target_path for annotation in self._plan.annotations)
        return [self._rooted(tuple(target.split("."))) for target in targets]

    @property
    def _seed(self) -> int:
        return self.id.int & 0xFFFF_FFFF


def _is_secret(path: Path) -> bool:
    return path[:1] == ("secrets",) and len(path) > 1


def _overlap(one: Path, other: Path) -> bool:
    return all(a == b for a, b in zip(one, other, strict=False))
