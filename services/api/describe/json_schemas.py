"""The JSON Schemas of types: those that several of them use are there once, by their names."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

COMPONENTS: Final = "#/components/schemas/"
"""Where OpenAPI and AsyncAPI look for what a schema refers to."""

_ONE_OF_MANY: Final = re.compile(r"(\w+)\[(\w+)\]")


@dataclass(frozen=True, slots=True)
class Schemas:
    """``of`` has the schema of each type, ``shared`` by name what they refer to."""

    of: Mapping[Any, Mapping[str, Any]]
    shared: dict[str, Any]


class _Generator(GenerateJsonSchema):
    """Fields have no titles, which would say their names again; a page of keys is a KeyPage."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(_ONE_OF_MANY.sub(r"\2\1", name))


def schemas_of(kinds: Iterable[Any], place: str = COMPONENTS) -> Schemas:
    """The schemas of types; ``place`` is the pointer under which they find each other."""
    wanted = list(dict.fromkeys(kinds))
    found, nested = TypeAdapter.json_schemas(
        [(index, "validation", TypeAdapter(kind)) for index, kind in enumerate(wanted)],
        ref_template=f"{place}{{model}}",
        schema_generator=_Generator,
    )
    shared: dict[str, Any] = nested.get("$defs", {})
    for name, schema in shared.items():
        schema["title"] = name
        if "description" in schema:  # a docstring, with Markdown's marks for code
            schema["description"] = schema["description"].replace("``", "`")
    of = {kind: found[(index, "validation")] for index, kind in enumerate(wanted)}
    return Schemas(of=of, shared=shared)
