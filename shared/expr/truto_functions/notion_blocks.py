"""``$convertNotionToMd``: one block of Notion as Markdown, without what is inside it."""

from typing import Any

from shared.expr.truto_functions.javascript import as_list, text_of

Block = dict[str, Any]


def convert_notion_block(block: Any = None) -> str:  # noqa: PLR0911 - one way a kind of block
    """The block in the shape that the library json2md writes."""
    kind = block["type"]
    data: Block = block.get(kind) or {}
    texts = [_text(one) for one in as_list(data.get("rich_text")) if one]
    match kind:
        case "bulleted_list_item" | "numbered_list_item":
            return _listed(texts, is_ordered=kind == "numbered_list_item")
        case "quote" | "callout":
            return "".join(f"> {text}\n" for text in texts)
        case "code":
            content = "\n".join(texts)
            return f"```{data.get('language') or ''}\n{content}\n```\n"
        case "divider":
            return "--- \n"
        case "to_do":
            return f"- [{'X' if data.get('checked') else ' '}] {''.join(texts)}\n"
        case "table":
            return "\nTabular values as CSV\n"
        case "table_row":
            cells = ((cell[0] if cell else {}).get("plain_text") for cell in data["cells"])
            return f"\n{','.join('' if cell is None else cell for cell in cells)}\n"
        case "equation":
            return f"\n{text_of(data.get('expression'))}\n"
        case _ if kind.startswith("heading_"):
            return f"{'#' * int(kind[-1])} {''.join(texts)}\n"
        case _:
            return _linked(kind, data) or f"\n{''.join(texts)}\n"


def _text(text: Block) -> str:
    shown, href = text_of(text.get("plain_text", "")), text.get("href")
    if not href:
        return shown
    return f"[{shown}]({f'https://www.notion.so{href}' if href.startswith('/') else href})"


def _listed(texts: list[str], *, is_ordered: bool) -> str:
    lines = (f" {f'{at}.' if is_ordered else '-'} {text}" for at, text in enumerate(texts, 1))
    return f"{chr(10).join(lines).strip()} \n"


def _linked(kind: str, data: Block) -> str | None:
    caption = [text_of((one or {}).get("plain_text")) for one in as_list(data.get("caption"))]
    held = data.get("file") or data.get("external") or {}
    source = held.get("url", "")
    match kind:
        case "bookmark":
            return f"[{data.get('url')}]({data.get('url')})\n"
        case "embed":
            return f"[{','.join(caption) or 'Embed'}]({data.get('url')})\n"
        case "video" | "pdf" | "file":
            return f"[{','.join(caption) or 'File'}]({source})\n"
        case "image":
            title = ",".join(caption) or "Image"
            return f'![{title}]({source} "{title}")\n'
        case _:
            return None
