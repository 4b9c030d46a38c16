"""The variables of the environment: which there are, and that the docs have them all."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined, to_jsonable_python

from services.cli.process.variables import ROLES, unread, variables

DOCS: Final = Path(__file__).parents[3] / "docs"
PAGE: Final = (DOCS / "OPERATING.md").read_text("utf-8")
ROW: Final = re.compile(r"^\| `((?:TURNOUT|LOG)_[A-Z_]+)` \| ([^|]*) \|", re.MULTILINE)
ALIASES: Final = ("TURNOUT_DATABASE_URL", "TURNOUT_KAFKA_BOOTSTRAP_SERVERS", "TURNOUT_LOG_LEVEL")
BESIDE: Final = ("TURNOUT_KAFKA__", "TURNOUT_API__LIVE__")
"""What the docs name in tables of their own, without what all of it begins with."""


def defaults(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[Any]:
    """What the field at a path is unless it is set, as JSON."""
    first, *rest = path
    if first not in model.model_fields:
        return
    field = model.model_fields[first]
    if rest:
        assert isinstance(field.annotation, type)
        yield from defaults(field.annotation, tuple(rest))
    elif field.default is not PydanticUndefined or field.default_factory is dict:
        yield to_jsonable_python({} if field.default_factory is dict else field.default)


def rows() -> list[tuple[str, str]]:
    """The variables of the page's tables that have a default there, with that."""
    return [(name, default.strip(" `")) for name, default in ROW.findall(PAGE) if default.strip()]


def value_of(text: str) -> Any:
    """What a variable is set to by a text: as JSON where it is some."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


@pytest.mark.parametrize("name", sorted({variable.name for variable in variables()}))
def test_the_docs_have_each_variable(name: str) -> None:
    """Whatever can be set is in the docs, with its group or by itself."""
    pages = "\n".join(page.read_text("utf-8") for page in sorted(DOCS.glob("*.md")))
    short = name
    for group in BESIDE:
        short = short.removeprefix(group)
    assert name in ALIASES or re.search(rf"(?<![A-Z_]){short}(?:__|(?![A-Z_]))", pages)


@pytest.mark.parametrize(("name", "told"), rows())
def test_the_docs_tell_what_holds_unless_it_is_set(name: str, told: str) -> None:
    """The default in the table is the one of each role that reads the variable."""
    path = tuple(name.removeprefix("TURNOUT_").lower().split("__"))
    found = [default for role in ROLES for default in defaults(role, path)]
    assert found
    said = value_of(told)
    for default in found:
        assert (sorted(default) if isinstance(default, list) else default) == said


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("TURNOUT_ACTVE_MAX", "TURNOUT_ACTIVE_MAX"),
        ("TURNOUT_WEBHOOKS__TIMOUT_S", "TURNOUT_WEBHOOKS__TIMEOUT_S"),
        ("TURNOUT_ACTIVE_MAX_FILE", "TURNOUT_ACTIVE_MAX"),
        ("TURNOUT_SOMETHING_ELSE", None),
    ],
)
def test_what_nothing_reads_is_told(name: str, like: str | None) -> None:
    """A name that begins as ours do and is none is told, with the one that was meant if any."""
    assert unread([name, "PATH", "KAFKA_HEAP_OPTS"]) == {name: like}


@pytest.mark.parametrize(
    "name",
    [
        *("TURNOUT_ACTIVE_MAX", "turnout_active_max", "TURNOUT_ADMIN", "TURNOUT_ADMIN__PORT"),
        *("TURNOUT_URL", "TURNOUT_TOKEN", "TURNOUT_TOKEN_FILE", "TURNOUT_ENVIRONMENT"),
        *("TURNOUT_SECRETS__CRM", "TURNOUT_RESOLVERS__TICKET__URL", "TURNOUT_DATABASE_URL"),
        *("TURNOUT_KAFKA__SASL_PASSWORD", "TURNOUT_EVENT_LIMITS__KEYS_MAX"),
    ],
)
def test_what_is_read_is_not_told(name: str) -> None:
    """Groups, what is within them, files of secrets and what commands read are names of ours."""
    assert unread([name]) == {}
