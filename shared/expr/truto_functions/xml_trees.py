"""XML as a tree of JSON and back, in the compact shape of the library xml-js."""

import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.javascript import number_of, text_of

DEPTH_MAX = 100
_NAME = re.compile(r"[\w:][\w:.\-]*")


def xml_to_js(xml: Any = None, options: Any = None) -> dict[str, Any]:
    """``$xmlToJs``: elements by their names, ``_attributes``, ``_text``; repeated ones are a list.

    Options: ``compact`` (only true), ``trim``, ``nativeType``, ``alwaysArray``. No entity is
    declared or fetched. Raises ExpressionError.
    """
    reader = _Reader(options or {})
    try:
        reader.parser.Parse(text_of(xml), True)
    except expat.ExpatError as error:
        raise ExpressionError("INVALID_XML", f"Not XML: {error}") from error
    return reader.root


class _Reader:
    def __init__(self, options: dict[str, Any]) -> None:
        if options.get("compact") is False:
            raise ExpressionError("UNKNOWN_OPTION", "Only the compact shape is written.")
        self.root: dict[str, Any] = {}
        self._open = [self.root]
        self._options = options
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartCdataSectionHandler = self._cdata_starts
        self.parser.EndCdataSectionHandler = self._cdata_ends
        self.parser.CommentHandler = lambda text: self._add("_comment", text)
        self.parser.XmlDeclHandler = self._declaration
        self.parser.ProcessingInstructionHandler = self._instruction
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self._cdata: list[str] | None = None

    def _start(self, name: str, attributes: list[str]) -> None:
        if len(self._open) > DEPTH_MAX:
            raise ExpressionError("INVALID_XML", f"More than {DEPTH_MAX} elements in each other.")
        element: dict[str, Any] = {}
        if attributes:
            pairs = zip(attributes[::2], attributes[1::2], strict=True)
            element["_attributes"] = {key: self._trimmed(value) for key, value in pairs}
        self._add(name, element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        if self._cdata is not None:
            self._cdata.append(text)
        elif text.strip():
            self._add("_text", self._native(self._trimmed(text)))

    def _cdata_starts(self) -> None:
        self._cdata = []

    def _cdata_ends(self) -> None:
        text, self._cdata = "".join(self._cdata or ()), None
        self._add("_cdata", self._trimmed(text))

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        said = {"version": version} | ({"encoding": encoding} if encoding else {})
        if standalone >= 0:
            said["standalone"] = "yes" if standalone else "no"
        self.root["_declaration"] = {"_attributes": said}

    def _instruction(self, target: str, body: str) -> None:
        self._add("_instruction", {target: body})

    def _doctype(self, name: str, system: str | None, public: str | None, _inner: int) -> None:
        outer = f' PUBLIC "{public}"' if public else " SYSTEM" if system else ""
        self._add("_doctype", f'{name}{outer} "{system}"' if system else name)

    def _entity(self, *_declared: Any) -> None:
        raise ExpressionError("INVALID_XML", "A document that declares entities is not read.")

    def _add(self, name: str, value: Any) -> None:
        holder, always = self._open[-1], self._options.get("alwaysArray")
        if name in holder:
            if not isinstance(holder[name], list):
                holder[name] = [holder[name]]
            holder[name].append(value)
        elif always is True or (isinstance(always, list) and name in always):
            holder[name] = [value]
        else:
            holder[name] = value

    def _trimmed(self, text: str) -> str:
        return text.strip() if self._options.get("trim") else text

    def _native(self, text: str) -> Any:
        if not self._options.get("nativeType"):
            return text
        number = number_of(text)
        if number == number:  # noqa: PLR0124 - not NaN
            return number
        return {"true": True, "false": False}.get(text.lower(), text)


def js_to_xml(tree: Any = None, options: Any = None) -> str:
    """``$jsToXml``: the compact tree as XML, indented by ``spaces`` (4).

    Options: ``compact`` (only true), ``spaces``, ``fullTagEmptyElement``, ``ignoreDeclaration``.
    """
    chosen = {"compact": True, "spaces": 4} if options is None else options
    if not chosen.get("compact"):
        raise ExpressionError("UNKNOWN_OPTION", "Only the compact shape is read.")
    if not isinstance(tree, dict):
        raise ExpressionError("INVALID_XML", "XML is written from an object.")
    spaces = chosen.get("spaces") or 0
    indent = " " * min(int(spaces), 8) if not isinstance(spaces, str) else spaces[:8]
    return "".join(_Writer(indent, chosen).inner(tree, 0)).removeprefix("\n")


class _Writer:
    def __init__(self, indent: str, options: dict[str, Any]) -> None:
        self._indent = indent
        self._options = options

    def inner(self, element: dict[str, Any], depth: int) -> Iterator[str]:
        if depth > DEPTH_MAX:
            raise ExpressionError("INVALID_XML", f"More than {DEPTH_MAX} elements in each other.")
        for name, value in element.items():
            for node in value if isinstance(value, list) else [value]:
                yield from self._node(name, node, depth)

    def _node(self, name: str, node: Any, depth: int) -> Iterator[str]:
        match name:
            case "_attributes":
                return
            case "_text":
                yield _escaped(text_of(node))
            case "_cdata":
                yield f"<![CDATA[{text_of(node).replace(']]>', ']]]]><![CDATA[>')}]]>"
            case "_comment":
                yield f"{self._line(depth)}<!--{text_of(node).replace('--', '- -')}-->"
            case "_doctype":
                yield f"{self._line(depth)}<!DOCTYPE {_escaped(text_of(node))}>"
            case "_declaration":
                if not self._options.get("ignoreDeclaration"):
                    yield f"<?xml{_attributes(node)}?>"
            case "_instruction":
                for target, body in node.items():
                    yield f"<?{_named(target)} {text_of(body).replace('?>', '? >')}?>"
            case _:
                yield self._line(depth)
                yield from self._element(_named(name), node, depth)

    def _element(self, name: str, node: Any, depth: int) -> Iterator[str]:
        if isinstance(node, dict):
            yield f"<{name}{_attributes(node)}"
            below = [key for key in node if key != "_attributes"]
            if below:
                yield ">"
                yield from self.inner(node, depth + 1)
                is_text = all(key in ("_text", "_cdata", "_instruction") for key in below)
                yield f"{'' if is_text else self._line(depth)}</{name}>"
                return
        elif node is not None and node != "":
            yield f"<{name}>{_escaped(text_of(node))}</{name}>"
            return
        else:
            yield f"<{name}"
        yield f"></{name}>" if self._options.get("fullTagEmptyElement") else "/>"

    def _line(self, depth: int) -> str:
        return "\n" + self._indent * depth if self._indent else ""


def _attributes(node: Any) -> str:
    given = node.get("_attributes") or {}
    return "".join(
        f' {_named(key)}="{_escaped(text_of(value)).replace(chr(34), "&quot;")}"'
        for key, value in given.items()
        if value is not None
    )


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ExpressionError("INVALID_XML", f"'{name[:50]}' is no name of XML.")
    return name


def _escaped(text: str) -> str:
    plain = text.replace("&amp;", "&")  # so that what is escaped already is not escaped twice
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
