"""Every topic: its name, key, writer and readers.

==================  ==============================  ====================  ======================
topic               key                             written by            read by
==================  ==============================  ====================  ======================
sources             the publisher's choice          publishers, api       trigger_ingest
triggers            the event's subject, else id    trigger_ingest        matcher
commands            execution id                    matcher, api          executor
step_results        execution id                    executor              webhooks, consumers
executions          execution id                    executor              webhooks, consumers
tasks.<action>      execution id                    executor              remote workers
task_results        execution id                    remote workers        executor
dead_letters        the original key                all                   operators
==================  ==============================  ====================  ======================

Every value is a CloudEvent in JSON (structured mode); ``messages.py`` has the schemas.
"""

import re
from dataclasses import dataclass
from typing import Final

_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The topics' names under one prefix."""

    prefix: str = "turnout"
    sources: tuple[str, ...] = ("turnout.events",)

    @property
    def triggers(self) -> str:
        """Accepted events, normalised."""
        return f"{self.prefix}.triggers"

    @property
    def commands(self) -> str:
        """What executions are told: start, cancel."""
        return f"{self.prefix}.commands"

    @property
    def step_results(self) -> str:
        """One record an ended attempt of a step."""
        return f"{self.prefix}.step-results"

    @property
    def executions(self) -> str:
        """The lifecycle of executions."""
        return f"{self.prefix}.executions"

    @property
    def task_results(self) -> str:
        """What remote workers answer."""
        return f"{self.prefix}.task-results"

    def tasks(self, action: str) -> str:
        """The work for one action; what a topic's name cannot hold becomes a dash."""
        return f"{self.prefix}.tasks.{_UNFIT.sub('-', action)[:150]}"

    @property
    def dead_letters(self) -> str:
        """What could not be read, with the reason."""
        return f"{self.prefix}.dead-letters"

    def group(self, role: str) -> str:
        """The consumer group of a role: installations that share a broker keep apart."""
        return f"{self.prefix}.{role}"

    @property
    def all(self) -> tuple[str, ...]:
        """Every topic, sources first."""
        return (
            *self.sources,
            self.triggers,
            self.commands,
            self.step_results,
            self.executions,
            self.task_results,
            self.dead_letters,
        )
