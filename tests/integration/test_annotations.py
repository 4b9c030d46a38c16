"""Looking entities up: through real HTTP, and through functions of installed packages."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.executor.annotate import (
    Annotator,
    HttpResolver,
    Lookup,
    PythonResolver,
    Resolver,
    installed_resolvers,
)
from shared.domain.errors import Rejected
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome
from shared.domain.values import Value
from shared.domain.workflows import Annotation
from shared.egress.caller import open_caller
from shared.egress.settings import EgressSettings
from shared.expr.errors import ExpressionError
from shared.runtime.clock import SystemClock
from tests.support.receiver import Receiver, once, sends
from tests.unit.executor.calls import EXECUTION, call


def wanted(path: str, kind: str = "customer", **fields: Any) -> Annotation:
    """An annotation whose fields are literals."""
    return Annotation(
        entity_type=kind,
        required_fields={name: Value(src=value) for name, value in fields.items()},
        relations=("owner",),
        target_path=path,
    )


def literal(value: Value) -> Any:
    """What a literal comes to."""
    return value.src


async def annotated(resolvers: Mapping[str, Resolver], *annotations: Annotation) -> Outcome:
    """The outcome for the step ``$annotate``."""
    given = call(idempotency_key=f"{EXECUTION}:$annotate")
    return await Annotator(resolvers).annotate(annotations, literal, given)


def asking(lookup: Lookup) -> dict[str, Resolver]:
    """A resolver of customers."""
    return {"customer": PythonResolver(lookup)}


@asynccontextmanager
async def over_http(*answers: web.Response) -> AsyncIterator[tuple[HttpResolver, list[Any]]]:
    """A resolver over HTTP that gives these answers in turn, and what it is asked."""
    planned, asked = list(answers), []

    async def handler(request: web.Request) -> web.Response:
        asked.append((request.headers["Idempotency-Key"], await request.json()))
        return planned.pop(0)

    application = web.Application()
    application.router.add_post("/", handler)
    egress = EgressSettings(allow_loopback=True)
    async with TestServer(application) as server, open_caller(egress, SystemClock()) as caller:
        yield HttpResolver(caller, url=str(server.make_url("/")), secrets=()), asked


async def test_entities_come_by_their_paths() -> None:
    """What the resolver answers to type, fields and relations stands under the target path."""
    async with over_http(web.json_response({"name": "Ann"})) as (resolver, asked):
        outcome = await annotated({"customer": resolver}, wanted("context.customer", id=7))
    assert outcome == Completed(
        output={"entities": {"context.customer": {"name": "Ann"}}, "missing": []}
    )
    question = {"entity_type": "customer", "fields": {"id": 7}, "relations": ["owner"]}
    assert asked == [(f"{EXECUTION}:$annotate:0", question)]


@pytest.mark.parametrize("nothing", [{"status": 204}, {"body": b"null"}, {"body": b""}])
async def test_what_is_missing_is_told(nothing: dict[str, Any]) -> None:
    """Neither an absent entity nor a field without a value is an error; the latter asks nobody."""
    async with over_http(web.Response(**nothing)) as (resolver, asked):
        outcome = await annotated(
            {"customer": resolver}, wanted("a", id=1), wanted("b", id=1, mail=None, name=None)
        )
    assert len(asked) == 1
    assert isinstance(outcome, Completed)
    assert outcome.output == {
        "entities": {},
        "missing": [
            {"target_path": "a", "reason": "no such entity"},
            {"target_path": "b", "reason": "no value for mail, name"},
        ],
    }


async def test_lookups_run_side_by_side() -> None:
    """Each waits for the other, and both come back in the order of the annotations."""
    barrier = asyncio.Barrier(2)

    async def lookup(_: str, fields: Mapping[str, Any], __: Sequence[str]) -> Any:
        await barrier.wait()
        return fields["id"]

    outcome = await annotated(asking(lookup), wanted("a", id=1), wanted("b", id=2))
    assert isinstance(outcome, Completed)
    assert list(outcome.output["entities"].items()) == [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("answer", "kind", "retryable"),
    [
        ({"status": 503}, ErrorKind.HTTP, True),
        ({"status": 404}, ErrorKind.HTTP, False),
        ({"body": b"{"}, ErrorKind.UNFIT, False),
        ({"body": b"[NaN]"}, ErrorKind.UNFIT, False),
        ({"body": b'"\xff"'}, ErrorKind.UNFIT, False),
        ({"body": b"1" * 300_000}, ErrorKind.TOO_LARGE, False),
    ],
)
async def test_a_lookup_over_http_that_fails(
    answer: dict[str, Any], kind: ErrorKind, *, retryable: bool
) -> None:
    """It fails the step, and says which annotation it was."""
    async with over_http(web.Response(**answer)) as (resolver, _):
        outcome = await annotated({"customer": resolver}, wanted("context.customer"))
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.retryable) == (kind, retryable)
    assert "'context.customer'" in outcome.error.message


async def test_a_receiver_that_hangs_up_may_be_asked_again() -> None:
    """The network's faults are worth another attempt."""
    egress = EgressSettings(allow_loopback=True)
    async with Receiver(sends(once(b""))) as receiver, open_caller(egress, SystemClock()) as caller:
        resolver = HttpResolver(caller, url=receiver.url, secrets=())
        outcome = await annotated({"customer": resolver}, wanted("a"))
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.UNREACHABLE, True)


@pytest.mark.parametrize(
    ("fault", "kind", "retryable"),
    [
        (ConnectionResetError(), ErrorKind.UNREACHABLE, True),
        (TimeoutError(), ErrorKind.UNREACHABLE, True),
        (ZeroDivisionError("a secret"), ErrorKind.REMOTE, False),
    ],
)
async def test_a_function_that_fails(fault: Exception, kind: ErrorKind, *, retryable: bool) -> None:
    """It fails the step alone; what it raised is named, not quoted."""

    async def lookup(*_: Any) -> Any:
        raise fault

    outcome = await annotated(asking(lookup), wanted("a"))
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.retryable) == (kind, retryable)
    assert type(fault).__name__ in outcome.error.message
    assert "a secret" not in outcome.error.message


async def test_what_a_function_gives_becomes_json() -> None:
    """What a record can hold is kept as it will be read again; anything else fails the step."""
    given: list[Any] = [(1, datetime(2026, 1, 2)), object(), float("nan")]  # noqa: DTZ001

    async def lookup(*_: Any) -> Any:
        return given.pop(0)

    first = await annotated(asking(lookup), wanted("a"))
    assert isinstance(first, Completed)
    assert first.output["entities"] == {"a": [1, "2026-01-02T00:00:00"]}
    second = await annotated(asking(lookup), wanted("a"))
    assert isinstance(second, Failed)
    assert second.error.kind is ErrorKind.UNFIT
    third = await annotated(asking(lookup), wanted("a"))
    assert isinstance(third, Completed)
    assert third.output["missing"] == [{"target_path": "a", "reason": "no such entity"}]


async def test_an_unknown_type_fails() -> None:
    """The message says which types there are."""

    async def lookup(*_: Any) -> Any:
        return 1

    outcome = await annotated(asking(lookup), wanted("a", "deal"))
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.REFUSED
    assert "'deal'" in outcome.error.message
    assert "customer" in outcome.error.message


async def test_types_are_the_same_in_either_case() -> None:
    """A variable of the environment cannot say 'Ticket', as a system's documents do."""

    async def lookup(entity_type: str, *_: Any) -> Any:
        return entity_type

    outcome = await annotated({"ticket": PythonResolver(lookup)}, wanted("a", "Ticket", id=1))
    assert isinstance(outcome, Completed)
    assert outcome.output["entities"] == {"a": "Ticket"}


async def test_a_field_that_cannot_be_evaluated_fails() -> None:
    """The reason is the expression's."""

    def resolve(_: Value) -> Any:
        raise ExpressionError("T2001", "The left side of + must be a number")

    outcome = await Annotator({}).annotate([wanted("a", id=1)], resolve, call())
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.EXPRESSION
    assert "left side" in outcome.error.message


def install(folder: Path, place: str) -> None:
    """A distribution in ``folder`` that offers ``place`` as the resolver of customers."""
    info = folder / "desk-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: desk\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[turnout.resolvers]\ncustomer = {place}\n")
    (folder / "desk_resolver.py").write_text(
        "async def find(entity_type, fields, relations):\n"
        "    return {'type': entity_type, **fields}\n"
        "NOTHING = None\n"
    )


async def test_installed_packages_offer_resolvers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry point's function is asked for the type that it is named after."""
    install(tmp_path, "desk_resolver:find")
    monkeypatch.syspath_prepend(tmp_path)
    outcome = await annotated(installed_resolvers(), wanted("a", id=7))
    assert isinstance(outcome, Completed)
    assert outcome.output["entities"] == {"a": {"type": "customer", "id": 7}}


@pytest.mark.parametrize(
    "place", ["desk_resolver:gone", "no_such_module:find", "desk_resolver:NOTHING"]
)
def test_a_package_that_cannot_be_loaded_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A broken resolver is told at the start, not when it is needed."""
    install(tmp_path, place)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "desk_resolver", raising=False)
    with pytest.raises(Rejected, match=place):
        installed_resolvers()
