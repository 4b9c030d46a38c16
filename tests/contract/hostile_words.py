"""Where others' workflows, endpoints, subscriptions, actions and the like take an expression."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from services.api.dialects.altostrat.ids import WORKFLOW, written
from tests.contract.hostile_native import CALLEE, NAME_CHARS_MAX, SCOPE, URL, template_of
from tests.unit.dialects.altostrat_documents import flow, node
from tests.unit.expr.hostile_liquid_child import HOSTILE as TEMPLATES

_READ: Final = "".join(f"{{% assign {name} = start.{name} %}}" for name in SCOPE)


def altostrat_nodes(source: str) -> Mapping[str, dict[str, Any]]:
    """What each component is told, by its name."""
    said = template_of(source)
    text = f"{_READ}{said}" if source in TEMPLATES.values() else said
    compared = {"value": text, "compare_to": text, "operator": "equals"}
    cases = range(9 if len(text) <= 4_096 else 1)
    nested = {"conditions": [{"type": "string", **compared}]}
    calls = {"workflow_id": written(WORKFLOW, CALLEE)}
    kept = {"items": "{{ start.rows }}", "conditions": [{"field": "name", **compared}]}
    return MappingProxyType(
        {
            "webhook": {"url": text, "headers": [{"key": "X-A", "value": text}], "body": text},
            **{f"{kind}_condition": compared for kind in ("string", "number", "date")},
            "boolean_condition": {"value": text, "operator": "is_true"},
            "array_condition": {**compared, "operator": "contains"},
            "logical_group": nested,
            "switch": {"value": text, "cases": [{"id": f"h{n}", **compared} for n in cases]},
            "delay": {"duration": said, "unit": "seconds"},
            "trigger_workflow": {**calls, "payload": {"a": text}},
            "call_subflow": {**calls, "payload": {"a": text}},
            "iterator": {**calls, "items": text, "payload": {"a": text}},
            "terminate": {"output": text, "message": text},
            "respond": {"body": {"a": text}},
            "form": {"message": text, "note": text},
            "text_transform": {"template": text},
            "data_mapper": {"mapping": {"a": text, "b": [text]}},
            "json_parser": {"json": said},
            "date_transform": {"date": said, "format": source.replace("'", "")},
            "array_filter": kept,
        }
    )


def other_places(source: str, title: str) -> Mapping[str, tuple[str, Any]]:
    """The route and the body, by what says it; an event named ``title`` starts a workflow."""
    name = source[:NAME_CHARS_MAX]
    pattern = {"type": "object", "properties": {"a": {"pattern": source}}}
    listens = {"name": "n", "url": URL, "kinds": ["execution.completed"]}
    calls = {"transport": "http", "url": URL}
    key = {"lang": "jsonata", "src": source}
    return MappingProxyType(
        {
            **_truto(source, title),
            **_altostrat(source),
            **_sixtyfour(source, title),
            **_thena(source, title),
            "subscription: path": (_LISTEN, {**listens, "filters": {source: 1}}),
            "subscription: regex": (
                _LISTEN,
                {**listens, "filters": {"data.execution_id": {"~regex": source}}},
            ),
            "subscription: header": (_LISTEN, {**listens, "headers": {"X-A": f"{{{{{name}}}}}"}}),
            "endpoint": (_ENDPOINT, {"name": "n", "event_type_from": source}),
            "endpoint's subject": (
                _ENDPOINT,
                {"name": "n", "event_type": "never", "subject_from": source},
            ),
            "throttle": (
                _ACTION,
                {**calls, "throttle": {"limit": 9, "ttl_s": 1, "key": key}},
            ),
            "action's schemas": (
                _ACTION,
                {**calls, "input_schema": pattern, "output_schema": pattern},
            ),
            "event type": ("PUT /v1/event-types/{name}", {"type": title, "schema": pattern}),
            "schedule's value": (_PREVIEW, {"kind": "interval", "value": name}),
            "schedule's zone": (
                _PREVIEW,
                {"kind": "daily", "value": "10:00", "timezone": source[:64]},
            ),
        }
    )


_LISTEN: Final = "POST /v1/webhook-subscriptions"
_ENDPOINT: Final = "POST /v1/webhook-endpoints"
_ACTION: Final = "PUT /v1/actions/{name}"
_PREVIEW: Final = "POST /v1/schedules/preview"


def _truto(source: str, title: str) -> Mapping[str, tuple[str, Any]]:
    def posted(step: Mapping[str, Any], **config: Any) -> tuple[str, Any]:
        steps = [{"action": "transform", **step}]
        document = {"trigger_name": title, "config": {"steps": steps, **config}}
        return "POST /truto/workflow", document

    placeholder = f"{{{{{source}}}}}"
    merge = {"$truto_merge": [placeholder, placeholder], "a": placeholder}
    return {
        "truto: run_if": posted({"config": "1"}, run_if=source),
        "truto: step's run_if": posted({"run_if": source}),
        "truto: config": posted({"config": source}),
        "truto: placeholders": posted({"config": {"a": placeholder}}),
        "truto: merge": posted({"config": merge}),
    }


def _altostrat(source: str) -> Mapping[str, tuple[str, Any]]:
    schedule = {"schedule_type": "cron", "schedule_value": source[:NAME_CHARS_MAX]}
    return {
        "altostrat: schedule": ("POST /altostrat/workflows", flow(node("n", "form"), **schedule)),
    } | {
        f"altostrat: {component}": (
            "POST /altostrat/workflows",
            flow(node("n", component, **data), authorization_id="auth_1"),
        )
        for component, data in altostrat_nodes(source).items()
    }


def _sixtyfour(source: str, title: str) -> Mapping[str, tuple[str, Any]]:
    def posted(name: str, condition: str | None = None, **specs: Any) -> tuple[str, Any]:
        blocks = [
            {
                "sequence_number": number,
                "block_type": "t",
                "block_name": block,
                "specs": said,
                "block_id": f"b{number}",
            }
            for number, (block, said) in enumerate((("webhook", {}), (name, specs)))
        ]
        edge = {"from_block_id": "b0", "to_block_id": "b1", "condition": condition}
        graph = {"blocks": blocks, "edges": [edge]}
        document = {"workflow_name": title, "workflow_description": "d"}
        route = "POST /sixtyfour/workflows/create_workflow"
        return route, {**document, "workflow_definition": graph}

    matches = {"column": "a", "operator": "matches", "value": source}
    equals = {"column": source, "operator": "contains", "value": source}
    return {
        "sixtyfour: condition": posted("deduplicate", source),
        "sixtyfour: pattern": posted("filter", filters=[matches]),
        "sixtyfour: column": posted("filter", filters=[equals]),
        "sixtyfour: columns": posted("remove_columns", columns=[source]),
        "sixtyfour: posts": posted("outgoing_webhook", url=f"{URL}{{{{{source}}}}}"[:8_192]),
        "sixtyfour: specs": posted("http_request", url=f"{{{{{source}}}}}", method="GET"),
        "sixtyfour: interactive": (
            "POST /sixtyfour/workflows/interactive/start",
            {"block_name": "filter", "specs": {"filters": [matches]}, "webhook_payload": [{}] * 9},
        ),
    }


def _thena(source: str, title: str) -> Mapping[str, tuple[str, Any]]:
    template = f"{{{{{source}}}}}"

    def posted(step: Mapping[str, Any], **more: Any) -> tuple[str, Any]:
        usual = {"stepIdentifier": 1, "activity": {"uniqueIdentifier": "transform"}}
        document = {"name": title, "triggerEvent": title, "workflowDefinition": [{**usual, **step}]}
        return "POST /thena/api/v1/workflows", {**document, **more}

    annotation = {"entityType": "e", "requiredFields": {"id": template}, "pathToAnnotate": "c.e"}
    path = {**annotation, "pathToAnnotate": source[:NAME_CHARS_MAX]}
    relations = {**annotation, "relations": [source[:NAME_CHARS_MAX]]}
    undo = {"activity": {"uniqueIdentifier": "transform"}, "input": {"a": template}}
    sleep = {"uniqueIdentifier": "workflows:sleep-platform"}
    return {
        "thena: filters": posted({}, filters={template: {"~eq": 1}}),
        "thena: pattern": posted({}, filters={"{{context.a}}": {"~regex": source}}),
        "thena: annotation": posted({}, annotations=[annotation]),
        "thena: annotation's path": posted({}, annotations=[path]),
        "thena: annotation's relations": posted({}, annotations=[relations]),
        "thena: input": posted({"input": {"a": template}}),
        "thena: step's filters": posted({"filters": {template: 1}}),
        "thena: compensation": posted({"compensationActivity": undo, "onFailure": "COMPENSATE"}),
        "thena: sleep": posted({"activity": sleep, "input": {"duration": template}}),
        "thena: cron": posted({}, triggerEvent="cron:custom", metadata={"cronExpression": source}),
    }
