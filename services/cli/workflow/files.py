"""Reading definitions from files: JSON, or YAML in its version 1.2."""

from pathlib import Path
from typing import Any

from services.api.yaml_documents import yaml_to_json
from shared.domain.errors import Invalid, Rejected
from shared.wire.strict_json import JsonLimits, read_json

YAML = frozenset({".yaml", ".yml"})


def read_definition(path: Path) -> dict[str, Any]:
    """The object in a file. Raises Rejected or Invalid, naming the file."""
    try:
        raw = path.read_bytes()
        document = read_json(yaml_to_json(raw) if path.suffix in YAML else raw, JsonLimits())
    except OSError as fault:
        raise Rejected(f"{path} cannot be read: {fault.strerror}.") from None
    except Invalid as error:
        raise Rejected(f"{path}: {error.message}") from None
    if not isinstance(document, dict):
        raise Rejected(f"{path} holds no object; a definition has fields, such as 'name'.")
    return document
