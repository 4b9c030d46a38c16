"""Conditions and events, drawn at will: what an index might understand, and what it might not."""

from typing import Any

from hypothesis import strategies as st

from shared.domain.workflows import Dialect

SCALARS = st.sampled_from(
    [
        *(None, True, False, 0, 1, 2, 1.0, 1.5, -1, 2**53, 2**53 + 1, 10**400, -0.0, 1e308),
        *(
            "",
            "a",
            "b",
            "ab",
            "abc",
            "b c",
            "1",
            "true",
            "2026-11-22",
            "2026-11-22T10:00:00Z",
            "é",
            "😀",
            "\ue000",
        ),
        "\ufffd",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from([*"abcabcabc", "ที่อยู่1", "don't", 'size"', "😀"])
FULL = st.fixed_dictionaries({"a": VALUES, "b": SCALARS}, optional={"c": VALUES})
PAYLOADS = st.one_of(FULL, st.dictionaries(NAMES, VALUES, max_size=3), VALUES)
PATHS = st.sampled_from(
    ["payload.a", "payload.b", "payload.a.b", "payload.c.0", "payload", "payload.b.c.a", "event.id"]
)
TEXTS = st.sampled_from(["", "a", "b", "ab", "bc", "c", "é", "20"])

CONDITIONS = st.one_of(
    SCALARS,
    st.builds(lambda op, v: {op: v}, st.sampled_from(["~eq", "~neq", "~contains"]), VALUES),
    st.builds(
        lambda op, v: {op: v},
        st.sampled_from(["~gt", "~gte", "~lt", "~lte"]),
        SCALARS.filter(lambda v: isinstance(v, str | int | float) and not isinstance(v, bool)),
    ),
    st.builds(
        lambda op, v: {op: v}, st.sampled_from(["~in", "~nin"]), st.lists(SCALARS, max_size=4)
    ),
    st.builds(
        lambda op, v: {op: v},
        st.sampled_from(["~starts", "~ends", "~contains", "~ncontains", "~nstarts"]),
        TEXTS,
    ),
    st.builds(lambda op, v: {op: v}, st.sampled_from(["~isnull", "~isempty"]), st.booleans()),
    st.sampled_from([{"~regex": "^ab*"}, {"~regex": "^a|b"}, {"~regex": "^2026-"}]),
    st.just({"~gte": 0, "~lt": 2}),
)
PLAIN = st.dictionaries(PATHS, CONDITIONS, min_size=1, max_size=1)
FILTERS: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(PATHS, CONDITIONS, max_size=3),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"~or": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"~and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"~not": part}, inner),
        st.builds(lambda one, other: {**one, **other}, inner, inner),
    ),
    max_leaves=4,
)

LITERALS = st.sampled_from(
    [
        *("'a'", '"ab"', "1", "1.5", "-1", "0", "true", "false", "null", "'2026'"),
        *("9007199254740993", "- 1.5", "-(-1)", "-'a'", "'\x01text0'", '"\\u0001number0"'),
        *("'\\ud83d\\ude00'", "'\\ud83d'", "'\ufffd'", "'😀'"),
    ]
)
JSONATA_PATHS = st.sampled_from(
    [
        *("payload.a", "payload.b", "payload.a.b", "$.payload.a", "$$.payload.b.c"),
        *("payload.`a`", 'payload."b"', "payload.'a'.b"),
        *(
            "payload.ที่อยู่1",
            "payload.don't",
            'payload.size"',
            "payload.a\v",
            "payload.'\\ud83d\\ude00'",
        ),
    ]
)
OPERATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in"])
MOMENTS = st.sampled_from(["1795341600000", "1795341600001", "$toMillis('2026-11-22')"])
KINDS = st.sampled_from(["string", "number", "boolean", "null", "array", "object"])
TERMS = st.one_of(
    st.builds(
        lambda p, op, v: f"{p} {op} {v}",
        JSONATA_PATHS,
        OPERATORS,
        LITERALS,
    ),
    st.builds(lambda v, op, p: f"{v} {op} {p}", LITERALS, st.sampled_from("=<"), JSONATA_PATHS),
    st.builds(lambda v, p: f"{v} in {p}", LITERALS, JSONATA_PATHS),
    st.builds(lambda p, a, b: f"{p} in [{a}, {b}]", JSONATA_PATHS, LITERALS, LITERALS),
    st.builds(lambda p, a: f"$substring({p}, 0, 1) = {a}", JSONATA_PATHS, LITERALS),
    JSONATA_PATHS.map(lambda p: f"$exists({p})"),
    JSONATA_PATHS.map(lambda p: f"$contains({p}, /^ab*/)"),
    JSONATA_PATHS.map(lambda p: f"$contains({p}, 'a')"),
    JSONATA_PATHS.map(lambda p: f"$not({p} = 'a')"),
    JSONATA_PATHS.map(lambda p: f"$count({p}) > 1"),
    JSONATA_PATHS.map(lambda p: f"{p}[0] = 'a'"),
    JSONATA_PATHS.map(lambda p: f"{p}[] = 'a'"),
    JSONATA_PATHS.map(lambda p: f"({p} = 'a')[0]"),
    JSONATA_PATHS.map(lambda p: f"{p}.$string($) = '1'"),
    JSONATA_PATHS.map(lambda p: f"({p} = 1){{'x': 1}}"),
    st.builds(lambda p, op, q: f"{p} {op} {q}", JSONATA_PATHS, OPERATORS, JSONATA_PATHS),
    st.builds(lambda p, a: f"$exists({p}[$ = {a}])", JSONATA_PATHS, LITERALS),
    st.builds(lambda p, a: f"$count({p}[b = {a}]) > 0", JSONATA_PATHS, LITERALS),
    st.builds(lambda p, n: f"$toMillis({p}) < {n}", JSONATA_PATHS, MOMENTS),
    st.builds(lambda p, kind: f"$type({p}) = '{kind}'", JSONATA_PATHS, KINDS),
    JSONATA_PATHS.map(lambda p: f"$length({p}) > 1"),
    JSONATA_PATHS.map(lambda p: f"$lowercase({p}) = 'ab'"),
    JSONATA_PATHS.map(lambda p: f"{p}.*.b = 1"),
    JSONATA_PATHS.map(lambda p: f"'a' in {p}.**"),
    JSONATA_PATHS.map(lambda p: f"{p}^($).b = 'a'"),
    JSONATA_PATHS,
)
RUN_IFS: st.SearchStrategy[str] = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"{a} and {b}", inner, inner),
        st.builds(lambda a, b: f"({a} or {b})", inner, inner),
        st.builds(lambda a: f"$boolean({a})", inner),
        st.builds(lambda a: f"({a})", inner),
        st.builds(lambda a, b: f"{a} ? {b} : false", inner, inner),
    ),
    max_leaves=4,
)
CHANGES = st.one_of(
    st.fixed_dictionaries({}, optional={"filters": FILTERS, "run_if": RUN_IFS}),
    st.fixed_dictionaries(
        {"dialect": st.sampled_from([Dialect.TRUTO, Dialect.THENA, Dialect.ALTOSTRAT])},
        optional={"filters": FILTERS, "run_if": RUN_IFS},
    ),
)
