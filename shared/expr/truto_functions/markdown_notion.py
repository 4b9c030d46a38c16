"""Markdown as Notion's blocks, and Notion's blocks as Markdown."""

from collections.abc import Callable, Iterator
from typing import Any

from shared.expr.truto_functions.javascript import as_list, text_of
from shared.expr.truto_functions.markdown_trees import Node, tokens_in

TEXT_CHARS_MAX = 2_000
"""Notion's longest text."""

DEPTH_MAX = 50
_LISTED = ("to_do", "numbered_list_item", "bulleted_list_item")
_NL = "\n\n"

Block = dict[str, Any]


def to_notion(markdown: Any = None) -> dict[str, list[Block]]:
    """``$convertMarkdownToNotion``: the blocks as ``children``."""
    return {"children": _blocks(tokens_in(markdown))}


def _blocks(tokens: list[Node]) -> list[Block]:
    return [block for token in tokens for block in _block(token)]


def _block(token: Node) -> list[Block]:  # noqa: PLR0911 - one way a kind of token
    match token.kind:
        case "hr":
            return [{"type": "divider", "divider": {}}]
        case "space":
            return [_typed("paragraph", rich_text=[_text("\n")])]
        case "image":
            external = {"type": "external", "external": {"url": token.href}}
            return [{"type": "image", "image": external}]
        case "paragraph":
            inner = _blocks(token.tokens or [])
            images = [one for one in inner if one["type"] == "image"]
            others = [one for one in inner if one["type"] != "image"]
            return [*([_typed("paragraph", rich_text=others)] if others else []), *images]
        case "heading":
            return [_typed(f"heading_{token.depth}", rich_text=_blocks(token.tokens or []))]
        case "code":
            texts = _texts(token.text, "\n\n")
            return [_typed("code", rich_text=texts, language=token.lang or "plain text")]
        case "table":
            return [_table(token)]
        case "list":
            return list(_items(token))
        case "blockquote":
            first = (token.tokens or [Node("paragraph")])[0]
            return [_typed("callout", rich_text=_blocks(first.tokens or []))]
        case _:
            return _inline(token)


def _typed(kind: str, **inner: Any) -> Block:
    return {"type": kind, kind: inner}


def _text(content: str) -> Block:
    return {"type": "text", "text": {"content": content}}


def _texts(text: str, between: str) -> list[Block]:
    made: list[Block] = []
    for line in filter(None, text.split("\n")):
        made += [_text(between)] if made else []
        made += [
            _text(line[at : at + TEXT_CHARS_MAX]) for at in range(0, len(line), TEXT_CHARS_MAX)
        ]
    return made


def _inline(token: Node) -> list[Block]:
    inner = _blocks(token.tokens) if token.tokens is not None else _texts(token.text, "\n")
    marked = {"em": "italic", "strong": "bold"}.get(token.kind)
    for block in inner:
        if marked:
            block.setdefault("annotations", {})[marked] = True
        elif token.kind == "codespan" and block["text"]["content"] != "\n":
            block["annotations"] = {"code": True}
        elif token.kind == "link" and "text" in block:
            block["text"]["link"] = {"url": token.href}
    return inner


def _items(token: Node) -> Iterator[Block]:
    plain = "bulleted_list_item" if token.start is None else "numbered_list_item"
    kind = plain if token.items[0].checked is None else "to_do"
    for item in token.items:
        inner = _blocks(item.tokens or [])
        texts = [one for one in inner if one["type"] == "text"]
        others = [one for one in inner if one["type"] != "text"]
        fields: Block = {"rich_text": texts} if texts else {}
        fields |= {"children": others} if others else {}
        fields |= {"checked": item.checked} if kind == "to_do" and item.checked is not None else {}
        yield {"type": kind, kind: fields}


def _table(token: Node) -> Block:
    header = [[one] for cell in token.items for one in _inline(cell)]
    rows = [[_inline(cell) for cell in row] for row in token.rows]
    return _typed(
        "table",
        table_width=len(token.items),
        has_column_header=True,
        has_row_header=False,
        children=[_typed("table_row", cells=cells) for cells in (header, *rows)],
    )


def from_notion(blocks: Any = None, links_child_pages: Any = None) -> str:
    """``$convertNotionToMarkdown``: children are found by their ``parent_id``."""
    listed = list(_spaced(as_list(blocks)))
    below: dict[Any, list[Block]] = {}
    for block in listed:
        below.setdefault(block.get("parent_id"), []).append(block)
    roots = [one for one in listed if (one.get("parent") or {}).get("type") != "block_id"]
    writer = _Writer(below, links_child_pages=bool(links_child_pages))
    return "".join(writer.written(root, 1) for root in _numbered(roots))


def _spaced(blocks: list[Block]) -> Iterator[Block]:
    for block, following in zip(blocks, [*blocks[1:], {}], strict=True):
        yield block
        if block["type"] in _LISTED and following.get("type") not in _LISTED:
            yield {"type": "paragraph", "paragraph": {"rich_text": []}}


def _numbered(blocks: list[Block]) -> Iterator[Block]:
    number = 0
    for block in blocks:
        number = number + 1 if block["type"] == "numbered_list_item" else 0
        yield block | {"number": number} if number else block


class _Writer:
    def __init__(self, below: dict[Any, list[Block]], *, links_child_pages: bool) -> None:
        self._below = below
        self._links = links_child_pages

    def written(self, block: Block, level: int, depth: int = 0) -> str:
        if depth > DEPTH_MAX:
            raise ValueError(f"Blocks are more than {DEPTH_MAX} deep in each other.")
        kind = block["type"]
        data = block.get(kind) or {}
        text = rich_text(data.get("rich_text"))
        if kind in _LISTED:
            mark = f"[{'X' if data.get('checked') else ' '}] " if kind == "to_do" else ""
            before = f"{block.get('number')}. " if kind == "numbered_list_item" else f"- {mark}"
            tabs = "\t" * level
            inner = tabs.join(self._children(block, level + 1, depth))
            return f"{before}{text}\n{tabs + inner if inner else ''}"
        if kind in _WRITTEN:
            return _WRITTEN[kind](data, text)
        if kind == "table":
            return _table_written(data, self._inside(block))
        if kind == "child_page":
            text = data.get("title") or "Untitled Page"
            if self._links:
                address = f"https://www.notion.so/{text_of(block.get('id')).replace('-', '')}"
                return f"[{text}]({address}){_NL}"
        return f"{text}{_NL}{''.join(self._children(block, level, depth))}"

    def _children(self, block: Block, level: int, depth: int) -> list[str]:
        numbered = _numbered(self._inside(block))
        return [self.written(child, level, depth + 1) for child in numbered]

    def _inside(self, block: Block) -> list[Block]:
        if block.get("has_children"):
            return self._below.get(block.get("id"), [])
        return block.get("children") or []


def rich_text(texts: Any) -> str:
    """Notion's texts with Markdown's marks."""
    return "".join(_marked(text) for text in as_list(texts) if text)


def _marked(text: Block) -> str:
    shown = text_of(text.get("plain_text", ""))
    if href := text.get("href"):
        return f"[{shown}]({_address(href)})"
    marks = text.get("annotations") or {}
    for name, mark in _MARKS:
        if marks.get(name):
            shown = f"{mark}{shown}{mark}"
    return shown


_MARKS = (
    ("code", "`"),
    ("bold", "**"),
    ("italic", "_"),
    ("underline", "_"),
    ("strikethrough", "~~"),
)


def _address(href: str) -> str:
    return f"https://www.notion.so{href}" if href.startswith("/") else href


def _captioned(data: Block, otherwise: str) -> str:
    caption = [text_of((one or {}).get("plain_text")) for one in as_list(data.get("caption"))]
    return ",".join(caption) or otherwise


def _source(data: Block) -> str:
    for place in ("file", "external"):
        if data.get(place):
            return text_of(data[place]["url"])
    return ""


def _file(data: Block, _text: str) -> str:
    return f"[{_captioned(data, 'File')}]({_source(data)}){_NL}"


def _heading(depth: int) -> Callable[[Block, str], str]:
    return lambda _, text: f"{'#' * depth} {text}{_NL}"


_WRITTEN: dict[str, Callable[[Block, str], str]] = {
    "bookmark": lambda data, _: f"[{data.get('url')}](data.url){_NL}",
    "quote": lambda _, text: f"> {text}{_NL}",
    "callout": lambda _, text: f"> {text}{_NL}",
    "code": lambda data, text: f"```{data.get('language')}\n{text}\n```{_NL}",
    "divider": lambda _, __: f"---{_NL}",
    "embed": lambda data, _: f"[{_captioned(data, 'Embed')}]({data.get('url')}){_NL}",
    "equation": lambda data, _: text_of(data.get("expression")),
    "paragraph": lambda _, text: f"{text}{_NL}",
    "video": _file,
    "pdf": _file,
    "file": _file,
    **{f"heading_{depth}": _heading(depth) for depth in range(1, 7)},
    "image": lambda data, _: f"![{_captioned(data, 'Image')}]({_source(data)}){_NL}",
    "table_row": lambda data, _: _row(data),
}


def _row(data: Block) -> str:
    return f"| {' | '.join(rich_text(cell) for cell in data['cells'])} |\n"


def _table_written(data: Block, rows: list[Block]) -> str:
    if not rows:
        return "Table as CSV\n"
    header, *others = (_row(row["table_row"]) for row in rows)
    divider = f"|{'---|' * int(data.get('table_width') or 0)}\n"
    return f"{header}{divider}{''.join(others).removesuffix(chr(10))}{_NL}"
