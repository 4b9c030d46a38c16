"""Sixtyfour's words for a workflow: blocks that hand rows on, and the edges between them.

A block's name is the action that does it, or one of ``TABLES``, which Turnout does itself. An
action is given ``specs`` and ``rows``, and puts out rows: a list, or an object with ``rows``; one
that puts out neither passes on the rows it was given. Fields that mean nothing to Turnout are kept
and given back.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Final
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from services.api.dialects.parsing import Places, Words
from services.api.dialects.sixtyfour.documents import SixtyfourDocument, said_by_author
from services.api.dialects.sixtyfour.handing_on import handed_on, over_rows
from services.api.dialects.sixtyfour.tables import TABLES, OutgoingSpecs, json_text, table_text
from services.api.http.documents import render_problems, validate
from services.api.workflows.registration import Registration
from shared.domain.actions import BUILT_IN
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import EnvironmentId, WorkflowId, as_uuid
from shared.domain.steps import Edge, Step
from shared.domain.values import Name, Value
from shared.domain.workflows import Definition, Dialect, Lifecycle, Workflow
from shared.wire.envelope import stamp, stamped

UNTITLED: Final = "Untitled Workflow"
WEBHOOK: Final = "webhook"
OUTGOING_WEBHOOK: Final = "outgoing_webhook"

_NAMES: Final = UUID("2b0e6a0c-64d4-4c0e-9e64-640064006400")
_STEP_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME_CHARS_MAX: Final = 256
_TEXT_CHARS_MAX: Final = 4_096
_NUMBER_MAX: Final = 2**31 - 1


class _Open(BaseModel):
    """A strict value whose unknown fields are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


class Block(_Open):
    """A block. Without an id, or with one that is no name of ours, it is given one of its own."""

    sequence_number: Annotated[int, Field(ge=-_NUMBER_MAX, le=_NUMBER_MAX)]
    block_type: str
    block_name: Name
    specs: dict[str, Any]
    block_id: str | None = None


class BlockEdge(_Open):
    """The rows of one block go to another, where the condition (JSONata) holds."""

    from_block_id: str
    to_block_id: str
    condition: str | None = None


class Graph(_Open):
    """The blocks and edges; without edges the blocks run in the order of their numbers."""

    blocks: tuple[Block, ...]
    edges: tuple[BlockEdge, ...]

    @cached_property
    def step_ids(self) -> tuple[str, ...]:
        """What each block is called inside."""
        return tuple(_step_id(index, block) for index, block in enumerate(self.blocks))

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The places of the blocks, in the order of their numbers."""
        places = range(len(self.blocks))
        return tuple(sorted(places, key=lambda place: self.blocks[place].sequence_number))

    @cached_property
    def previous(self) -> Mapping[str, tuple[str, ...]]:
        """The blocks that each block gets rows of, by what they are called inside."""
        if not self.edges:
            names = [self.step_ids[place] for place in self.order]
            before = [(), *((name,) for name in names)]
            return dict(zip(names, before, strict=False))
        found: dict[str, dict[str, None]] = {name: {} for name in self.step_ids}
        for source, target in map(self.ends, self.edges):
            found.setdefault(target, {})[source] = None
        return {target: tuple(sources) for target, sources in found.items()}

    def conditions(self, source: str, target: str) -> tuple[str, ...]:
        """The conditions of which one must hold for rows to go from one block to another.

        None where nothing keeps them: an edge without any, or the only block before, without whose
        rows the other does not run.
        """
        if len(self.previous[target]) == 1:
            return ()
        said = self._conditions[source, target]
        return tuple(each for each in said if each) if all(said) else ()

    @cached_property
    def _conditions(self) -> Mapping[tuple[str, str], Sequence[str | None]]:
        found: dict[tuple[str, str], list[str | None]] = {}
        for edge in self.edges:
            found.setdefault(self.ends(edge), []).append(edge.condition)
        return found

    def ends(self, edge: BlockEdge) -> tuple[str, str]:
        """The blocks that an edge joins, as they are called inside."""
        return _normal(edge.from_block_id), _normal(edge.to_block_id)


class SixtyfourWorkflow(_Open):
    """The body of ``POST /workflows/create_workflow``."""

    workflow_name: str
    workflow_description: str
    workflow_definition: Graph
    id: str | None = None
    step: str | None = None


class SixtyfourChange(_Open):
    """The body of ``POST /workflows/update_workflow``; what is null or absent stays as it is."""

    workflow_name: str | None = None
    workflow_description: str | None = None
    workflow_definition: Graph | None = None
    step: str | None = None


def parse(document: Mapping[str, Any], fallback_id: UUID) -> Registration:
    """The registration that a document asks for. Raises Invalid with every fault of its shape."""
    written = validate(SixtyfourWorkflow, document)
    named = None if written.id is None else as_uuid(written.id)
    return Registration(
        workflow_id=WorkflowId(named or fallback_id),
        environment_id=None,
        dialect=Dialect.SIXTYFOUR,
        definition=_definition(written),
        source=said_by_author(document),
        may_be_draft=True,
        said=said_by_author,
    )


def workflow_id_of(environment_id: EnvironmentId, written: str) -> WorkflowId:
    """The id that a client gives a workflow; what is no UUID stands for one of the environment."""
    return WorkflowId(as_uuid(written) or uuid5(environment_id, f"sixtyfour:{written}"))


def graph_of(workflow: Workflow) -> Graph:
    """The blocks and edges of a workflow that was registered in these words."""
    return validate(Graph, workflow.source["workflow_definition"])


def rows_given(payload: Any) -> list[Any]:
    """The rows that a run was given: an object is one row, unless it has a list of ``rows``."""
    rows = payload.get("rows") if isinstance(payload, dict) else payload
    return rows if isinstance(rows, list) else [] if payload is None else [payload]


def render(
    workflow: Workflow,
    last_run_at: datetime | None,
    problems: Sequence[Problem] = (),
    *,
    is_listed: bool = False,
) -> SixtyfourDocument:
    """The document as it was sent, completed; in a list without its graph."""
    source = said_by_author(workflow.source)
    is_draft = workflow.lifecycle is Lifecycle.DRAFT
    document: Any = {
        "step": "build" if is_draft else "complete",
        **source,
        "id": str(workflow.id),
        "name": source["workflow_name"],
        "description": source["workflow_description"],
        "status": workflow.lifecycle.value,
        "created_at": stamp(workflow.created_at),
        "updated_at": stamp(workflow.updated_at),
        "user_uuid": workflow.created_by,
        "org_id": str(workflow.environment_id),
        "last_run_date": stamped(last_run_at),
        "workflow_definition": None if is_listed else source["workflow_definition"],
    }
    if is_draft and not is_listed:
        document["problems"] = render_problems([place(problem) for problem in problems])
    shown: SixtyfourDocument = document
    return shown


place: Final = Places(
    (r"^/steps/(\d+)/action", r"/workflow_definition/blocks/\1/block_name"),
    (r"^/steps/(\d+)/input/src", r"/workflow_definition/blocks/\1/specs"),
    (r"^/steps/(\d+)/(id|depends_on/\d+)", r"/workflow_definition/blocks/\1/block_id"),
    (r"^/steps", "/workflow_definition/blocks"),
    (r"^/edges/(\d+)/from", r"/workflow_definition/edges/\1/from_block_id"),
    (r"^/edges/(\d+)/to", r"/workflow_definition/edges/\1/to_block_id"),
    (r"^/edges", "/workflow_definition/edges"),
)
"""The problem of a canonical definition, at the place in Sixtyfour's document."""


def _definition(written: SixtyfourWorkflow) -> Definition:
    graph = written.workflow_definition
    return Definition(
        name=written.workflow_name[:_NAME_CHARS_MAX] or UNTITLED,
        description=written.workflow_description[:_TEXT_CHARS_MAX] or None,
        steps=tuple(_steps(graph)),
        edges=tuple(_edge(graph, edge) for edge in graph.edges),
    )


def _steps(graph: Graph) -> Iterator[Step]:
    """The steps in the order of the document. Raises Invalid for what specs cannot be."""
    problems: list[Problem] = []
    for index, (block, name) in enumerate(zip(graph.blocks, graph.step_ids, strict=True)):
        try:
            action, given = _work(graph, name, block)
        except Invalid as error:
            at = f"/workflow_definition/blocks/{index}/specs"
            problems += [replace(each, pointer=f"{at}{each.pointer}") for each in error.problems]
            continue
        yield Step(
            id=name,
            name=block.block_name,
            action=action,
            input=given,
            depends_on=() if graph.edges else graph.previous[name],
        )
    if problems:
        raise Invalid(problems)


def _work(graph: Graph, step_id: str, block: Block) -> tuple[str, Value]:
    """The action that does a block, and what it is given. Raises Invalid."""
    name, before = block.block_name, _rows_before(graph, step_id)
    if name in TABLES:
        return "transform", over_rows(before, table_text(name, block.specs))
    if name == OUTGOING_WEBHOOK:
        sent = validate(OutgoingSpecs, block.specs)
        said = json_text({"url": sent.url, "headers": sent.headers, "form": "sixtyfour"})
        payload = _ENVELOPE.replace("STEP", step_id)
        return "send_webhook", over_rows(before, f'$merge([{said}, {{"payload": {payload}}}])')
    if name in BUILT_IN:
        return name, Value(src=block.specs)
    return name, over_rows(before, f'{{"specs": {json_text(block.specs)}, "rows": $rows}}')


_ENVELOPE: Final = (
    '{"event_id": execution.id & ":STEP", "run_id": execution.id, "results": $rows,'
    ' "results_download_url":'
    ' "/sixtyfour/workflows/runs/" & execution.id & "/results/download-links"}'
)


def _rows_before(graph: Graph, step_id: str) -> list[str]:
    """The rows that each block before one hands on to it, as JSONata reads them."""
    sources = graph.previous.get(step_id, ())
    return [handed_on(source, graph.conditions(source, step_id)) for source in sources]


def _edge(graph: Graph, edge: BlockEdge) -> Edge:
    source, target = graph.ends(edge)
    return Edge.model_validate({"from": source, "to": target, "condition": edge.condition or None})


def _step_id(index: int, block: Block) -> str:
    """A block's own id where it can be ours; one without gets one of its place."""
    return str(uuid5(_NAMES, str(index))) if block.block_id is None else _normal(block.block_id)


def _normal(block_id: str) -> str:
    return block_id if _STEP_NAME.fullmatch(block_id) else str(uuid5(_NAMES, block_id))


WORDS: Final = Words(dialect=Dialect.SIXTYFOUR, parse=parse, place=place)
