"""The OpenAPI document as a page: made here, without a script, and with nothing from elsewhere."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from liquid import Environment, FileSystemLoader, Markup, StrictUndefined, escape

from services.api.describe.openapi_examples import curl_of

Json = Mapping[str, Any]

_FOLDER: Final = Path(__file__).with_name("page")
_CODE: Final = re.compile(r"`([^`]+)`")
_NOT_BOUNDS: Final = frozenset(
    {
        *("type", "anyOf", "allOf", "$ref", "items", "title", "description"),
        *("required", "examples", "readOnly"),
    }
)


def openapi_page(document: Json) -> str:
    """The page, in HTML; whatever the document says is text in it."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, loader=FileSystemLoader(_FOLDER)
    )
    environment.add_filter("marked", _marked)
    schemas = document["components"]["schemas"]
    return environment.get_template("operations.html").render(
        info=document["info"],
        style=Markup(_style()),
        groups=list(_groups(document)),
        headers=[_parameter(one) for one in document["components"]["parameters"].values()],
        refusals=[_answer(name, one) for name, one in document["components"]["responses"].items()],
        schemas=[_schema(name, schema) for name, schema in schemas.items()],
    )


def page_headers() -> dict[str, str]:
    """What the page may do: show itself, in its own style."""
    style = b64encode(sha256(_style().encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{style}';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }


def _style() -> str:
    return (_FOLDER / "style.css").read_text("utf-8")


def _marked(text: str) -> Markup:
    """A text with ``code`` in it as HTML."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def _groups(document: Json) -> Iterator[dict[str, Any]]:
    for tag in document["tags"]:
        operations = [
            _operation(document, path, method, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if tag["name"] in operation["tags"]
        ]
        yield {"name": tag["name"], "about": tag["description"], "operations": operations}


def _operation(document: Json, path: str, method: str, operation: Json) -> dict[str, Any]:
    """What operations share is only named: the page has it once, further down."""
    parameters, answers = operation["parameters"], operation["responses"]
    body, own = operation.get("requestBody", {}), [p for p in parameters if "$ref" not in p]
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "about": operation["description"].split("\n\n"),
        "parameters": [_parameter(one) for one in own],
        "headers": [_resolved(document, one)["name"] for one in parameters if "$ref" in one],
        "body": _contents(body.get("content", {})),
        "is_body_required": body.get("required", False),
        "answers": [_answer(k, one) for k, one in answers.items() if "$ref" not in one],
        "refusals": [(k, _name(one)) for k, one in answers.items() if "$ref" in one],
        "curl": curl_of(
            method, path, {**operation, "parameters": own}, document["components"]["schemas"]
        ),
    }


def _parameter(parameter: Json) -> dict[str, Any]:
    field = _field(parameter["name"], parameter["schema"], parameter.get("description", ""))
    return {**field, "place": parameter["in"], "is_required": parameter.get("required", False)}


def _answer(name: str, answer: Json) -> dict[str, Any]:
    contents = _contents(answer.get("content", {}))
    return {"name": name, "about": answer["description"], "contents": contents}


def _resolved(document: Json, part: Json) -> Json:
    for name in part["$ref"].split("/")[1:]:
        document = document[name]
    return document


def _name(reference: Json) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _contents(content: Json) -> list[dict[str, Any]]:
    """Media types and what they carry; those that carry the same together."""
    found: dict[str, dict[str, Any]] = {}
    for media, one in content.items():
        row = found.setdefault(str(one), {"media": [], "type": list(_type(one["schema"]))})
        row["media"].append(media)
    return list(found.values())


def _schema(name: str, schema: Json) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        "name": name,
        "about": schema.get("description", "").split("\n\n"),
        "type": list(_type(schema)),
        "fields": [
            {**_field(field, one, one.get("description", "")), "is_required": field in required}
            for field, one in schema.get("properties", {}).items()
        ],
    }


def _field(name: str, schema: Json, about: str) -> dict[str, Any]:
    return {"name": name, "about": about, "type": list(_type(schema))}


def _type(schema: Json) -> Iterator[dict[str, str]]:
    """A schema in words; a piece with a ``link`` names another schema."""
    if "$ref" in schema:
        yield {"text": _name(schema), "link": f"schema-{_name(schema)}"}
    for place, shape in enumerate([*schema.get("anyOf", ()), *schema.get("allOf", ())]):
        if place:
            yield _text(" or " if "anyOf" in schema else " and ")
        yield from _type(shape)
    match schema.get("type"):
        case "array":
            yield _text("list of ")
            yield from _type(schema.get("items", {}))
        case None if not {"$ref", "anyOf", "allOf"} & schema.keys():
            yield _text("anything")
        case str() as kind:
            yield _text(kind)
        case list() as kinds:
            yield _text(" or ".join(kinds))
    yield from _bounds(schema)


def _bounds(schema: Json) -> Iterator[dict[str, str]]:
    said = [
        _bound(word, value)
        for word, value in schema.items()
        if isinstance(value, str | int | float | list) and word not in _NOT_BOUNDS
    ]
    if said:
        yield _text(f" ({', '.join(said)})")


def _bound(word: str, value: Any) -> str:
    if word == "enum":
        return "one of " + ", ".join(map(str, value))
    return str(value) if word == "format" else f"{word} {value}"


def _text(text: str) -> dict[str, str]:
    return {"text": text, "link": ""}
