"""What whoever starts an execution by hand says of it, beside the event that it sees."""

from typing import Annotated, Any, Literal

from pydantic import Field

from shared.domain.values import Name, Strict

Locale = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,8}([-_][A-Za-z0-9]{1,8}){0,4}$")]
"""A language tag, such as ``en`` or ``pt-BR``."""


class Asked(Strict):
    """It stays with the execution, and with whatever repeats it.

    ``overrides`` are inputs by step, each in the place of the step's own. ``force``: it runs
    whether or not its turn has come. All else has no meaning to Turnout itself: it is shown, and
    steps see some of it (``seen``).
    """

    parameters: dict[str, Any] | None = None
    overrides: dict[str, Any] = Field(default_factory=dict)
    locale: Locale | None = None
    record_id: Name | None = None
    execution_type: Literal["background", "interactive", "sync"] = "background"
    origin: Name | None = None
    ui_options: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    idempotency_key: Name | None = None
    force: bool = False

    @property
    def seen(self) -> dict[str, Any]:
        """What expressions see of it, as fields of ``execution``; what was not said is absent."""
        return self.model_dump(exclude_none=True, exclude=_UNSEEN)

    @property
    def repeated(self) -> "Asked | None":
        """What of it a repeat takes over: that has a name, and a turn, of its own."""
        left = self.model_copy(update={"idempotency_key": None, "force": False})
        return None if left == Asked() else left


_UNSEEN = {"overrides", "ui_options", "idempotency_key", "force"}
