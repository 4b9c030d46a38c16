"""Truto's functions by their names."""

from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from shared.expr.extensions import Extension
from shared.expr.truto_functions import (
    blobs,
    date_objects,
    dates,
    durations,
    graphs,
    html_markdown,
    lists,
    markdown_documents,
    markdown_notion,
    markdown_trees,
    media_types,
    methods,
    money,
    notion_blocks,
    parquet,
    queries,
    sql,
    tables,
    texts,
    unavailable,
    urls,
    xml_trees,
)
from shared.expr.truto_functions.map_values import map_values

_BYTES = "it makes bytes"
_CALL = "it calls a service"


def _plain(implementation: Callable[..., Any]) -> Extension:
    return Extension(implementation=implementation)


def _bytes(implementation: Callable[..., Any]) -> Extension:
    return Extension(implementation=implementation, outside_run_if=_BYTES)


def _called(name: str, need: str) -> Extension:
    return Extension(implementation=unavailable.unavailable(name, need), outside_run_if=_CALL)


def _date(implementation: Callable[..., Any], name: str, given: str) -> Extension:
    around = f"${name}:=function({given}){{$turnout_date($turnout_{name}({given}))}};"
    return Extension(
        implementation=implementation,
        around=(methods.DURATIONS, methods.DATES, around),
        beside={
            "turnout_date_call": dates.date_call,
            "turnout_duration_call": durations.duration_call,
        },
        finish=date_objects.as_values,
    )


def _nullable(implementation: Callable[..., Any], name: str) -> Extension:
    """Null for null, which Python does not know from undefined."""
    around = f"${name}:=function($a,$b){{$type($a)='null'?null:$turnout_{name}($a,$b)}};"
    return Extension(implementation=implementation, around=(around,))


ADDED: Final[dict[str, Extension]] = {
    "mapValues": _plain(map_values),
    "base64encode": _plain(texts.base64_encode),
    "base64decode": _plain(texts.base64_decode),
    "base64ToBlob": _bytes(blobs.base64_to_blob),
    "blob": _bytes(blobs.blob),
    "getArrayBuffer": _bytes(blobs.get_array_buffer),
    "getDataUri": _bytes(blobs.get_data_uri),
    "bufferToString": _bytes(blobs.buffer_to_string),
    "teeStream": _bytes(blobs.tee_stream),
    "convertCurrencyToSubunit": _nullable(money.to_subunit, "convertCurrencyToSubunit"),
    "convertCurrencyFromSubunit": _nullable(money.from_subunit, "convertCurrencyFromSubunit"),
    "dependencyGraph": Extension(
        implementation=graphs.dependency_graph,
        around=(
            methods.GRAPHS,
            "$dependencyGraph:=function($a,$b,$c){$turnout_graph($turnout_dependencyGraph($a,$b,$c))};",
        ),
        beside={"turnout_graph_call": graphs.graph_call},
    ),
    "diceCoefficient": _plain(texts.dice_coefficient),
    "mostSimilar": _plain(texts.most_similar),
    "digest": _plain(texts.digest),
    "sign": _plain(texts.sign),
    "firstNonEmpty": _plain(lists.first_non_empty),
    "removeEmpty": _plain(lists.remove_empty),
    "removeEmptyItems": _plain(lists.remove_empty_items),
    "jsonParse": Extension(
        implementation=texts.json_parse,
        around=("$jsonParse:=function($a){$lookup($turnout_jsonParse($a),'value')};",),
    ),
    "toNumber": Extension(
        implementation=texts.to_number,
        around=("$toNumber:=function($a){$exists($a)?$turnout_toNumber($a)};",),
    ),
    "getMimeType": Extension(
        implementation=media_types.get_mime_type,
        around=("$getMimeType:=function($a){($v:=$turnout_getMimeType($a);$exists($v)?$v:null)};",),
    ),
    "parseDocument": _called("parseDocument", "a service that reads documents"),
    "parseQuery": _plain(queries.parse_query),
    "stringifyQuery": _plain(queries.stringify_query),
    "parseUrl": Extension(
        implementation=urls.parse_url,
        around=(methods.URLS, "$parseUrl:=function($a){$turnout_url($turnout_parseUrl($a))};"),
        beside={"turnout_params_call": urls.params_call},
        finish=urls.as_values,
    ),
    "sortNodes": _plain(graphs.sort_nodes),
    "uuid": Extension(implementation=lambda: str(uuid4()), outside_run_if="it depends on chance"),
    "zipSqlResponse": _plain(lists.zip_sql_response),
    "groupBy": _plain(lists.group_by),
    "keyBy": _plain(lists.key_by),
    "orderBy": _plain(lists.order_by),
    "find": _plain(lists.find),
    "lofilter": _plain(lists.lofilter),
    "pick": _plain(lists.pick),
    "omit": _plain(lists.omit),
    "values": _plain(lists.values),
    "compact": _plain(lists.compact),
    "chunk": _plain(lists.chunk),
    "difference": _plain(lists.difference),
    "flatten": _plain(lists.flatten),
    "flattenDeep": _plain(lists.flatten_deep),
    "flattenDepth": _plain(lists.flatten_depth),
    "wrap": _plain(texts.wrap),
    "dtFromIso": _date(dates.dt_from_iso, "dtFromIso", "$a,$b"),
    "dtFromFormat": _date(dates.dt_from_format, "dtFromFormat", "$a,$b,$c"),
    "xmlToJs": _plain(xml_trees.xml_to_js),
    "jsToXml": _plain(xml_trees.js_to_xml),
    "jsonToCsv": _plain(tables.json_to_csv),
    "jsonToParquet": parquet.WithArrow(
        implementation=parquet.json_to_parquet, outside_run_if=_BYTES
    ),
    "convertQueryToSql": _plain(sql.convert_query_to_sql),
    "convertMarkdownToAdf": _plain(markdown_documents.to_adf),
    "convertMarkdownToGoogleDocs": _plain(markdown_documents.to_google_docs),
    "convertMarkdownToHtml": _plain(markdown_trees.to_html),
    "convertMarkdownToNotion": _plain(markdown_notion.to_notion),
    "convertMarkdownToSlack": _plain(markdown_documents.to_slack),
    "convertNotionToMarkdown": _plain(markdown_notion.from_notion),
    "convertNotionToMd": _plain(notion_blocks.convert_notion_block),
    "convertHtmlToMarkdown": _plain(html_markdown.to_markdown),
    "convertMdToPdf": _called("convertMdToPdf", "a service that writes PDF"),
    "generateEmbeddingsCohere": Extension(
        implementation=unavailable.cohere_embeddings, outside_run_if=_CALL
    ),
    "recursiveCharacterTextSplitter": _plain(texts.split_text),
}
"""The new ones, which expressions of every dialect have."""

REPLACED: Final[dict[str, Extension]] = {
    "join": _plain(texts.join),
    "string": Extension(
        implementation=texts.string,
        around=("$string:=function($a,$b)<x-b?:s>{$exists($a)?$turnout_string($a,$b)};",),
    ),
}
"""Those of JSONata's own that Truto's expressions have otherwise.

Its ``$keys``, ``$each`` and ``$sift`` are what the engine's own are already.
"""
