"""Markdown in the words of others: Atlassian's documents, Slack's blocks, Google's requests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.expr.truto_functions.markdown_trees import Node, tokens_in

Block = dict[str, Any]

_MARKS = {"em": "em", "strong": "strong", "del": "strike", "codespan": "code"}
_INLINE = ("text", "em", "strong", "del", "link", "codespan")


def to_adf(markdown: Any = None) -> Block:
    """``$convertMarkdownToAdf``: an Atlassian document."""
    return {"version": 1, "type": "doc", "content": _adf_blocks(tokens_in(markdown))}


def _adf_blocks(tokens: list[Node]) -> list[Block]:
    return [block for token in tokens for block in _adf_block(token)]


def _adf_block(token: Node) -> list[Block]:  # noqa: PLR0911 - one way a kind of token
    match token.kind:
        case "paragraph":
            return _adf_paragraphs(token.tokens or [])
        case "heading":
            content = _adf_texts(token.tokens or [])
            return [{"type": "heading", "attrs": {"level": token.depth}, "content": content}]
        case "list":
            return [_adf_list(token)]
        case "code":
            attributes = {"language": token.lang or "text"}
            content = [{"type": "text", "text": token.text}]
            return [{"type": "codeBlock", "attrs": attributes, "content": content}]
        case "blockquote":
            return [{"type": "blockquote", "content": _adf_blocks(token.tokens or [])}]
        case "hr":
            return [{"type": "rule"}]
        case "table":
            kinds = ["tableHeader", *("tableCell" for _ in token.rows)]
            rows = zip(kinds, (token.items, *token.rows), strict=True)
            return [{"type": "table", "content": [_adf_row(*row) for row in rows]}]
        case _:
            return []


def _adf_row(kind: str, cells: list[Node]) -> Block:
    content = [{"type": kind, "content": _adf_paragraphs(cell.tokens or [])} for cell in cells]
    return {"type": "tableRow", "content": content}


def _adf_list(token: Node) -> Block:
    content = [{"type": "listItem", "content": _adf_item(item)} for item in token.items]
    if token.start is None:
        return {"type": "bulletList", "content": content}
    return {"type": "orderedList", "attrs": {"order": token.start or 1}, "content": content}


def _adf_item(item: Node) -> list[Block]:
    content: list[Block] = []
    texts: list[Node] = []
    for token in [*(item.tokens or []), Node("end")]:
        if token.kind in _INLINE:
            texts.append(token)
            continue
        if texts:
            content.append({"type": "paragraph", "content": _adf_texts(texts)})
            texts = []
        content += _adf_block(token)
    return content


def _adf_paragraphs(tokens: list[Node]) -> list[Block]:
    found: list[Block] = []
    texts: list[Node] = []
    for token in [*tokens, Node("end")]:
        if token.kind not in ("image", "end"):
            texts.append(token)
            continue
        if texts:
            found.append({"type": "paragraph", "content": _adf_texts(texts)})
            texts = []
        if token.kind == "image":
            media = {"type": "external", "url": token.href, "alt": token.text}
            content = [{"type": "media", "attrs": media}]
            found.append({"type": "mediaSingle", "attrs": {"layout": "center"}, "content": content})
    return found


def _adf_texts(tokens: list[Node]) -> list[Block]:
    return [block for token in tokens for block in _adf_text(token)]


def _adf_text(token: Node) -> list[Block]:
    match token.kind:
        case "text" if token.tokens is not None:
            return _adf_texts(token.tokens)
        case "text" | "link" | "codespan":
            return list(_adf_marked(token, {}))
        case "em" | "strong" | "del":
            mark = _MARKS[token.kind]
            inner = token.tokens or []
            return [one for t in inner for one in _adf_marked(t, {mark: {"type": mark}})]
        case "br":
            return [{"type": "hardBreak"}]
        case _:
            return []


def _adf_marked(token: Node, marks: dict[str, Block]) -> Iterator[Block]:
    """The text, with the marks of whatever holds nothing but it."""
    while True:
        if token.kind == "link":
            marks["link"] = {"type": "link", "attrs": {"href": token.href}}
        elif token.kind in _MARKS:
            marks.setdefault(_MARKS[token.kind], {"type": _MARKS[token.kind]})
        if token.tokens is None or len(token.tokens) != 1:
            break
        token = token.tokens[0]
    written = token.raw if token.kind == "text" else token.text  # `&amp;` stays, as it does there
    text = written.removesuffix("\n").replace("\n", " ")
    if text:
        kept = [mark for name, mark in marks.items() if "code" not in marks or name in _BESIDE_CODE]
        yield {"type": "text", "text": text} | ({"marks": kept} if kept else {})


_BESIDE_CODE = ("code", "link")


def to_slack(markdown: Any = None) -> list[Block]:
    """``$convertMarkdownToSlack``: blocks of a message."""
    return [one for one in _slack(tokens_in(markdown)) if isinstance(one, dict)]


def _slack(tokens: list[Node]) -> list[Block | str]:
    return [block for token in tokens for block in _slack_block(token)]


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _slack_block(token: Node) -> list[Block | str]:  # noqa: PLR0911 - one way a kind of token
    match token.kind:
        case "hr":
            return [{"type": "divider"}]
        case "space":
            return [_section("\n")]
        case "image":
            return [{"type": "image", "image_url": token.href, "alt_text": token.text}]
        case "paragraph" | "text" if token.tokens is not None:
            inner = _slack(token.tokens)
            text = "".join(one for one in inner if isinstance(one, str))
            blocks = [one for one in inner if isinstance(one, dict)]
            return [*([_section(text)] if text else []), *blocks]
        case "heading":
            text_of_heading = {"type": "plain_text", "text": token.text, "emoji": True}
            return [{"type": "header", "text": text_of_heading}]
        case "list":
            return [_section("\n".join(_slack_items(token)))]
        case "strong":
            return [f"*{token.text}*"]
        case "link":
            return [f"<{token.href}|{token.text}>"]
        case "blockquote" | "code":
            return [_section(token.raw)]
        case _:
            return [token.raw]


def _slack_items(token: Node) -> Iterator[str]:
    inner = (block for item in token.items for block in _slack(item.tokens or []))
    texts = (one["text"]["text"] for one in inner if isinstance(one, dict) and "text" in one)
    for index, text in enumerate(filter(None, texts)):
        yield f"{'•' if token.start is None else f'{index + 1}.'} {text}"


_LINK_STYLE = {
    "underline": True,
    "foregroundColor": {"color": {"rgbColor": {"red": 0.1, "green": 0.33, "blue": 0.8}}},
}


def to_google_docs(markdown: Any = None) -> dict[str, list[Block]]:
    """``$convertMarkdownToGoogleDocs``: requests that insert the text, then style it."""
    document = _GoogleDocument()
    document.write(tokens_in(markdown), 0)
    return {"requests": document.inserts + document.bullets + document.formats}


@dataclass(slots=True)
class _GoogleDocument:
    at: int = 1
    tabs: int = 0
    inserts: list[Block] = field(default_factory=list)
    bullets: list[Block] = field(default_factory=list)
    formats: list[Block] = field(default_factory=list)

    def write(self, tokens: list[Node], level: int) -> None:
        for token in tokens:
            self._write(token, level)

    def _write(self, token: Node, level: int) -> None:
        match token.kind:
            case "hr":
                self._insert("\n\n")
            case "space":
                self._insert(token.raw)
            case "image":
                place = {"uri": token.href, "location": {"index": self.at}}
                self.inserts.append({"insertInlineImage": place})
                self.at += 1
            case "table":
                self._table(token, level)
            case "list":
                self._list(token, level)
            case _ if token.tokens:
                self._inside(token, level)
            case _ if token.text:
                self._insert(token.text)

    def _insert(self, text: str) -> None:
        self.inserts.append({"insertText": {"text": text, "location": {"index": self.at}}})
        self.at += _length(text)

    def _inside(self, token: Node, level: int) -> None:
        start = self.at
        self.write(token.tokens or [], level)
        style: Block | None = None
        if token.kind == "heading":
            style = {"namedStyleType": f"HEADING_{token.depth}"}
            self._format("updateParagraphStyle", "paragraphStyle", style, start)
            self._insert("\n")
        elif token.kind in _STYLES:
            self._format("updateTextStyle", "textStyle", _STYLES[token.kind], start)
        elif token.kind == "link":
            link = {"link": {"url": token.href}, **_LINK_STYLE}
            self._format("updateTextStyle", "textStyle", link, start)

    def _format(self, request: str, name: str, style: Block, start: int) -> None:
        span = {"startIndex": start - self.tabs, "endIndex": self.at - self.tabs}
        if request == "updateTextStyle":
            for known in self.formats:
                if known.get(request, {}).get("range") == span:
                    known[request][name] |= style
                    return
        self.formats.append({request: {name: dict(style), "fields": "*", "range": span}})

    def _list(self, token: Node, level: int) -> None:
        start = self.at
        for index, item in enumerate(token.items):
            if index:
                self._insert("\n")
            if level > 0:
                self._insert("\t" * level)
                self.tabs += level
            for place, inner in enumerate(item.tokens or []):
                if place:
                    self._insert("\n")
                self._write(inner, level + 1)
        if not level:
            preset = "BULLET_DISC_CIRCLE_SQUARE"
            preset = preset if token.start is None else "NUMBERED_DECIMAL_ALPHA_ROMAN"
            span = {"startIndex": start, "endIndex": self.at}
            made = {"createParagraphBullets": {"range": span, "bulletPreset": preset}}
            self.bullets.insert(0, made)

    def _table(self, token: Node, level: int) -> None:
        size = {"columns": len(token.items), "rows": len(token.rows) + 1}
        self.inserts.append({"insertTable": {**size, "location": {"index": self.at}}})
        self.at += 4
        for index, row in enumerate((token.items, *token.rows)):
            self.at += 1 if index else 0
            for cell in row:
                self._write(cell, level)
                self.at += 2
        self._insert("\n")


_STYLES = {"em": {"italic": True}, "strong": {"bold": True}}


def _length(text: str) -> int:
    """As Google counts: in units of UTF-16."""
    return len(text.encode("utf-16-le", "replace")) // 2
