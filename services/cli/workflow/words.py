"""The words of files: which system's they are, and where a workflow in them is found and sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from services.api.dialects.altostrat import ids as altostrat
from services.api.dialects.recognise import dialect_of
from services.cli.workflow.canonical import (
    canonical,
    canonical_altostrat,
    canonical_sixtyfour,
    canonical_truto,
)
from services.cli.workflow.canonical_thena import canonical_thena
from shared.domain.ids import as_uuid
from shared.domain.short_ids import from_short_id, short_id
from shared.domain.workflows import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWords:
    """What there is to know of the documents of a system.

    ``plain`` makes of a document, or of an answer, what an author would write; ``said`` is what the
    author has said that only the native answer tells. ``one`` is where a workflow is found,
    ``create`` and ``change`` how it is sent; where it ``names_freely`` any text may be an id.
    ``unsaid`` is what to send for a field that the file has no more, where null does not do. What
    cannot run is refused, or, where the system ``keeps_drafts``, kept and not started.
    """

    dialect: Dialect
    plain: Callable[[Mapping[str, Any]], dict[str, Any]]
    one: str
    create: str
    change: tuple[str, str]
    id_field: str = "id"
    name_field: str = "name"
    said: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _: {}
    names_freely: bool = False
    keeps_drafts: bool = False
    unsaid: Mapping[str, Any] = field(default_factory=dict)
    write_id: Callable[[UUID], str] = str
    read_id: Callable[[str], UUID | None] = as_uuid

    def uuid_in(self, document: Mapping[str, Any]) -> str | None:
        """The workflow's id as Turnout has it; one that only the server knows stays as it is."""
        written = document.get(self.id_field)
        if written is None:
            return None
        return str(self.read_id(str(written)) or as_uuid(str(written)) or written)

    def place(self, pattern: str, workflow_id: object) -> str:
        """A path for the workflow of an id, in any form."""
        text = str(workflow_id)
        known = self.read_id(text) or as_uuid(text)
        return pattern.format(quote(text if known is None else self.write_id(known), safe=""))


def words_of(document: Mapping[str, Any]) -> FileWords:
    """Those that a document is in."""
    return words_in(dialect_of(document) or Dialect.NATIVE)


def words_in(dialect: str) -> FileWords:
    """Those of a dialect; of one without documents of its own, Turnout's."""
    return _WORDS.get(Dialect(dialect), _NATIVE)


def forms_of(id_: UUID) -> list[str]:
    """An id as it is written in each system's words."""
    return [words.write_id(id_) for words in (_NATIVE, *_WORDS.values())]


def _said_to_thena(native: Mapping[str, Any]) -> Mapping[str, Any]:
    """An event may be named by its uid or its name, and Thena's answers have both.

    They have a 'type' and a 'subType' as well, said or not.
    """
    events = [trigger["event_uid"] for trigger in native["triggers"] if trigger["event_uid"]]
    named = {"triggerEvent": events[0]} if events else {}
    kinds = {"type": native["kind"], "subType": native["subkind"]}
    return {"isActive": native["is_active"], **kinds, **named}


_NATIVE: Final = FileWords(
    dialect=Dialect.NATIVE,
    plain=canonical,
    one="v1/workflows/{}",
    create="v1/workflows",
    change=("PUT", "v1/workflows/{}"),
)

_WORDS: Final[Mapping[Dialect, FileWords]] = MappingProxyType(
    {
        Dialect.TRUTO: FileWords(
            dialect=Dialect.TRUTO,
            plain=canonical_truto,
            one="truto/workflow/{}",
            create="truto/workflow",
            change=("PATCH", "truto/workflow/{}"),
            name_field="label",
        ),
        Dialect.ALTOSTRAT: FileWords(
            dialect=Dialect.ALTOSTRAT,
            plain=canonical_altostrat,
            one="altostrat/workflows/{}",
            create="altostrat/workflows",
            change=("PUT", "altostrat/workflows/{}"),
            keeps_drafts=True,
            said=lambda native: {"is_active": native["is_active"]},
            unsaid={"is_active": True},
            write_id=lambda id_: altostrat.written(altostrat.WORKFLOW, id_),
            read_id=lambda text: altostrat.parsed(altostrat.WORKFLOW, text),
        ),
        Dialect.SIXTYFOUR: FileWords(
            dialect=Dialect.SIXTYFOUR,
            plain=canonical_sixtyfour,
            one="sixtyfour/workflows/{}",
            create="sixtyfour/workflows/create_workflow",
            change=("POST", "sixtyfour/workflows/update_workflow?workflow_id={}"),
            name_field="workflow_name",
            names_freely=True,
            keeps_drafts=True,
        ),
        Dialect.THENA: FileWords(
            dialect=Dialect.THENA,
            plain=canonical_thena,
            one="thena/api/v1/workflows/{}",
            create="thena/api/v1/workflows",
            change=("PATCH", "thena/api/v1/workflows/{}"),
            id_field="uid",
            keeps_drafts=True,
            said=_said_to_thena,
            unsaid={"isActive": True},
            write_id=short_id,
            read_id=from_short_id,
        ),
    }
)
