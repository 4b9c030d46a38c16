"""What the demo does: one workflow, ten events of which four start it, one of them sent twice."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from shared.domain.ids import EnvironmentId, EventKey, event_key

EVENT_TYPE: Final = "integrated_account:connected"
SEED_ENVIRONMENT: Final = EnvironmentId(UUID("05daecaf-4365-42e8-8370-8127de5dd717"))
SOURCE: Final = "/turnout/demo"

# The answers to what the step's expression asks for.
SYNC_JOB_ID: Final = "51b79ace-a7b4-4077-93ba-8048a06ece2b"

_WORKFLOWS: Final = Path(__file__).with_name("workflows")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEvent:
    """An event to publish; ``starts`` is what ought to come of it, ``copies`` how often it comes.

    ``about`` says in a few words what is special about it.
    """

    id: str
    about: str
    payload: Any
    starts: bool = False
    type: str = EVENT_TYPE
    copies: int = 1

    @property
    def key(self) -> EventKey:
        """The key under which it is archived."""
        return event_key(SEED_ENVIRONMENT, SOURCE, self.id)

    @property
    def record(self) -> dict[str, Any]:
        """The record, as any publisher would write it."""
        return {
            "id": self.id,
            "source": SOURCE,
            "event": self.type,
            "environment_id": str(SEED_ENVIRONMENT),
            "created_at": "2026-11-22T10:00:00Z",
            "payload": self.payload,
        }


def minimal_workflow() -> bytes:
    """The smallest body of POST /workflow: a trigger, and nothing to do."""
    return (_WORKFLOWS / "minimal.json").read_bytes()


def full_workflow() -> bytes:
    """The body with a condition and a step that runs a sync job."""
    return (_WORKFLOWS / "run-sync-job.json").read_bytes()


def events() -> tuple[DemoEvent, ...]:
    """Ten events."""
    return (
        *_matching(),
        DemoEvent(id="evt-05", about="another integration", payload=_account("erin", "hubspot")),
        DemoEvent(id="evt-06", about="other capitals", payload=_account("fred", "CalCom")),
        DemoEvent(id="evt-07", about="no integration", payload={"id": "acc-gina"}),
        DemoEvent(id="evt-08", about="a payload of text", payload="connected"),
        DemoEvent(
            id="evt-09",
            about="another event",
            payload={"id": "acc-anna"},
            type="integrated_account:deleted",
        ),
        DemoEvent(
            id="evt-10",
            about="another kind of event",
            payload={"resource": "bookings", "records": []},
            type="record:created",
        ),
    )


def _matching() -> tuple[DemoEvent, ...]:
    names = ("anna", "ben", "cara", "dan")
    return tuple(
        DemoEvent(
            id=f"evt-{number:02}",
            about="sent twice" if name == "dan" else "matches",
            payload=_account(name, "calcom"),
            starts=True,
            copies=2 if name == "dan" else 1,
        )
        for number, name in enumerate(names, start=1)
    )


def _account(name: str, integration: str) -> dict[str, Any]:
    return {
        "id": f"acc-{name}",
        "tenant_id": name,
        "status": "active",
        "integration": {"name": integration},
    }
