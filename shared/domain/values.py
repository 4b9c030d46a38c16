"""The words that definitions are made of: strict models, names, and values with a language."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=256)]
Text = Annotated[str, Field(max_length=4_096)]

DAY_S = 86_400.0
WAIT_S_MAX = 366 * DAY_S
"""Nothing waits longer than a (leap) year."""

Duration = Annotated[float, Field(gt=0.0, le=WAIT_S_MAX, allow_inf_nan=False)]
"""Seconds that a wait may take."""


class Strict(BaseModel):
    """A frozen value from outside; unknown fields are errors, nothing is coerced."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, serialize_by_alias=True)


class Lang(StrEnum):
    """How a value is written.

    ``placeholder``: ``{{path:cast|fallback?:default}}``; ``thena``: ``{{context.path}}``, a missing
    path is null; ``liquid``: Liquid templates.
    """

    LITERAL = "literal"
    JSONATA = "jsonata"
    PLACEHOLDER = "placeholder"
    LIQUID = "liquid"
    THENA = "thena"


class Value(Strict):
    """A JSON value: a literal tree, a JSONata text, or a tree whose texts are templates."""

    lang: Lang = Lang.LITERAL
    src: Any = None
