"""Kinds of workflows to match: the conditions of each, and events for them.

Of ``count`` workflows the n-th has the n-th conditions; an event is made for the n-th of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

COUNTRIES: Final = 50
HOT: Final = 10
"""One in so many has the hot value."""

FIELDS: Final = 20
VALUES: Final = 50


@dataclass(frozen=True, slots=True)
class Case:
    """What the n-th of ``count`` workflows says, and what the n-th event holds."""

    says: str
    workflow: Callable[[int, int], Mapping[str, Any]]
    payload: Callable[[int, int], Mapping[str, Any]]
    event_name: Callable[[int], str] = lambda _: "ticket:created"
    trigger: Callable[[int], str] = lambda _: "ticket:created"


def _country(n: int) -> str:
    return f"c{n % COUNTRIES}"


CASES: Final[Mapping[str, Case]] = MappingProxyType(
    {
        "equality": Case(
            "three equalities, one of them its own",
            lambda n, _: {
                "filters": {
                    "payload.account": f"a{n}",
                    "payload.plan": "pro",
                    "payload.country": _country(n),
                }
            },
            lambda n, _: {"account": f"a{n}", "plan": "pro", "country": _country(n)},
        ),
        "prefix": Case(
            "a beginning of its own",
            lambda n, _: {"filters": {"payload.name": {"~starts": f"acct-{n:06d}-"}}},
            lambda n, _: {"name": f"acct-{n:06d}-invoice"},
        ),
        "suffix": Case(
            "an end of its own",
            lambda n, _: {"filters": {"payload.host": {"~ends": f"-{n:06d}.example.com"}}},
            lambda n, _: {"host": f"mail-{n:06d}.example.com"},
        ),
        "range": Case(
            "a range of its own on one field",
            lambda n, _: {"filters": {"payload.amount": {"~gte": 10 * n, "~lt": 10 * n + 10}}},
            lambda n, _: {"amount": 10 * n + 5},
        ),
        "absence": Case(
            "one of 20 fields absent, and one of 50 values",
            lambda n, count: {
                "filters": {
                    f"payload.f{n % FIELDS}": {"~isnull": True},
                    "payload.value": {"~in": [_value(n + 101 * i, count) for i in range(VALUES)]},
                }
            },
            lambda n, count: {
                "value": _value(n, count),
                **{f"f{field}": 1 for field in range(FIELDS) if field != n % FIELDS},
            },
        ),
        "presence": Case(
            "one of 20 fields present, and a value that 20 share",
            lambda n, _: {
                "filters": {
                    f"payload.f{n % FIELDS}": {"~isnull": False},
                    "payload.kind": f"k{n // FIELDS}",
                }
            },
            lambda n, _: {f"f{n % FIELDS}": 1, "kind": f"k{n // FIELDS}"},
        ),
        "field": Case(
            "a field of its own, there at all",
            lambda n, _: {"filters": {f"payload.f{n}": {"~isnull": False}}},
            lambda n, _: {f"f{n}": 1, "kind": "a", "account": "b"},
        ),
        "wildcard": Case(
            "a name with a wildcard of its own",
            lambda _n, _: {},
            lambda _n, _: {},
            event_name=lambda n: f"account-{n}:updated",
            trigger=lambda n: f"account-{n}:*",
        ),
        "or": Case(
            "one of two equalities of its own",
            lambda n, _: {
                "filters": {"~or": [{"payload.account": f"a{n}"}, {"payload.owner": f"o{n}"}]}
            },
            lambda n, count: {"account": f"a{n}", "owner": f"o{(n + 1) % count}"},
        ),
        "run_if": Case(
            "a JSONata condition of its own",
            lambda n, _: {"run_if": f"payload.account = 'a{n}' and payload.total > {n % 100}"},
            lambda n, _: {"account": f"a{n}", "total": 200},
        ),
        "residue": Case(
            "an equality of its own, and JSONata that no index understands",
            lambda n, _: {
                "filters": {"payload.account": f"a{n}"},
                "run_if": "$sum(payload.items.price) > 100",
            },
            lambda n, _: {"account": f"a{n}", "items": [{"price": 60}, {"price": 50}]},
        ),
        "hot": Case(
            "a value that one in ten shares, and a number of its own",
            lambda n, _: {
                "filters": {"payload.plan": _plan(n), "payload.seat": {"~gte": n, "~lte": n}}
            },
            lambda n, _: {"plan": _plan(n), "seat": n},
        ),
    }
)


def _value(n: int, count: int) -> str:
    """Each stands in about twenty lists, of which one has the field absent that an event lacks."""
    return f"v{n % max(count * VALUES // FIELDS, VALUES)}"


def _plan(n: int) -> str:
    return "hot" if n % HOT == 0 else f"p{n}"
