"""Truto's functions: whose they are, what they may decide, and how little a hostile one costs."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.domain.workflows import Dialect
from shared.expr.bounds import RUN_IF, STEP
from shared.expr.errors import ExpressionError
from shared.expr.functions import EXTENSIONS, TRUTO, extensions_in
from shared.expr.jsonata import UNDEFINED, Document, ExpressionCache, compile_expression
from shared.expr.reads import paths_read
from shared.matching.conditions import condition_problems
from tests.support.processor import measured
from tests.unit.expr.support import NOW, evaluate

CPU_S_MAX = 2.0
"""Far above what was seen (0.3 s): a busy machine fails no test, a square of a megabyte does."""

_NEW = (
    "base64decode base64encode base64ToBlob blob bufferToString chunk compact "
    "convertCurrencyFromSubunit convertCurrencyToSubunit convertHtmlToMarkdown "
    "convertMarkdownToAdf convertMarkdownToGoogleDocs convertMarkdownToHtml "
    "convertMarkdownToNotion convertMarkdownToSlack convertMdToPdf convertNotionToMarkdown "
    "convertNotionToMd convertQueryToSql dependencyGraph diceCoefficient difference digest "
    "dtFromFormat dtFromIso find firstNonEmpty flatten flattenDeep flattenDepth "
    "generateEmbeddingsCohere getArrayBuffer getDataUri getMimeType groupBy jsToXml jsonParse "
    "jsonToCsv jsonToParquet keyBy lofilter mapValues mostSimilar omit orderBy parseDocument "
    "parseQuery parseUrl pick recursiveCharacterTextSplitter removeEmpty removeEmptyItems "
    "sign sortNodes stringifyQuery teeStream toNumber uuid values wrap xmlToJs zipSqlResponse"
)
NEW = frozenset(_NEW.split())
NETWORK = ("parseDocument", "convertMdToPdf", "generateEmbeddingsCohere")
BINARY = ("base64ToBlob", "blob", "bufferToString", "getArrayBuffer", "getDataUri", "teeStream")


def in_truto(source: str, given: Any = None) -> Any:
    """What an expression in Truto's words comes to in a step."""
    expression = compile_expression(source, dialect=Dialect.TRUTO)
    return expression.evaluate(Document.of(given or {}), bounds=STEP, now=NOW, seed=7)


def test_all_of_its_functions_are_there() -> None:
    """The 62 new names are everybody's; of the five replaced, two differ from the engine's."""
    assert EXTENSIONS.keys() == NEW
    assert TRUTO.keys() == NEW | {"string", "join"}


@pytest.mark.parametrize(
    ("source", "truto", "native"),
    [
        ("$string(12345678901234567)", "12345678901234600", "12345678901234568"),
        ("$join(['a', 'b'])", "a,b", "ab"),
        ("$each({'a': 1}, function($v, $k) {$k})", "a", "a"),
        ("$keys({'a': 1})", "a", "a"),
    ],
)
def test_what_is_replaced_is_replaced_for_truto_only(source: str, truto: Any, native: Any) -> None:
    """The same text means Truto's functions in its words, JSONata's own elsewhere; one cache."""
    cache = ExpressionCache(4)
    for dialect, expected in ((Dialect.TRUTO, truto), (Dialect.NATIVE, native)) * 2:
        expression = cache.get(source, dialect=dialect)
        found = expression.evaluate(Document.of({}), bounds=STEP, now=NOW, seed=7)
        assert found == expected


def test_only_what_a_text_names_is_registered() -> None:
    """A word that is like a function's name costs nothing; its name with a dollar does."""
    assert extensions_in("payload.design.findings.values", Dialect.TRUTO) == {}
    assert extensions_in("$find(a, 'b') & $string(1)", Dialect.NATIVE).keys() == {"find"}


@pytest.mark.parametrize("name", ["uuid", *NETWORK, *BINARY, "jsonToParquet"])
def test_what_cannot_decide_is_refused_as_a_condition(name: str) -> None:
    """Chance, services and bytes have no place in a condition, in whosever words."""
    for dialect in (Dialect.TRUTO, Dialect.NATIVE):
        found = [*condition_problems(f"${name}(a) = 1", "/run_if", dialect)]
        assert [(one.pointer, one.code) for one in found] == [("/run_if", "NOT_FOR_CONDITIONS")]
        assert f"${name} may not stand in a condition" in found[0].detail


@pytest.mark.parametrize("name", ["now", "millis", "random", "shuffle"])
def test_time_and_chance_do_not_decide_in_trutos_words(name: str) -> None:
    """There they would be another's each time; ours are the event's, and may."""
    [problem] = condition_problems(f"${name}() = a", "/run_if", Dialect.TRUTO)
    assert problem.code == "NOT_FOR_CONDITIONS"
    assert [*condition_problems(f"${name}() = a", "/run_if")] == []


@pytest.mark.parametrize("name", NETWORK)
def test_what_needs_a_service_says_so(name: str) -> None:
    """It is there, and fails with what it needs."""
    with pytest.raises(ExpressionError, match=rf"\${name} needs .*, which is not configured"):
        in_truto(f"${name}({{'texts': ['a']}}, 'b')")


@pytest.mark.parametrize("given", ["{}", "{'texts': []}", "{'texts': 7}", "'a'"])
def test_without_texts_no_service_is_needed(given: str) -> None:
    """Where there is nothing to embed the answer is nothing, as it is there."""
    assert in_truto(f"$generateEmbeddingsCohere({given}, 'key')") is UNDEFINED


@pytest.mark.parametrize("given", ["{'texts': 'a'}", "{'texts': '', 'images': ['a']}", "nothing"])
def test_with_texts_or_images_it_is(given: str) -> None:
    """What would be sent fails; so does nothing at all."""
    with pytest.raises(ExpressionError, match="needs Cohere's service"):
        in_truto(f"$generateEmbeddingsCohere({given}, 'key')")


def test_each_uuid_is_another() -> None:
    """Two steps of an execution, which share its seed, have different ones."""
    first, second = in_truto("[$uuid(), $uuid()]")
    assert UUID(first).version == UUID(second).version == 4
    assert first != second != in_truto("$uuid()")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$dtFromIso(at, 'UTC').plus({'days': 2}).toRelative()", "in 2 days"),
        ("$dtFromIso(at, 'UTC').plus({'days': 1}).toRelativeCalendar()", "tomorrow"),
        ("$dtFromIso(at, 'UTC').minus({'hours': 1}).diffNow('hours').hours", -1),
        ("[$dtFromIso(at, 'UTC'), $dtFromIso('x')]", ["2026-03-01T12:30:00.000Z", None]),
        ("{'d': $dtFromIso(at).diff($dtFromIso('2026-02-28T12:30:00Z'), 'days')}", {"d": "P1D"}),
        ("{'u': $parseUrl('http://a.b/c')}", {"u": "http://a.b/c"}),
        ("$string($dtFromIso(at, 'UTC'))", '"2026-03-01T12:30:00.000Z"'),
        ("at ~> $dtFromIso ~> function($d) {$d.month}", 3),
    ],
)
def test_dates_know_the_instant_and_are_texts_in_the_end(source: str, expected: Any) -> None:
    """``now`` is the evaluation's; what comes out is JSON, with ISO 8601 for dates."""
    assert in_truto(source, {"at": "2026-03-01T12:30:00Z"}) == expected


def test_what_they_read_is_known() -> None:
    """The linter sees the paths of arguments; what a method is given is read of the date."""
    source = "$dtFromIso(payload.due).plus({'days': 1}).toISO() & $string(payload.n)"
    assert paths_read(source) == {("payload", "due"), ("payload", "n")}


def test_a_date_beyond_the_calendar_is_an_error() -> None:
    """Arithmetic that leaves the years 1 to 9999 says so."""
    for source in ("plus({'days': 1})", "plus({'years': 1e9})", "plus({'days': 1e300})"):
        with pytest.raises(ExpressionError):
            in_truto(f"$dtFromIso('9999-12-31').{source}")


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/passwd", "America", "x" * 9_999])
def test_only_zones_are_zones(zone: str) -> None:
    """A path is no zone, and reads no file."""
    assert in_truto("$dtFromIso('2024-01-01', z).isValid", {"z": zone}) is False


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("$xmlToJs(laughs)", "INVALID_XML"),
        ("$xmlToJs(deep)", "INVALID_XML"),
        ("$dependencyGraph(ring, 'p', 'id').overallOrder()", "DEPENDENCY_CYCLE"),
        ("$recursiveCharacterTextSplitter(s, {'chunkSize': 9000, 'chunkOverlap': 8999})", "U1001"),
        ("$convertMarkdownToHtml(s)", "U1001"),
        ("$convertHtmlToMarkdown(s)", "U1001"),
        ("$jsToXml({'a b><c': 1})", "INVALID_XML"),
        ("$wrap(s, s)", "U1001"),
        ("$groupBy(many, 'id')", "U1001"),
        ("$jsonToParquet([1..400].{'k' & $: 1})", "U1001"),
        ("$jsonToParquet([1..2001].{'k': 1}, {'rowGroupSize': 1})", "U1001"),
    ],
)
def test_what_would_be_too_much_is_refused(source: str, code: str) -> None:
    """Entities, depth, cycles and sizes end in an error that names what was wrong."""
    with pytest.raises(ExpressionError) as refused:
        in_truto(source, HOSTILE)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "source",
    [
        "$convertHtmlToMarkdown($substring(quotes, 0, 16000))",
        "$convertHtmlToMarkdown($substring(comments, 0, 16000))",
        "$convertHtmlToMarkdown($substring(angles, 0, 16000))",
        "$convertHtmlToMarkdown($substring(divs, 0, 16000))",
        "$convertMarkdownToNotion($substring(brackets, 0, 32000))",
        "$convertMarkdownToNotion($substring(stars, 0, 32000))",
        "$recursiveCharacterTextSplitter(s, {'chunkSize': 2, 'chunkOverlap': 1})",
        "$diceCoefficient(s, stars)",
        "$mostSimilar(s, [stars, brackets])",
        "$parseQuery(brackets, {'depth': 1e9})",
        "$parseUrl('http://h/' & dots).pathname",
        "$sortNodes(chain)",
        "$dependencyGraph(chain, 'p', 'id').overallOrder()",
        "$dtFromIso(s).isValid",
        "$dtFromFormat(s, s).isValid",
        "$toNumber(digits)",
        "$convertCurrencyFromSubunit(digits, 'USD')",
        "$base64decode(s)",
        "$jsonParse(brackets)",
        "$flattenDeep(nested)",
    ],
)
def test_a_hostile_argument_is_answered_in_time(source: str) -> None:
    """A value or an error, either way soon: nothing in Python is stopped by the engine's clock."""

    def answered() -> None:
        with suppress(ExpressionError):
            in_truto(source, HOSTILE)

    _, took_s = measured(answered, below_s=CPU_S_MAX)
    assert took_s < CPU_S_MAX


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


HOSTILE = {
    "s": "x" * 900_000,
    "digits": "1" * 900_000,
    "laughs": '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>',
    "deep": "<a>" * 10_000,
    "ring": [{"id": "a", "p": "b"}, {"id": "b", "p": "a"}],
    "chain": [{"id": i, "p": i - 1, "sequence": 0} for i in range(10_000)],
    "many": [{"id": i, "text": "x" * 40} for i in range(30_000)],
    "quotes": "<a href='" * 9_000,
    "comments": "<!--" * 9_000,
    "angles": "<" * 60_000,
    "divs": "<div>" * 9_000,
    "brackets": "[" * 60_000,
    "stars": "*a **b " * 9_000,
    "dots": "../" * 20_000,
    "nested": _nested(100),
}


def test_a_cell_is_written_as_it_is() -> None:
    """A formula stays one: who opens the table with a spreadsheet must know what is in it."""
    assert in_truto("""$jsonToCsv([{'a': '=1+1', 'b': 'say "hi"'}])""") == (
        '"a","b"\n"=1+1","say ""hi"""'
    )


def test_bytes_go_round() -> None:
    """Blobs are JSON here, and come back as what went in."""
    source = "$bufferToString($getArrayBuffer($blob(['hé', $base64ToBlob('IQ==')])), 'utf8')"
    assert in_truto(source) == "hé!"
    assert in_truto("$getDataUri($blob('hi', {'type': 'text/plain'}), 'text/plain')") == (
        "data:text/plain;base64,aGk="
    )
    assert [one["size"] for one in in_truto("$teeStream($blob(['hi']))")] == [2, 2]


def test_a_key_signs() -> None:
    """RS256 is PKCS#1 v1.5 over SHA-256, with line breaks of the key written as such or not."""
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for written in (pem, pem.replace("\n", "\\n")):
        signed = in_truto("$sign('abc', 'RS256', key)", {"key": written})
        key.public_key().verify(bytes.fromhex(signed), b"abc", PKCS1v15(), SHA256())


def test_conditions_may_use_what_is_deterministic() -> None:
    """Dates and the like decide, within the bounds of a condition."""
    expression = compile_expression(
        "$dtFromIso(payload.due, 'UTC').month = 3 and $find(payload.tags, 'hot') != ''",
        dialect=Dialect.TRUTO,
    )
    document = Document.of({"payload": {"due": "2026-03-05", "tags": [{"hot": 1}]}})
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert expression.test(document, bounds=RUN_IF, now=now, seed=1).truth == "true"
    assert evaluate("$keyBy([{'a': 1}], 'a')") == {"1": {"a": 1}}
