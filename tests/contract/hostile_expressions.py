"""Hostile expressions and templates through every entry that takes one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson

from tests.contract.hostile_native import native_places
from tests.contract.hostile_words import other_places
from tests.unit.expr.hostile_builds import BUILDS
from tests.unit.expr.hostile_child import GENERATED
from tests.unit.expr.hostile_liquid_child import HOSTILE as TEMPLATES

_CORPUS: Final = Path(__file__).parents[1] / "unit" / "expr" / "data" / "hostile_jsonata.json"
_STEP: Final = {"id": "a", "action": "transform", "input": {"lang": "literal", "src": [1]}}
NATIVE: Final = "POST /v1/workflows"


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent to a route, with a hostile text at one of the places that take one.

    If a workflow comes of it that an event may start, it is an event named ``title``.
    """

    place: str
    title: str
    source: str
    route: str
    body: Any


@cache
def corpus() -> Mapping[str, str]:
    """The expressions by their names."""
    read = orjson.loads(_CORPUS.read_bytes())
    return {**{name: GENERATED.get(source, source) for name, source in read.items()}, **BUILDS}


def everywhere(source: str, title: str) -> Iterator[Sent]:
    """A text at every place."""
    for place, parts in native_places(source).items():
        triggers = [{"event_name": title}]
        flow = {"name": title, "triggers": triggers, "steps": [_STEP], **parts}
        yield Sent(place, title, source, NATIVE, flow)
    for place, (route, body) in other_places(source, title).items():
        yield Sent(place, title, source, route, body)


def combinations() -> Sequence[tuple[str, str]]:
    """Every place with the name of every text that is read there.

    Always in the same order, in which a part of them is of everything.
    """
    whole = [(place, name) for place in places() for name in sorted(_known(place))]
    return Random(0).sample(whole, len(whole))


def drawn(each: int, start: int) -> Sequence[tuple[str, str]]:
    """``each`` so many of them for every place."""
    chance = Random(start)
    return [
        (place, name) for place in places() for name in chance.sample(sorted(_known(place)), each)
    ]


def places() -> Sequence[str]:
    """Where a hostile text is put."""
    return [sent.place for sent in everywhere("payload.a", "")]


def made(place: str, name: str, number: int = 0) -> Sent:
    """What is sent with the text of a name at a place; under another title for each number."""
    source, title = _known(place)[name], f"{place} {name}" + f" {number}" * bool(number)
    return next(sent for sent in everywhere(source, title) if sent.place == place)


def _known(place: str) -> Mapping[str, str]:
    reads_templates = place == "liquid" or place.startswith("altostrat")
    return {**corpus(), **(TEMPLATES if reads_templates else {})}
