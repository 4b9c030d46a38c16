"""Hostile expressions and templates through every entry that takes one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    route: str
    body: Any


def corpus() -> Mapping[str, str]:
    """The expressions by their names."""
    read = orjson.loads(_CORPUS.read_bytes())
    return {**{name: GENERATED.get(source, source) for name, source in read.items()}, **BUILDS}


def everywhere(source: str, title: str) -> Iterator[Sent]:
    """A text at every place."""
    for place, parts in native_places(source).items():
        triggers = [{"event_name": title}]
        flow = {"name": title, "triggers": triggers, "steps": [_STEP], **parts}
        yield Sent(place, title, NATIVE, flow)
    for place, (route, body) in other_places(source, title).items():
        yield Sent(place, title, route, body)


def hostile(each: int | None, start: int) -> Iterator[Sent]:
    """``each`` so many texts, drawn, at every place; None: all of them."""
    chance = Random(start)
    for place in [sent.place for sent in everywhere("payload.a", "")]:
        reads_templates = place == "liquid" or place.startswith("altostrat")
        known = sorted({**corpus(), **(TEMPLATES if reads_templates else {})}.items())
        for name, source in known if each is None else chance.sample(known, each):
            title = f"{place} {name}"
            yield next(sent for sent in everywhere(source, title) if sent.place == place)
