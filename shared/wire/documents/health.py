"""Whether a process is well."""

from typing import Literal

from typing_extensions import TypedDict


class HealthDocument(TypedDict):
    """It is well."""

    status: Literal["ok"]
