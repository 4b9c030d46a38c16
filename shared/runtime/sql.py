"""SQL kept in files, one statement a file, named verb_noun."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType


def statements(folder: Path) -> Mapping[str, str]:
    """Every ``<name>.sql`` in ``folder`` as {name: text}; read once, by the caller's module."""
    return MappingProxyType({f.stem: f.read_text("utf-8") for f in sorted(folder.glob("*.sql"))})
