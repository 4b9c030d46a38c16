"""Where native workflows take an expression, a template, a pattern or a path."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from tests.unit.expr.hostile_liquid_child import HOSTILE as TEMPLATES

CALLEE: Final = UUID("7d3e4b52-0000-4000-8000-000000000000")
"""A workflow that others call."""

URL: Final = "http://127.0.0.1:59999/"
"""Where nobody listens."""

NAME_CHARS_MAX: Final = 256
UNTIL_CHARS_MAX: Final = 64
_STEP: Final = {"id": "a", "action": "transform", "input": {"lang": "literal", "src": [1]}}
_OTHER: Final = {**_STEP, "id": "b"}
_ONCE: Final = {"max_attempts": 1}
_FAILS: Final = {
    **_STEP,
    "id": "z",
    "input": {"lang": "jsonata", "src": "$error('no')"},
    "on_failure": "compensate",
}

SCOPE: Final[Mapping[str, Any]] = {
    "text": "ab, " * 10_000,
    "html": "<a " * 4_000 + ">",
    "wide": "\U0001f600" * 2_000,
    "numbers": list(range(5_000)),
    "rows": [{"id": i, "name": f"n{i}", "of": {"a": [1, 2]}} for i in range(500)],
    "twin": [{"id": i, "name": f"n{i}", "of": {"a": [1, 2]}} for i in range(500)],
    "flat": {"k": [{"v": i} for i in range(1_000)]},
}
"""What the hostile templates read."""


def template_of(source: str) -> str:
    """A text with Liquid in it: ``source`` itself where it is one, else a value to put out."""
    return source if source in TEMPLATES.values() else f"{{{{ {source} }}}}"


def native_places(source: str) -> Mapping[str, dict[str, Any]]:
    """What a workflow says where, with ``source`` in it."""
    value = {"lang": "jsonata", "src": source}
    needs = {"entity_type": "e", "required_fields": {"id": value}, "target_path": "payload.e"}
    path = source[:NAME_CHARS_MAX]
    edge = {"source": "a", "target": "b", "condition": source}
    pattern = {"type": "object", "properties": {"a": {"pattern": source}}}
    return MappingProxyType(
        {
            "run_if": {"run_if": source},
            "filters: path": {"filters": {source: 1}},
            "filters: regex": {"filters": {"payload.a": {"~regex": source}}},
            "result": {"result": value},
            "concurrency": {"policy": {"concurrency_key": value}},
            "annotation": {"annotations": [needs]},
            "annotation's path": {"annotations": [{**needs, "target_path": path}]},
            "annotation's relations": {"annotations": [{**needs, "relations": [path]}]},
            "trigger": {"triggers": [{"event_name": path}]},
            "edges": {"steps": [_STEP, _OTHER], "edges": [edge]},
            "input schema": {"input_schema": pattern},
            "transactionlink": {
                "dialect": "transactionlink",
                "steps": [{**_STEP, "input": value, "run_if": source}],
            },
            **{place: {"steps": steps} for place, steps in _values(source, value).items()},
            **{place: {"steps": [step]} for place, step in _conditions(source).items()},
            **{place: {"steps": [step]} for place, step in _blocks(source, value).items()},
            **{place: {"steps": [step]} for place, step in _actions(source).items()},
        }
    )


def _values(source: str, value: Any) -> dict[str, Any]:
    """Steps with an input in each of the languages, and with what undoes them."""
    placeholder, undo = f"{{{{{source}}}}}", {"action": "transform", "input": value}
    merge = {"$truto_merge": [placeholder, placeholder], "a": placeholder}
    loop = _block("iterator", {"items": {"src": [1, 2]}, "body": {"action": "transform"}})
    return {
        "input": [{**_STEP, "input": value}],
        "placeholder": [{**_STEP, "input": {"lang": "placeholder", "src": placeholder}}],
        "merge": [{**_STEP, "input": {"lang": "placeholder", "src": merge}}],
        "thena": [{**_STEP, "input": {"lang": "thena", "src": {"a": placeholder}}}],
        "liquid": [{**_STEP, "input": {"lang": "liquid", "src": template_of(source)}}],
        "compensation": [{**_STEP, "compensation": undo}, _FAILS],
        "compensation of items": [{**loop, "compensation": undo}, _FAILS],
    }


def _conditions(source: str) -> dict[str, Any]:
    cases = range(20 if len(source) <= 4_096 else 2)
    return {
        "step's run_if": {**_STEP, "run_if": source},
        "step's filters: path": {**_STEP, "filters": {source: 1}},
        "step's filters: regex": {**_STEP, "filters": {"payload.a": {"~regex": source}}},
        "condition": _block("condition", source),
        "switch": _block(
            "switch", None, cases=[{"handle": f"h{n}", "when": source} for n in cases]
        ),
        "wait": _block("wait", {"event_name": "tick", "match": source}),
        "wait's name": _block("wait", {"event_name": source[:NAME_CHARS_MAX]}),
    }


def _blocks(source: str, value: Any) -> dict[str, Any]:
    body = {"action": "transform", "input": value, "run_if": source}
    pattern = {"type": "object", "properties": {"a": {"pattern": source}}}
    until = {"lang": "jsonata", "src": f'{{"until": ({source})}}'}
    at_times = {"kind": "cron", "value": source[:NAME_CHARS_MAX]}
    return {
        "iterator": _block("iterator", {"items": value, "body": {"action": "transform"}}),
        "item": _block("iterator", {"items": {"src": [1, 2]}, "body": body}),
        "sleep": _block("sleep", None, input=until),
        "sleep until": _block("sleep", {"until": source[:UNTIL_CHARS_MAX]}),
        "form": _block("form", {"schema": pattern}, input=value),
        "approval": _block("approval", None, input=value),
        "respond": _block("respond", None, input=value),
        "terminate": _block("terminate", {"status": "failed"}, input=value),
        "subworkflow": _block("subworkflow", {"workflow_id": str(CALLEE)}, input=value),
        "scheduled step": {
            **_STEP,
            "input": value,
            "run_if": source,
            "schedule": {"kind": "once", "value": "2026-11-22T10:00:00Z"},
        },
        "schedule": {**_STEP, "schedule": at_times},
    }


def _actions(source: str) -> dict[str, Any]:
    """Steps that compute what each built-in action is told."""
    told = {
        "http_request": '{"method": "GET", "url": (X)}',
        "emit_event": '{"type": "never", "payload": (X), "subject": $string((X))}',
        "send_webhook": f'{{"url": "{URL}", "payload": (X), "headers": {{"X-A": (X)}}}}',
        "run_sync_job": '{"sync_job_id": $string((X))}',
    }
    return {
        action: {
            **_STEP,
            "action": action,
            "retry": _ONCE,
            "input": {"lang": "jsonata", "src": text.replace("X", source)},
        }
        for action, text in told.items()
    }


def _block(kind: str, block: Any, **more: Any) -> dict[str, Any]:
    return {"id": "a", "kind": kind, **({} if block is None else {kind: block}), **more}
