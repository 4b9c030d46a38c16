"""YAML that people keep: written readably, and changed in place, with comments and layout.

What is read counts as ``services/api/http/yaml_documents.py`` reads it; this only writes.
"""

import re
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    LiteralScalarString,
    SingleQuotedScalarString,
)

from services.cli.workflow.files import FIRST_LINE
from shared.domain.errors import Rejected

_WORD: Final = r"[\w./<>=()+*$@-]+(:[\w./-]+)*"
_PLAIN: Final = re.compile(rf"(?=[A-Za-z_]){_WORD}( {_WORD})*", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LINE_CHARS_MAX: Final = 4_096
_LIST: Final = re.compile(r"(?m)^( *)[^\s#-][^\n]*:[ ]*(?:#[^\n]*)?\n(?:[ ]*#[^\n]*\n)*( *)- ")


def yaml_text(document: Mapping[str, Any]) -> str:
    """A document as block YAML; texts of several lines stand as they are read."""
    return _written(_yaml(2), _node(document))


def merged_text(text: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """``text``, which means ``old``, changed to mean ``new``: only where these differ.

    Parts of lists are matched by their ids, so that comments stay with them. Raises Rejected for
    what cannot be changed in place.
    """
    if old == new:
        return text
    found, first = _LIST.search(text), FIRST_LINE.search(text)
    start = 0 if first is None else first.start()
    yaml = _yaml(0 if found is None else len(found[2]) - len(found[1]))
    try:
        node = yaml.load(text[start:])
    except YAMLError as error:
        raise Rejected(f"it cannot be changed in place: {error}.") from None
    if not isinstance(node, CommentedMap):
        raise Rejected("it holds no block of fields.")
    _change_map(node, old, new)
    return text[:start] + _written(yaml, node)  # what comes first it would not keep


def _yaml(offset: int) -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _LINE_CHARS_MAX
    yaml.indent(mapping=2, sequence=2 + offset, offset=offset)
    return yaml


def _written(yaml: YAML, node: Any) -> str:
    written = StringIO()
    yaml.dump(node, written)
    return written.getvalue()


def _change_map(node: CommentedMap, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    for name in old:
        if name not in new:
            node.pop(name, None)
    for name, value in new.items():
        if name not in old:
            node.insert(_place(node, name, list(new)), _text(name), _node(value))
        elif old[name] != value or type(old[name]) is not type(value):
            node[name] = _changed(node.get(name), old[name], value)


def _place(node: CommentedMap, name: str, order: Sequence[str]) -> int:
    """Where a new field goes: after the one that comes before it in ``order``."""
    before = order[: order.index(name)]
    return max((list(node).index(each) + 1 for each in before if each in node), default=0)


def _changed(node: Any, old: Any, new: Any) -> Any:
    """``node``, which means ``old``, as ``new``; made anew where it is not written like that."""
    match node, old, new:
        case CommentedMap(), dict(), dict() if old.keys() <= node.keys():
            _change_map(node, old, new)
            return node
        case CommentedSeq(), list(), list() if len(node) == len(old) and old and new:
            _change_list(node, old, new)
            return node
        case _:
            return _node(new)


def _change_list(node: CommentedSeq, old: list[Any], new: list[Any]) -> None:
    names = [_name(item, index) for index, item in enumerate(old)]
    wanted = [_name(item, index) for index, item in enumerate(new)]
    meant = dict(zip(names, old, strict=True))
    for index in reversed(range(len(names))):
        if names[index] not in wanted:
            del node[index], names[index]
    for index, (name, item) in enumerate(zip(wanted, new, strict=True)):
        if name not in names:
            node.insert(index, _node(item))
            names.insert(index, name)
        elif (place := names.index(name)) != index:
            node.insert(index, node.pop(place))
            names.insert(index, names.pop(place))
        if name in meant and meant[name] != item:
            node[index] = _changed(node[index], meant[name], item)


def _name(item: Any, index: int) -> object:
    """What a part of a list is known by: its id, or its place."""
    return item["id"] if isinstance(item, dict) and "id" in item else index


def _node(value: Any) -> Any:
    match value:
        case dict():
            return CommentedMap((_text(name), _node(item)) for name, item in value.items())
        case list():
            made = CommentedSeq(_node(item) for item in value)
            if not any(isinstance(item, dict | list) for item in value):
                made.fa.set_flow_style()
            return made
        case str():
            return LiteralScalarString(value) if _is_block(value) else _text(value)
        case _:
            return value


def _text(value: str) -> str:
    """A text as it is read in every version of YAML: in quotes unless it is beyond doubt."""
    if _PLAIN.fullmatch(value) or _UUID.fullmatch(value):
        return value  # what looks like a number or a word of YAML is put into quotes all the same
    quotes = SingleQuotedScalarString if value.isprintable() else DoubleQuotedScalarString
    quoted: str = quotes(value)
    return quoted


def _is_block(text: str) -> bool:
    """Whether it is lines, and a block can hold them: all of it prints, no blank at an end."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and not text.startswith((" ", "\n"))
        and all(line.isprintable() and line == line.rstrip() for line in lines)
    )
