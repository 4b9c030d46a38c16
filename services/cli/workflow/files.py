"""Definitions in files: JSON, or YAML in its version 1.2, one a file."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from services.api.http.yaml_documents import yaml_to_json
from shared.domain.errors import Invalid, Rejected
from shared.wire.strict_json import JsonLimits, check_keys, read_json

YAML: Final = frozenset({".yaml", ".yml"})
KINDS: Final = YAML | {".json"}

FIRST_LINE: Final = re.compile(r"(?m)^(?!#|---|%|\s*$)")
"""Where the first field of a YAML file begins."""

_OPENING: Final = re.compile(r"\{\s*")


class Written(NamedTuple):
    """A file and the document in it."""

    path: Path
    document: dict[str, Any]


def read_definitions(places: Iterable[Path]) -> list[Written]:
    """The definitions in files, and in the files of folders (not those below), in order.

    Raises Rejected or Invalid, naming the file; also when there is none, or two have one id.
    """
    paths = dict.fromkeys(path for place in places for path in _files_in(place))
    found = [Written(path, read_definition(path)) for path in paths]
    if not found:
        raise Rejected("There is no file of a workflow; they end with .yaml, .yml or .json.")
    by_id: dict[Any, Path] = {}
    for path, document in found:
        other = by_id.setdefault(document.get("id") or document.get("uid") or path, path)
        if other is not path:
            raise Rejected(f"{path} has the id of {other}; give it another, or none.")
    return found


def read_definition(path: Path) -> dict[str, Any]:
    """The object in a file. Raises Rejected or Invalid, naming the file."""
    return parsed(path, _read(path))


def write_id(path: Path, workflow_id: str, name: str = "id") -> None:
    """Write an id into a file that has none, as its first field; all else stays as it is.

    ``name`` is the field's. Raises Rejected.
    """
    text = _read(path).decode()
    first = FIRST_LINE.search(text)
    start = 0 if first is None else first.start()
    if path.suffix in YAML and text[start] != "{":
        rest = f"{name}: {workflow_id}\n{text[start:]}"
    else:
        field = f'"{name}": "{workflow_id}",'
        rest = _OPENING.sub(
            lambda found: f"{found[0]}{field}{found[0][1:] or ' '}", text[start:], count=1
        )
    raw = (text[:start] + rest).encode()
    if parsed(path, raw).get(name) != workflow_id:
        raise Rejected(f"Write '{name}: {workflow_id}' into {path}, as its first field.")
    write_file(path, raw)


def write_file(path: Path, raw: bytes) -> None:
    """Write a file whole, or leave it as it was. Raises Rejected, naming it."""
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(raw)
        beside.replace(path)
    except OSError as fault:
        raise Rejected(f"{path} cannot be written: {fault.strerror}.") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise Rejected(f"{path} cannot be read: {fault.strerror}.") from None


def parsed(path: Path, raw: bytes) -> dict[str, Any]:
    """The object in what a file of this name holds. Raises Rejected, naming it."""
    try:
        written = yaml_to_json(raw) if path.suffix in YAML else raw
        document = read_json(written, JsonLimits())
        check_keys(written)
    except Invalid as error:
        raise Rejected(f"{path}: {error.message}") from None
    if not isinstance(document, dict):
        raise Rejected(f"{path} holds no object; a definition has fields, such as 'name'.")
    return document


def _files_in(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    return sorted(path for path in place.iterdir() if path.suffix in KINDS and path.is_file())
