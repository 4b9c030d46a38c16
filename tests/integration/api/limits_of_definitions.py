"""The limits of workflows and of what is registered."""

from collections.abc import Mapping
from itertools import combinations, islice
from types import MappingProxyType
from typing import Final

from tests.integration.api.limits import DAY_S, JSON, WHOLE, Asked, Limit, flow, of_kind, sent, step


def _edges(count: int) -> Asked:
    ids = [f"s{n}" for n in range(60)]
    pairs = [{"from": a, "to": b} for a, b in islice(combinations(ids, 2), count)]
    pairs += pairs[:1] * (count - len(pairs))
    return flow(steps=[{"id": i, "action": "transform"} for i in ids], edges=pairs)


def _case(number: int) -> dict[str, str]:
    return {"handle": f"h{number}", "when": f"id = '{number}'"}


def _filter(depth: int) -> Asked:
    # As bytes: what is so deep cannot be written otherwise.
    nested = b'{"~not":' * (depth - 1) + b'{"a":1}' + b"}" * (depth - 1)
    return Asked(path="/v1/workflows", body=b'{"name":"n","filters":%b}' % nested, headers=JSON)


DEFINITION_LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {
        "characters of a name": Limit(
            most=256, ask=lambda n: flow(name="n" * n), refused=(422, "/name")
        ),
        "characters of a description or message": Limit(
            most=4_096,
            ask=lambda n: flow(description="d" * n),
            refused=(422, "/description"),
            far=WHOLE,
        ),
        "characters of a step's id": Limit(
            most=64,
            ask=lambda n: flow(steps=[{"id": "s" * n, "action": "transform"}]),
            refused=(422, "/steps/0/id"),
        ),
        "steps of a workflow": Limit(
            most=200,
            ask=lambda n: flow(steps=[{"id": f"s{i}", "action": "transform"} for i in range(n)]),
            refused=(422, "/steps"),
            far=WHOLE,
        ),
        "edges and dependencies of a workflow": Limit(
            most=1_000,
            ask=_edges,
            refused=(422, "/edges"),
            far=WHOLE,
        ),
        "annotations of a workflow": Limit(
            most=20,
            ask=lambda n: flow(
                annotations=[{"entity_type": "t", "target_path": f"a{i}"} for i in range(n)]
            ),
            refused=(422, "/annotations"),
        ),
        "bytes of run_if": Limit(
            most=4_096,
            ask=lambda n: flow(run_if=f'id = "{"x" * (n - 7)}"'),
            refused=(422, "/run_if"),
            far=WHOLE,
        ),
        "levels of a filter": Limit(
            most=16,
            ask=_filter,
            refused=(422, "/filters"),
            far=(400, ""),
        ),
        "attempts of a step": Limit(
            most=20,
            ask=lambda n: step(retry={"max_attempts": n}),
            refused=(422, "/steps/0/retry/max_attempts"),
        ),
        "seconds in which a step is tried again": Limit(
            most=DAY_S,
            ask=lambda n: step(retry={"total_s": n}),
            refused=(422, "/steps/0/retry/total_s"),
        ),
        "seconds between two attempts": Limit(
            most=DAY_S,
            ask=lambda n: step(retry={"max_interval_s": n}),
            refused=(422, "/steps/0/retry/max_interval_s"),
        ),
        "seconds of one attempt": Limit(
            most=DAY_S, ask=lambda n: step(timeout_s=n), refused=(422, "/steps/0/timeout_s")
        ),
        "seconds that a step sleeps or waits": Limit(
            most=366 * DAY_S,
            ask=lambda n: of_kind("sleep", duration_s=n),
            refused=(422, "/steps/0/sleep/duration_s"),
        ),
        "cases of a switch": Limit(
            most=50,
            ask=lambda n: flow(
                steps=[{"id": "s", "kind": "switch", "cases": [_case(i) for i in range(n)]}]
            ),
            refused=(422, "/steps/0/cases"),
            far=(400, ""),
        ),
        "buttons of a form": Limit(
            most=20,
            ask=lambda n: of_kind("form", buttons=[f"b{i}" for i in range(n)]),
            refused=(422, "/steps/0/form/buttons"),
        ),
        "seconds until an execution expires": Limit(
            most=366 * DAY_S,
            ask=lambda n: flow(policy={"expires_after_s": n}),
            refused=(422, "/policy/expires_after_s"),
        ),
        "seconds that a workflow lets a caller wait for its result": Limit(
            most=600,
            ask=lambda n: flow(policy={"max_sync_s": n}),
            refused=(422, "/policy/max_sync_s"),
        ),
        "executions of one key at a time": Limit(
            most=1_000,
            ask=lambda n: flow(
                policy={"concurrency_key": {"lang": "jsonata", "src": "id"}, "concurrency_max": n}
            ),
            refused=(422, "/policy/concurrency_max"),
        ),
        "parts of a JSON Schema": Limit(
            most=2_000,
            ask=lambda n: sent("/v1/event-types/t", {"schema": {"anyOf": [{}] * (n - 1)}}, "PUT"),
            refused=(422, "/schema"),
            far=WHOLE,
        ),
        "characters in a pattern of a JSON Schema": Limit(
            most=1_000,
            ask=lambda n: sent("/v1/event-types/u", {"schema": {"pattern": "a" * n}}, "PUT"),
            refused=(422, "/schema/pattern"),
        ),
    }
)
