"""Requests made from the OpenAPI document, and the answers held against it.

schemathesis makes them: half as the document wants them, half not. What is checked is that no
answer is a 5xx, that each has a status, headers, a media type and a shape that are documented, and
that nothing is accepted which the document refuses.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, assume, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, CheckFunction, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
TAKE_FAULTS = {
    "POST /v1/workflows",
    "PUT /v1/workflows/{id}",
    "POST /v1/workflows/lint",
    "POST /v1/workflows/validate",
    "POST /altostrat/workflows/validate",
}
"""What is for documents with faults: drafts, and telling the faults."""
WITHIN_S = 20
_TURNS = {"GET": 0, "DELETE": 2}
URL_BYTES_MAX = 8_000
_PASSWORD = b'"format":"password",'
SHOWN_CHARS_MAX = 2_000

Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Operation]


@dataclass(frozen=True, slots=True)
class Known:
    """What is there: what may stand in an operation's path, and a body that it takes, if any."""

    path: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Wrong:
    """An answer that is not as documented, and the command line that asks for it again."""

    operation: str
    check: str
    told: str
    curl: str


@dataclass(slots=True)
class Asked:
    """What came of the requests: how many had which status, and the first of each fault."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], Wrong] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        """How many requests there were."""
        return self.statuses.total()


def document_to_ask(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as it is asked by: only what it names counts as documented.

    Streams, which do not end, are not asked for. Who asks is of one environment, which goes
    without saying: no other is named.
    """
    # Any text is a password; schemathesis would look for one that is none.
    asked: dict[str, Any] = orjson.loads(orjson.dumps(document).replace(_PASSWORD, b""))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"].values()
            if any("text/event-stream" in answer.get("content", {}) for answer in answers):
                del asked["paths"][path][method]
                continue
            left = asked["paths"][path][method]
            del left["responses"]["default"]
            left["parameters"] = [p for p in left["parameters"] if not _names_environment(p)]
    return asked


def ask(
    document: Mapping[str, Any],
    url: str,
    *,
    token: str,
    known: Callable[[str, str], Known],
    cases: int,
    start: int = 0,
    tell: Callable[[int], None] = lambda _: None,
) -> Asked:
    """Ask ``cases`` times or more; the same ``start`` gives the same requests.

    ``known`` gives, for a method and a path, what may stand in it and is there: every other request
    has that in its path, and of those that are as the document wants them, half a body that fits.
    """
    config = schemathesis.Config()
    config.projects.default.generation.update(with_security_parameters=False)
    # A text that is too long may make the whole body too large.
    rejection = config.projects.default.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, "413"]
    schema = schemathesis.openapi.from_dict(document_to_ask(document), config=config)
    operations: list[Operation] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operations.append(found.ok())
    # What looks comes first and what deletes comes last, so that each finds something.
    operations.sort(key=lambda one: _TURNS.get(one.method.upper(), 1))
    asked, turn = Asked(), start
    with requests.Session() as session:
        session.headers.update({"Authorization": f"Bearer {token}", "Prefer": "wait=0"})
        while asked.cases < cases:
            left = cases - asked.cases
            for operation in operations:
                each = max(1, left // (2 * len(operations)))
                for mode in _modes(operation):
                    _ask_for(operation, mode, asked, session, url, known, each, turn)
                tell(asked.cases)
            turn += 1
    return asked


def _modes(operation: Operation) -> list[GenerationMode]:
    """As it wants it, and not; what has only free texts in headers cannot be asked wrongly."""
    can_be_wrong = operation.body or operation.query or operation.path_parameters
    return [*GenerationMode] if can_be_wrong else [GenerationMode.POSITIVE]


def _ask_for(
    operation: Operation,
    mode: GenerationMode,
    asked: Asked,
    session: requests.Session,
    url: str,
    known: Callable[[str, str], Known],
    cases: int,
    turn: int,
) -> None:
    there = known(operation.method.upper(), operation.path)

    @seed(turn)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: AnyCase) -> None:
        _be_about(case, there, asked.cases, mode)
        _hurry(case)
        assume(_fits_a_line(case, url))
        response = case.call(base_url=url, session=session, timeout=WITHIN_S)
        asked.statuses[operation.label, response.status_code] += 1
        try:
            spared: list[CheckFunction] = (
                [negative_data_rejection] if operation.label in TAKE_FAULTS else []
            )
            case.validate_response(response, checks=CHECKS, excluded_checks=spared)
        except FailureGroup as group:
            for failure in group.exceptions:
                _note(asked, operation.label, case, failure)

    with suppress(Unsatisfiable):
        check()


def _note(asked: Asked, operation: str, case: AnyCase, failure: Exception) -> None:
    kind = type(failure).__name__
    told = str(failure)[:SHOWN_CHARS_MAX]
    wrong = Wrong(operation, kind, told, case.as_curl_command()[:SHOWN_CHARS_MAX])
    asked.wrong.setdefault((operation, kind), wrong)


def _be_about(case: AnyCase, there: Known, turn: int, mode: GenerationMode) -> None:
    """Every other case is about what is there; every other that is as wanted has the body."""
    if turn % 2 and there.path:
        case.path_parameters = {**case.path_parameters, **there.path}
    has_body = mode is GenerationMode.POSITIVE and there.body is not None
    if has_body and turn % 4 in (1, 2):
        case.body, case.media_type = orjson.loads(orjson.dumps(there.body)), "application/json"


def _hurry(case: AnyCase) -> None:
    """Nobody waits for what does not come."""
    for place in (case.body, case.query):
        if isinstance(place, dict) and isinstance(place.get("wait_s"), int | float):
            place["wait_s"] = 0


def _fits_a_line(case: AnyCase, url: str) -> bool:
    """Whether its address is within the limit of what any address may be."""
    said = case.as_transport_kwargs(base_url=url)
    prepared = requests.Request(said["method"], said["url"], params=said.get("params")).prepare()
    return len(prepared.url or "") <= URL_BYTES_MAX


def _names_environment(parameter: Mapping[str, Any]) -> bool:
    return parameter.get("name") == "environment_id" or parameter.get("$ref", "").endswith(
        "/Environment"
    )
