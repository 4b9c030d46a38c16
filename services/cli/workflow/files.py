"""Definitions in files: JSON, or YAML in its version 1.2, one a file."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from services.api.http.yaml_documents import yaml_to_json
from services.cli.workflow.words import words_of
from shared.domain.errors import Invalid, Rejected
from shared.wire.strict_json import JsonLimits, check_keys, read_json

YAML: Final = frozenset({".yaml", ".yml"})
KINDS: Final = YAML | {".json"}

FIRST_LINE: Final = re.compile(r"(?m)^(?!#|---|%|\s*$)")
"""Where the first field of a YAML file begins."""

_MARK: Final = "\ufeff"
_WIDE: Final = (BOM_UTF16_LE, BOM_UTF16_BE)
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
    by_id: dict[str, Path] = {}
    for path, document in found:
        id_ = _id_in(path, document)
        if id_ is not None and (other := by_id.setdefault(id_, path)) is not path:
            raise Rejected(f"{path} has the id of {other}; give it another, or none.")
    return found


def read_definition(path: Path) -> dict[str, Any]:
    """The object in a file. Raises Rejected or Invalid, naming the file."""
    return parsed(path, _read(path))


def write_id(path: Path, workflow_id: str, name: str = "id") -> None:
    """Write an id into a file that has none, as its first field; all else stays as it is.

    ``name`` is the field's. Raises Rejected.
    """
    mark, text = text_of(_read(path))
    first = FIRST_LINE.search(text)
    start = 0 if first is None else first.start()
    if path.suffix in YAML and text[start] != "{":
        rest = f"{name}: {workflow_id}\n{text[start:]}"
    else:
        field = f'"{name}": "{workflow_id}",'
        rest = _OPENING.sub(
            lambda found: f"{found[0]}{field}{found[0][1:] or ' '}", text[start:], count=1
        )
    raw = (mark + text[:start] + rest).encode()
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


def text_of(raw: bytes) -> tuple[str, str]:
    """The mark that a file in UTF-8 may begin with, or nothing, and its text."""
    text = raw.decode()
    rest = text.removeprefix(_MARK)
    return text[: len(text) - len(rest)], rest


def _id_in(path: Path, document: Mapping[str, Any]) -> str | None:
    """The id that a document has, if it has one. Raises Rejected, naming the file."""
    words = words_of(document)
    name = words.id_field
    if name not in document:
        return None
    if not isinstance(document[name], str) or not document[name].strip():
        raise Rejected(f"{path}: '{name}' is the id of a workflow, a text; else leave it out.")
    return words.uuid_in(document)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise Rejected(f"{path} cannot be read: {fault.strerror}.") from None


def parsed(path: Path, raw: bytes) -> dict[str, Any]:
    """The object in what a file of this name holds. Raises Rejected, naming it."""
    if raw.startswith(_WIDE) or b"\0" in raw:
        raise Rejected(f"{path} is in UTF-16, or no text at all; save it as UTF-8.")
    try:
        text = text_of(raw)[1].encode()
    except UnicodeDecodeError as fault:
        at = f"byte {fault.start} is none of it"
        raise Rejected(f"{path} is not in UTF-8 ({at}); save it as UTF-8.") from None
    try:
        written = yaml_to_json(text) if path.suffix in YAML else text
        document = read_json(written, JsonLimits())
        check_keys(written)
    except Invalid as error:
        raise Rejected(f"{path}: {error.message}") from None
    if not isinstance(document, dict):
        raise Rejected(f"{path} holds no object; a definition has fields, such as 'name'.")
    return document


def _files_in(place: Path) -> list[Path]:
    try:
        if not place.is_dir():
            return [place]
        return sorted(path for path in place.iterdir() if path.suffix in KINDS and path.is_file())
    except OSError as fault:
        raise Rejected(f"{place} cannot be read: {fault.strerror}.") from None
